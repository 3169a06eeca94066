"""Jobs that are about to be opened: at once, or again in a while where storage failed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from farm.driver.seams import Farm, JobPlan
from farm.errors import StorageError
from farm.store.records import Job
from farm.tasks import TaskId

logger = logging.getLogger(__name__)

PAUSE_US = 10_000_000


@dataclass(frozen=True, slots=True)
class _Opening:
    job: Job
    spent_micros: int
    due_us: int = 0


class Openings:
    """Owns what is waiting to be opened, by job id."""

    def __init__(
        self, farm: Farm, clock: Callable[[], int], runs: Callable[[TaskId], bool], failed: Callable[[], None]
    ) -> None:
        self._farm = farm
        self._failed = failed
        self._runs = runs
        self._clock = clock
        self._expected: dict[str, _Opening] = {}

    def expect(self, job: Job, spent_micros: int) -> None:
        self._expected[job.id] = _Opening(job, spent_micros)

    def expects(self, job: str) -> bool:
        return job in self._expected

    def due(self) -> list[tuple[Job, int]]:
        """The jobs to open now, with what they have spent; no longer expected."""
        now = self._clock()
        found = [opening for opening in self._expected.values() if opening.due_us <= now]
        for opening in found:
            del self._expected[opening.job.id]
        return [(opening.job, opening.spent_micros) for opening in found]

    def plan(self, job: Job, spent_micros: int) -> JobPlan | None:
        """A job's plan; None when storage fails, and then it is due again in a while. Raises `InputError`."""
        try:
            return self._farm.open(job, self._runs)
        except StorageError as error:
            logger.warning("job %s cannot be opened: %s", job.id, error)
            self._failed()
            self._expected[job.id] = _Opening(job, spent_micros, self._clock() + PAUSE_US)
            return None

    def replace(self, job: Job) -> None:
        """A job has other terms than when it was expected."""
        if opening := self._expected.get(job.id):
            self._expected[job.id] = _Opening(job, opening.spent_micros, opening.due_us)

    def forget(self, job: Job) -> None:
        self._expected.pop(job.id, None)
