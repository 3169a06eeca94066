"""Attempts that run longer than was booked for them: the rest is booked as they run, not when they end.

    booked to the end it was expected at ──▶ it is over ──▶ book up to the end that is expected now ──▶ …

Otherwise a project whose work is slower than anybody knew would get far too much, and then nothing for a long time.
"""

from __future__ import annotations

from dataclasses import dataclass

from farm.scheduler.demand import usage
from farm.scheduler.estimates import Estimates
from farm.scheduler.lanes import Worker, Workers
from farm.scheduler.order import Queues

LOOK_US = 1_000_000
"""All workers are looked at this often, and at no event in between."""


@dataclass(slots=True)
class Overdue:
    workers: Workers
    queues: Queues
    estimates: Estimates
    next_us: int = 0

    def book(self, now_us: int) -> None:
        """Book what attempts that should have ended are now expected to use."""
        self.next_us = now_us + LOOK_US
        for worker in self.workers.by_name.values():
            if worker.entry is not None and worker.booked_until_us <= now_us:
                self._book(worker, worker.entry.shape, now_us)

    def _book(self, worker: Worker, shape: str, now_us: int) -> None:
        lane, age_s = worker.lane, (now_us - worker.since_us) / 1e6
        expected_s = self.estimates.expected_s(lane.name, shape, age_s)
        more = max(0.0, usage(lane, expected_s) - worker.booked)
        self.queues.charge(worker.project, now_us, more)
        worker.booked += more
        worker.booked_until_us = worker.since_us + int(expected_s * 1e6)
