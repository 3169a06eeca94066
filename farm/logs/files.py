"""The files of an attempt's log in the clip store, and how they are read while they are written.

    {prefix}/log.part-00001.jsonl …     while it runs: what was said since the part before
    {prefix}/log.jsonl                  when it is over: everything, in place of the parts
    {prefix}/rank1-….jsonl              what the other ranks of a gang said, likewise

A key is written once, so that a part never grows. Each line carries its number: whoever has read parts and then finds
the whole in their place knows what is new in it.
"""

from __future__ import annotations

import heapq
import re
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from farm.errors import KeyMissing
from farm.logs.line import Line

WHOLE = "log"
"""The log of the worker itself, or of rank 0."""

_NAME = re.compile(r"(?P<source>log|rank\d+-[0-9a-f]+)(?P<part>\.part-\d+)?\.jsonl")


class Storage(Protocol):
    """What a log needs of the clip store. Every call may raise `StorageError`."""

    def put_bytes(self, key: str, data: bytes) -> None: ...
    def read_bytes(self, key: str) -> bytes: ...
    def keys(self, prefix: str = "") -> Iterator[str]: ...
    def delete(self, key: str) -> None: ...


def rank_source(rank: int) -> str:
    """A log of another rank's: it is called several times in an attempt, and each time begins one of its own."""
    return f"rank{rank}-{uuid.uuid4().hex[:8]}"


def is_log(name: str) -> bool:
    """Whether a file of an attempt, by its own name, is its log, a part of it or another rank's: other records of an
    attempt lie in the same folder.
    """
    return _NAME.fullmatch(name) is not None


def whole_key(prefix: str, source: str) -> str:
    return f"{prefix}/{source}.jsonl"


def part_key(prefix: str, source: str, number: int) -> str:
    return f"{prefix}/{source}.part-{number:05}.jsonl"


@dataclass(slots=True)
class LogReader:
    """Reads the log of one attempt, again and again."""

    storage: Storage
    prefix: str
    _last: dict[str, int] = field(default_factory=dict[str, int])
    """The number of the last line given, by source."""
    _read: set[str] = field(default_factory=set[str])

    def more(self) -> list[Line]:
        """The lines that have come since the last call, all of them at first, as they followed each other."""
        found: list[list[Line]] = []
        for source, keys in self._sources().items():
            last = self._last.get(source, 0)
            lines = {line.number: line for line in self._lines(keys) if line.number > last}
            self._last[source] = max(lines, default=last)
            found.append([lines[number] for number in sorted(lines)])
        return [*heapq.merge(*found, key=lambda line: line.at_us)]

    def _sources(self) -> dict[str, list[str]]:
        """Keys that have not been read, by source: the whole log where it is there, else its parts."""
        parts: dict[str, list[str]] = {}
        wholes: dict[str, list[str]] = {}
        for key in self.storage.keys(f"{self.prefix}/"):
            if name := _NAME.fullmatch(key.removeprefix(f"{self.prefix}/")):
                into = parts if name["part"] else wholes
                into.setdefault(name["source"], []).append(key)
        found = parts | wholes
        return {source: [key for key in keys if key not in self._read] for source, keys in found.items()}

    def _lines(self, keys: Iterable[str]) -> Iterator[Line]:
        for key in keys:
            try:
                text = self.storage.read_bytes(key).decode(errors="replace")
            except KeyMissing:  # the whole has just taken its place: the next call finds that
                continue
            self._read.add(key)
            yield from (Line.read(each) for each in text.splitlines())
