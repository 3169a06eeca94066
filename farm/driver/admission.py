"""Taking tasks in: from what the books say of each, where it starts.

    tasks a job wants ──▶ the job's in the books ──▶ TaskAdded (with history) for the scheduler
                                                └──▶ outcomes that the plan has not heard of: done for another job

| in the books | here before     | becomes                                                                      |
|--------------|-----------------|------------------------------------------------------------------------------|
| waiting      |                 | waits, with the failures it has had                                          |
| running      | (driver died)   | done, when its manifest is there; else reclaimed, which costs nothing        |
| done         |                 | done, while its files are there and whole; else asked for again              |
| failed,      | already its own | stays so: a restart tries nothing again                                      |
| cancelled    | new to the job  | asked for again                                                              |
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from farm.changes import AttemptEnded, Committed, TaskMoved
from farm.driver.patience import Patience
from farm.driver.running import Jobs, Running
from farm.driver.seams import Farm
from farm.errors import FailureKind
from farm.scheduler.events import History, TaskAdded
from farm.store.jobs import JobStore
from farm.store.records import TaskRecord
from farm.tasks import SETTLED, AttemptState, Manifest, Outcome, Task, TaskState


@dataclass(slots=True)
class Admitted:
    """What follows from taking tasks in."""

    events: list[TaskAdded] = field(default_factory=list[TaskAdded])
    outcomes: list[tuple[Task, Outcome]] = field(default_factory=list[tuple[Task, Outcome]])
    """Of tasks that are settled, which the plan took for open."""


@dataclass(slots=True)
class Admission:
    """Takes tasks in for one driver."""

    store: JobStore
    epoch: int
    farm: Farm
    jobs: Jobs
    patiently: Patience

    def admit(self, run: Running, tasks: Sequence[Task], now_us: int) -> Admitted:
        """Make `tasks` the job's, and say where each stands."""
        admitted = Admitted()
        changes: list[Committed] = []
        ids, job = [task.id for task in tasks], run.job.id
        memberships = self.patiently(lambda: self.store.memberships(ids))
        mine = {task for task, jobs in memberships.items() if any(membership.job == job for membership in jobs)}
        self.patiently(lambda: self.store.add_tasks(self.epoch, job, tasks, now_us))
        records = self.patiently(lambda: self.store.tasks(ids))
        for task in tasks:
            record = records[task.id]
            again = task.id not in mine
            if self.jobs.wants(task.id):
                history = _joined(record, again)
            else:
                history = self._history(run, record, again, changes, now_us)
            if history.state in SETTLED and run.plan.known(task.id) is None:
                admitted.outcomes.append((task, _outcome(record, history, changes)))
            admitted.events.append(TaskAdded(job, task, run.plan.order(task), history))
        if changes:
            self.patiently(lambda: self.store.commit(self.epoch, changes))
        self.jobs.want(run, tasks)
        return admitted

    def _history(self, run: Running, record: TaskRecord, again: bool, changes: list[Committed], now_us: int) -> History:
        """Where a task stands that no open job wanted so far."""
        task, number = record.task, record.attempts
        match record.state:
            case TaskState.WAITING:
                return record.history
            case TaskState.RUNNING:
                manifest = self.farm.manifest(task, number) or reclaimed(task, number, now_us)
                state = TaskState.DONE if manifest.done else TaskState.WAITING
                winner = number if manifest.done else 0
                changes += [AttemptEnded(manifest), TaskMoved(task.id, state, now_us, winner=winner)]
                return History(state, number, record.failures)
            case TaskState.DONE:
                known = run.plan.known(task.id) is not None
                if known or (record.manifest and self.farm.usable(record.manifest)):
                    return record.history
            case TaskState.FAILED | TaskState.CANCELLED:
                if not again:
                    return record.history
        changes.append(TaskMoved(task.id, TaskState.WAITING, now_us))
        return History(attempts=number)


def _joined(record: TaskRecord, again: bool) -> History:
    """Where a task stands that the scheduler knows: it moves on what failed, when it is asked for again."""
    if record.state in {TaskState.FAILED, TaskState.CANCELLED} and again:
        return History(attempts=record.attempts)
    return record.history


def _outcome(record: TaskRecord, history: History, changes: list[Committed]) -> Outcome:
    manifest = record.manifest
    for change in changes:
        if isinstance(change, AttemptEnded) and change.manifest.task == record.task.id:
            manifest = change.manifest
    return Outcome(history.state, manifest, record.failure, record.message)


def reclaimed(task: Task, attempt: int, now_us: int) -> Manifest:
    """The manifest of an attempt that a dead driver left running, and that left none itself."""
    return Manifest(
        task=task.id,
        attempt=attempt,
        stage=task.stage,
        state=AttemptState.FAILED,
        failure=FailureKind.RECLAIMED,
        message="the driver ended before this attempt did",
        ended_us=now_us,
    )
