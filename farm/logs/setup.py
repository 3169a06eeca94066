"""The one place that sets up logging: for commands, for drivers, for workers.

    set_up(format)                  standard error: text at a terminal, else JSON
    set_up_worker(format)           the same, and what is printed is logged, too

The farm is heard from "info" on, libraries from "warning" on. An attempt's own log hears more: the farm's details.
"""

from __future__ import annotations

import logging
import os
import sys
from typing import TextIO

from farm.logs.fields import FIELDS
from farm.logs.format import LogFormat
from farm.logs.line import Line
from farm.logs.spoken import Spoken
from farm.logs.words import text

FARM = "farm"
SPOKEN = ("stdout", "stderr")
SHOWN = tuple(name for name in FIELDS if name not in {"project", "task", "lane"})
"""What a line is about, as far as people at a terminal want to read it every time."""


def set_up(log_format: LogFormat) -> None:
    """Have this process's log written to its standard error. May be called again, for another format."""
    _replace_handler(_ErrorStream(None, log_format))
    logging.getLogger(FARM).setLevel(logging.INFO)
    logging.captureWarnings(True)


def set_up_worker(log_format: LogFormat) -> None:
    """The same for a process that runs attempts: what is printed is logged, and attempts hear of details."""
    _replace_handler(_ErrorStream(sys.stderr, log_format))
    logging.getLogger(FARM).setLevel(logging.DEBUG)
    for name in SPOKEN:
        logging.getLogger(name).setLevel(logging.INFO)
        setattr(sys, name, Spoken(getattr(sys, name), name))
    logging.captureWarnings(True)


class _ErrorStream(logging.Handler):
    """Writes to one stream, or to what is standard error at the moment: a live view stands in for it at times."""

    def __init__(self, stream: TextIO | None, log_format: LogFormat) -> None:
        super().__init__()
        self._stream = stream
        is_terminal = (stream or sys.stderr).isatty()
        is_text = is_terminal if log_format is LogFormat.AUTO else log_format is LogFormat.TEXT
        self.setFormatter(_Text(is_terminal) if is_text else _Json())

    def emit(self, record: logging.LogRecord) -> None:
        stream = self._stream or sys.stderr
        try:
            stream.write(f"{self.format(record)}\n")
            stream.flush()
        except (OSError, ValueError):  # nobody reads it any more, or the disk is full
            self.handleError(record)

    def filter(self, record: logging.LogRecord) -> bool:
        least = logging.INFO if record.name.partition(".")[0] in {FARM, *SPOKEN} else logging.WARNING
        return record.levelno >= least


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return Line.of(record).json()


class _Text(logging.Formatter):
    """With colours at a terminal, with dates elsewhere."""

    def __init__(self, is_terminal: bool) -> None:
        super().__init__()
        self._is_terminal = is_terminal

    def format(self, record: logging.LogRecord) -> str:
        return text(Line.of(record), colour=self._is_terminal and colours(), dated=not self._is_terminal, about=SHOWN)


def colours() -> bool:
    """False where a person has asked for none, or the terminal knows none."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _replace_handler(handler: logging.Handler) -> None:
    root = logging.getLogger()
    for before in root.handlers[:]:
        if isinstance(before, _ErrorStream):
            root.removeHandler(before)
    root.addHandler(handler)
