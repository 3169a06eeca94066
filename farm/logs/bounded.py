"""Lines in a bounded room: the first and the last stay, what does not fit goes from between, and is counted.

first lines (head_bytes) ─ "1,234 lines left out" ─ last lines (tail_bytes)
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a line stands in its log, and when it was said."""

    number: int
    at_us: int


class Bounded:
    """Owns encoded lines."""

    def __init__(self, head_bytes: int, tail_bytes: int) -> None:
        self._head_room = head_bytes
        self._tail_room = tail_bytes
        self._head: list[bytes] = []
        self._tail: deque[tuple[Mark, bytes]] = deque()
        self.left_out = 0
        """Lines that did not fit."""
        self.first_left_out: Mark | None = None

    def __bool__(self) -> bool:
        return bool(self._head or self._tail)

    def add(self, mark: Mark, line: bytes) -> None:
        """Take in a line. One that is larger than all the room for last lines is left out at once."""
        if not self._tail and not self.left_out and len(line) <= self._head_room:
            self._head.append(line)
            self._head_room -= len(line)
            return
        self._tail.append((mark, line))
        self._tail_room -= len(line)
        while self._tail_room < 0:
            first, dropped = self._tail.popleft()
            self._tail_room += len(dropped)
            self.left_out += 1
            self.first_left_out = self.first_left_out or first

    @property
    def head(self) -> Iterator[bytes]:
        """What came first."""
        return iter(self._head)

    @property
    def tail(self) -> Iterator[bytes]:
        """What came last, after everything that is left out."""
        return (line for _, line in self._tail)
