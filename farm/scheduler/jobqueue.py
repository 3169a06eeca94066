"""A job's tasks of one lane that could run, in their order within the job.

A sorted line rather than a heap: tasks come mostly in their order, so that most are appended, the first is where the
last one was, and looking past a task that does not fit is a step. What is removed stays in the line, dead, until more
than half of it is.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from farm.tasks import TaskId

Place: TypeAlias = tuple[tuple[int, ...], TaskId]
"""Of a task in the line: its order, then its name. One that is not the very object in `places` is dead."""

_SPARE = 64
"""Dead places that a line may hold beyond as many as are alive."""


@dataclass(slots=True)
class JobQueue:
    job: str
    places: dict[TaskId, Place] = field(default_factory=dict[TaskId, Place])
    _line: list[Place] = field(default_factory=list[Place])
    _start: int = 0
    """All before it are dead."""

    def __len__(self) -> int:
        return len(self.places)

    def __contains__(self, task: TaskId) -> bool:
        return task in self.places

    def push(self, order: tuple[int, ...], task: TaskId) -> None:
        """A task could run, or has another place than before."""
        line = self._line
        self.places[task] = place = (order, task)
        if not line or line[-1] < place:
            line.append(place)
        else:
            insort(line, place, lo=self._start)

    def remove(self, task: TaskId) -> None:
        places = self.places
        del places[task]
        if len(self._line) > 2 * len(places) + _SPARE:
            self._line = [place for place in self._line[self._start :] if places.get(place[1]) is place]
            self._start = 0

    def first(self, fits: Callable[[TaskId], bool]) -> TaskId | None:
        """The first task that fits. The queue is not empty."""
        line, places, at = self._line, self.places, self._start
        place = line[at]
        while places.get(place[1]) is not place:
            at += 1
            place = line[at]
        self._start = at
        return place[1] if fits(place[1]) else self._first_after(at, fits)

    def _first_after(self, at: int, fits: Callable[[TaskId], bool]) -> TaskId | None:
        line, places = self._line, self.places
        for index in range(at + 1, len(line)):
            place = line[index]
            if places.get(place[1]) is place and fits(place[1]):
                return place[1]
        return None

    def ahead(self, task: TaskId) -> int:
        """How many come before `task`."""
        at = bisect_left(self._line, self.places[task], lo=self._start)
        return sum(self.places.get(place[1]) is place for place in self._line[self._start : at])
