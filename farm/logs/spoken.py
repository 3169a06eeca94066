"""A standard stream whose lines end in the log: what a stage, or a library in it, prints.

print("…") ─▶ Spoken ─▶ logging.getLogger("stdout").info("…")

Each thread has its own unfinished line, so that two attempts do not finish each other's. A progress bar that draws
over itself is one line, as it stood last.
"""

from __future__ import annotations

import io
import logging
import sys
from threading import local
from typing import Any, TextIO

LONGEST = 8_000
"""Characters after which a line that does not end is taken to."""


def finish_lines() -> None:
    """Nothing that this thread has printed so far is continued by what it prints next."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, Spoken):
            stream.finish()


class _Unfinished(local):
    words = ""
    is_speaking = False


class Spoken(io.TextIOBase):
    """Stands in for `stream`, whose descriptor children still write to."""

    def __init__(self, stream: TextIO, name: str) -> None:
        self._stream = stream
        self._logger = logging.getLogger(name)
        self._mine = _Unfinished()

    def write(self, text: str) -> int:
        *lines, rest = (self._mine.words + text).split("\n")
        self._mine.words = rest.rpartition("\r")[2]
        for line in lines:
            self._say(line)
        if len(self._mine.words) > LONGEST:
            self._say(self._mine.words)
            self._mine.words = ""
        return len(text)

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._stream.fileno()

    @property
    def encoding(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride] - read only, as on real streams
        return self._stream.encoding

    def finish(self) -> None:
        """Take this thread's unfinished line for a whole one."""
        words, self._mine.words = self._mine.words, ""
        self._say(words)

    def __getattr__(self, name: str) -> Any:
        """Whatever else a real stream has, such as its buffer, is the real one's."""
        return getattr(self._stream, name)

    def _say(self, line: str) -> None:
        line = line.rstrip("\r").rpartition("\r")[2]
        if not line.strip():
            return
        if self._mine.is_speaking:  # logging itself complains here of what it cannot log
            self._stream.write(f"{line}\n")
            return
        self._mine.is_speaking = True
        try:
            self._logger.info("%s", line)
        finally:
            self._mine.is_speaking = False
