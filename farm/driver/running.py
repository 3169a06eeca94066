"""The jobs a driver works for, and which of their tasks are whose.

Owns the open plans and who wants which task; the tasks' state is the scheduler's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from farm.driver.seams import JobPlan
from farm.scheduler.events import JobSet
from farm.scheduler.policy import Limits
from farm.scheduler.waits import WaitReason
from farm.store.records import Job, JobState
from farm.tasks import Task, TaskId

HOLDS = {JobState.HELD: WaitReason.HELD, JobState.PAUSED: WaitReason.PAUSED}


@dataclass(slots=True)
class Running:
    """One open job."""

    job: Job
    plan: JobPlan
    spent_micros: int = 0
    """Before this driver began."""
    unread: Iterator[Task] = field(default_factory=lambda: iter(()))
    """What `plan.begin` has still to give."""
    is_broken: bool = False
    """True when storage failed while the plan was giving, so that it gives nothing any more."""
    begun: bool = False
    """True when it has given everything."""
    asking: bool = False
    """True when no task is open and the job waits for a person's choice."""
    awaited: bool = False
    """True when a shot of its waited for a person's choice, the last time that was looked at."""
    tasks: dict[TaskId, Task] = field(default_factory=dict[TaskId, Task])

    @property
    def terms(self) -> JobSet:
        """The job as the scheduler knows it."""
        job = self.job
        return JobSet(
            job.id,
            job.project,
            job.priority,
            job.created_us,
            HOLDS.get(job.state),
            Limits(cost_micros=job.budget_micros),
            self.spent_micros,
            awaited=self.awaited,
        )


class Jobs:
    """All open jobs, by id, and the jobs that want each task."""

    def __init__(self) -> None:
        self._running: dict[str, Running] = {}
        self._wanted_by: dict[TaskId, tuple[str, ...]] = {}

    def __iter__(self) -> Iterator[Running]:
        return iter(list(self._running.values()))

    def __len__(self) -> int:
        return len(self._running)

    def get(self, job: str) -> Running | None:
        return self._running.get(job)

    def open(self, running: Running) -> None:
        self._running[running.job.id] = running

    def close(self, job: str) -> None:
        """Forget a job, and the tasks that only it wanted."""
        for task in self._running.pop(job).tasks:
            others = tuple(other for other in self._wanted_by[task] if other != job)
            if others:
                self._wanted_by[task] = others
            else:
                del self._wanted_by[task]

    def want(self, running: Running, tasks: Iterable[Task]) -> None:
        alone = (running.job.id,)  # one value for all the tasks that nobody else wants
        for task in tasks:
            if task.id not in running.tasks:
                running.tasks[task.id] = task
                others = self._wanted_by.get(task.id)
                self._wanted_by[task.id] = (*others, *alone) if others else alone

    def wants(self, task: TaskId) -> bool:
        """True when some open job wants it: then the scheduler knows it."""
        return task in self._wanted_by

    def wanting(self, task: TaskId) -> tuple[Running, ...]:
        """The jobs that want a task, in the order in which they asked."""
        return tuple(self._running[job] for job in self._wanted_by.get(task, ()))

    def task(self, task: TaskId) -> Task:
        """An open job's task, under the name that the first to ask has for it."""
        return self._running[self._wanted_by[task][0]].tasks[task]

    def find(self, start: str) -> list[TaskId]:
        """The tasks whose id begins with `start`."""
        return [task for task in self._wanted_by if task.startswith(start)]
