"""When something is due without an event: the ends of pauses, timeouts, idle workers, drained nodes.

Alarms are hints: who is woken looks whether anything is due, and sets the next alarm where nothing is. So they are
never taken back, and a worker needs only one at a time, however many attempts it runs.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from enum import IntEnum


class Of(IntEnum):
    """Whose alarm it is."""

    TASK = 0
    WORKER = 1
    NODE = 2
    LANE = 3
    FARM = 4


@dataclass(slots=True)
class Alarms:
    _heap: list[tuple[int, Of, str]] = field(default_factory=list[tuple[int, Of, str]])

    def set(self, at_us: int, of: Of, name: str) -> None:
        heapq.heappush(self._heap, (at_us, of, name))

    def due(self, now_us: int) -> tuple[Of, str] | None:
        """One alarm that is due, taken out; None when there is none."""
        if self._heap and self._heap[0][0] <= now_us:
            _, of, name = heapq.heappop(self._heap)
            return of, name
        return None

    @property
    def next_us(self) -> int | None:
        return self._heap[0][0] if self._heap else None
