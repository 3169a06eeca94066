"""Since when tasks could run: of each job the first that came and still waits, without a walk over all that wait.

    could run ──note──▶ [job: (since, task), (since, task), …] ──first──▶ the first that is still as it was noted

What has run meanwhile is let go when the first is asked for, so that each task costs one look. A queue of which most
has gone is made anew.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from farm.scheduler.graph import Entry

SLACK = 256
"""So many may be gone of a queue, beside as many as still wait, before it is made anew."""


@dataclass(slots=True)
class Ready:
    """One job's tasks that could run, in the order in which they could."""

    _noted: deque[tuple[int, Entry]] = field(default_factory=deque["tuple[int, Entry]"])

    def note(self, entry: Entry) -> None:
        """A task of the job could run, since `entry.ready_us`."""
        self._noted.append((entry.ready_us, entry))

    def first_us(self, waiting: int) -> int | None:
        """Since when the first could run that still waits, of so many; None for none."""
        noted = self._noted
        if len(noted) > 2 * waiting + SLACK:
            self._noted = noted = deque(each for each in noted if _waits(each))
        while noted and not _waits(noted[0]):
            noted.popleft()
        return noted[0][0] if noted else None


def _waits(noted: tuple[int, Entry]) -> bool:
    """Whether a task is where it was when it was noted: it has not run, paused or been made anew since."""
    since_us, entry = noted
    return entry.queued and entry.ready_us == since_us
