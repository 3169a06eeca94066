"""What is already there of a job's tasks, from the job store and from the manifests in the clip store.

    task ─▶ job store: done, failed, left running │ never heard of ─▶ attempts on the shelf
                                 └─▶ outcome, history, and the changes that record what was found

Resume is replay. A task is done when the job store says so, or when its manifest lies in the clip store: an attempt
that a killed driver left running is adopted by its manifest, or written off as reclaimed, which costs the task
nothing; a lost job store is rebuilt. What had failed before a job asked for it is asked for again; what fails while the
job wants it has failed, also after the driver was started anew.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from farm.changes import AttemptEnded, AttemptStarted, Committed, TaskMoved
from farm.driver.seams import Found
from farm.scheduler.events import History
from farm.store.records import Membership, TaskRecord
from farm.tasks import Manifest, Outcome, Task, TaskId, TaskState, reclaimed


class Books(Protocol):
    """What is read of the job store (`farm.store.jobs.JobStore`)."""

    def load(self, job: str) -> tuple[TaskRecord, ...]: ...
    def tasks(self, ids: Iterable[TaskId]) -> dict[TaskId, TaskRecord]: ...
    def memberships(self, ids: Iterable[TaskId]) -> dict[TaskId, tuple[Membership, ...]]: ...


class Shelf(Protocol):
    """What is read of the clip store (`farm.shelf.Shelf`)."""

    def look_for(self, tasks: Sequence[TaskId]) -> None: ...
    def last_attempt(self, task: Task) -> int: ...
    def manifest(self, task: Task, attempt: int) -> Manifest | None: ...


@dataclass(frozen=True, slots=True)
class Trace:
    """What is there of one task: how it settled, if it did, and what the books should be told of it."""

    outcome: Outcome | None = None
    history: History = field(default_factory=History)
    changes: tuple[Committed, ...] = ()


class Past:
    """What is there already of one job's tasks. Reads only.

    `runs` tells whether an attempt of this driver is at a task: any other that the books call running was left behind.
    Without books only the shelf is looked at.
    """

    def __init__(
        self,
        job: str,
        books: Books | None,
        shelf: Shelf,
        *,
        runs: Callable[[TaskId], bool],
        now_us: Callable[[], int],
    ) -> None:
        self._job = job
        self._books = books
        self._shelf = shelf
        self._runs = runs
        self._now_us = now_us
        self._reopened: set[TaskId] = set()
        self._traces: dict[TaskId, Trace] = {}
        """Of tasks that were read, and that nobody asked about since."""

    def load(self) -> tuple[TaskRecord, ...]:
        """What the books say of the tasks that are part of the job already, and of which nothing need be told them."""
        records = {record.task.id: record for record in self._books.load(self._job)} if self._books else {}
        asked = self._asked(records, records)
        traces = {task: self._trace(each.task, each, asked.get(task)) for task, each in records.items()}
        self._traces |= traces
        return tuple(record for task, record in records.items() if not traces[task].changes)

    def read(self, tasks: Collection[Task], made: Collection[TaskId]) -> dict[TaskId, Outcome]:
        """The outcomes of those tasks that have one.

        What reads something that was `made` just now cannot lie on the shelf from earlier.
        """
        traces = self._read(tasks, made)
        self._traces |= traces
        return {task: trace.outcome for task, trace in traces.items() if trace.outcome}

    def reopen(self, tasks: Collection[TaskId]) -> None:
        """Settled tasks are asked for again: their files are gone, or somebody wants another try."""
        self._reopened |= set(tasks)

    def found(self, tasks: Sequence[Task]) -> Found:
        """Where tasks stand that were just made part of the job, and what the books should be told at once.

        What the books should be told is read anew: another job may have told them meanwhile.
        """
        again = [task for task in tasks if self._is_stale(task.id)]
        traces = {task.id: self._traces.pop(task.id, Trace()) for task in tasks} | self._read(again)
        self._reopened -= {task.id for task in tasks}
        changes = tuple(change for trace in traces.values() for change in trace.changes)
        return Found({task: trace.history for task, trace in traces.items()}, changes)

    def _is_stale(self, task: TaskId) -> bool:
        trace = self._traces.get(task)
        return task in self._reopened or trace is None or bool(trace.changes)

    def _read(self, tasks: Collection[Task], made: Collection[TaskId] = ()) -> dict[TaskId, Trace]:
        records = self._books.tasks(task.id for task in tasks) if self._books and tasks else {}
        unheard = [task for task in tasks if task.id not in records]
        self._shelf.look_for(
            [task.id for task in unheard if not any(source.task in made for source in task.inputs.values())]
        )
        asked = self._asked([task.id for task in tasks if task.id in records], records)
        return {task.id: self._trace(task, records.get(task.id), asked.get(task.id)) for task in tasks}

    def _asked(self, tasks: Iterable[TaskId], records: Mapping[TaskId, TaskRecord]) -> dict[TaskId, int]:
        """When this job asked for those tasks that did not come out."""
        failed = [task for task in tasks if records[task].state in {TaskState.FAILED, TaskState.CANCELLED}]
        memberships = self._books.memberships(failed) if self._books and failed else {}
        return {task: each.seq for task, jobs in memberships.items() for each in jobs if each.job == self._job}

    def _trace(self, task: Task, record: TaskRecord | None, asked: int | None) -> Trace:
        now_us = self._now_us()
        if record is None or (record.state is TaskState.WAITING and not record.attempts):
            return _replayed(task, self._shelf, now_us)
        match record.state:
            case TaskState.RUNNING if not self._runs(task.id):
                return _ended(task, record.history, record.attempts, self._shelf, now_us)
            case TaskState.DONE | TaskState.FAILED | TaskState.CANCELLED if task.id in self._reopened:
                return _again(record, now_us)
            case TaskState.FAILED | TaskState.CANCELLED if asked is None or record.seq < asked:
                return _again(record, now_us)
            case _:
                return Trace(record.outcome, record.history)


def _again(record: TaskRecord, now_us: int) -> Trace:
    """A task that is asked for again, with a clean slate."""
    moved = TaskMoved(record.task.id, TaskState.WAITING, now_us)
    return Trace(None, History(attempts=record.attempts), (moved,))


def _replayed(task: Task, shelf: Shelf, now_us: int) -> Trace:
    """Attempts that lie on the shelf and in no book, up to the first that is done."""
    trace = Trace()
    for number in range(1, shelf.last_attempt(task) + 1):
        started = AttemptStarted(task.id, number, "", "", now_us)
        ended = _ended(task, trace.history, number, shelf, now_us)
        trace = replace(ended, changes=(*trace.changes, started, *ended.changes))
        if trace.outcome:
            break
    return trace


def _ended(task: Task, history: History, attempt: int, shelf: Shelf, now_us: int) -> Trace:
    """A running attempt, ended by its manifest, or as reclaimed where it left none."""
    manifest = shelf.manifest(task, attempt) or reclaimed(task, attempt, now_us)
    if manifest.done:
        moved = TaskMoved(task.id, TaskState.DONE, now_us, winner=attempt)
        outcome, state = Outcome(TaskState.DONE, manifest), TaskState.DONE
    else:
        moved = TaskMoved(task.id, TaskState.WAITING, now_us)
        outcome, state = None, TaskState.WAITING
    return Trace(outcome, History(state, attempt, history.failures), (AttemptEnded(manifest), moved))
