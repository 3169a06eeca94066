"""Taking tasks in: into the books, and with what the plan found of each, to the scheduler.

    tasks a job wants ─▶ the job's in the books ─▶ plan.found ─▶ changes, committed ─▶ TaskAdded, with history

What the scheduler knows already it moves itself: of such tasks only the attempts that were left behind are recorded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from farm.changes import TaskMoved
from farm.driver.patience import Patience
from farm.driver.running import Jobs, Running
from farm.scheduler.events import History, TaskAdded
from farm.store.jobs import JobStore
from farm.tasks import Task


@dataclass(frozen=True, slots=True)
class Admission:
    """Takes tasks in for one driver."""

    store: JobStore
    epoch: int
    jobs: Jobs
    patiently: Patience

    def admit(self, run: Running, tasks: Sequence[Task], now_us: int) -> list[TaskAdded]:
        """Make `tasks` the job's; gives what the scheduler should hear."""
        job = run.job.id
        self.patiently(lambda: self.store.add_tasks(self.epoch, job, tasks, now_us))
        found = self.patiently(lambda: run.plan.found(tasks))
        changes = [
            change for change in found.changes if not (isinstance(change, TaskMoved) and self.jobs.wants(change.task))
        ]
        if changes:
            self.patiently(lambda: self.store.commit(self.epoch, changes))
        self.jobs.want(run, tasks)
        return [TaskAdded(job, task, run.plan.order(task), found.histories.get(task.id, History())) for task in tasks]
