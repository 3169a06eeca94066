"""What is already there, from the job store and from the manifests in the clip store.

    plan ─▶ tasks ─▶ job store: done, failed, left running │ never heard of ─▶ manifests on the shelf
                                        └─▶ known outcomes, histories, and the changes that record what was found

Resume is replay. A task is done when the job store says so, or when its manifest lies in the clip store: an attempt
that a killed driver left running is adopted by its manifest, or written off as reclaimed, which costs the task
nothing; a lost job store is rebuilt. What failed is asked for again, and so is what is done but whose files somebody
needs and are gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from farm.chain import StageName
from farm.changes import AttemptEnded, AttemptStarted, Committed, TaskMoved
from farm.errors import FailureKind
from farm.plan import Brief, plan
from farm.scheduler.events import History
from farm.store.clips import ClipStore
from farm.store.jobs import JobStore
from farm.store.records import TaskRecord
from farm.tasks import (
    ALL,
    AttemptState,
    Manifest,
    Outcome,
    Task,
    TaskId,
    TaskState,
    manifest_key,
)

ATTEMPT_DEPTH = 7
"""Parts of a key that belongs to an attempt."""

PRODUCTS = frozenset({StageName.DELIVER, StageName.ASSEMBLE})
"""Stages whose own files people take away."""


@dataclass(slots=True)
class Standing:
    """Where a job stands before it goes on."""

    known: dict[TaskId, Outcome] = field(default_factory=dict[TaskId, Outcome])
    histories: dict[TaskId, History] = field(default_factory=dict[TaskId, History])
    tasks: dict[TaskId, Task] = field(default_factory=dict[TaskId, Task])
    """Every task of the job that can be named now."""
    changes: list[Committed] = field(default_factory=list[Committed])
    """What the job store should be told of it; the tasks have to be added first."""

    @property
    def complete(self) -> bool:
        """True when nothing is left to run."""
        return all(task in self.known for task in self.tasks)


def look(brief: Brief, store: JobStore | None, clips: ClipStore, now_us: int) -> Standing:
    """Where the job of `brief` stands. Changes nothing. Without a job store only the shelf is looked at."""
    shelf = _Shelf.of(clips, brief.shot_list.project)
    standing = Standing()
    while True:
        new = [task for task in plan(brief, standing.known).tasks.values() if task.id not in standing.tasks]
        if not new and not _reopen_where_files_are_gone(standing, shelf, now_us):
            return standing
        standing.tasks |= {task.id: task for task in new}
        records = store.tasks(task.id for task in new) if store else {}
        for task in new:
            _Finding(task, records.get(task.id), shelf, standing, now_us).settle()


@dataclass(frozen=True, slots=True)
class _Shelf:
    """What lies in the clip store, by task: the numbers of its attempts, and every key."""

    clips: ClipStore
    keys: frozenset[str]
    attempts: Mapping[str, frozenset[int]]

    @classmethod
    def of(cls, clips: ClipStore, project: str) -> _Shelf:
        keys = frozenset(clips.keys(f"store/{project}"))
        attempts: dict[str, set[int]] = {}
        for key in keys:
            # store/{project}/{class}/{id[:2]}/{id}/{attempt}/{file}; what was handed in has no attempt, notes have 0
            parts = key.split("/")
            if len(parts) == ATTEMPT_DEPTH and parts[5] != "0":
                attempts.setdefault(parts[4], set()).add(int(parts[5]))
        return cls(clips, keys, {task: frozenset(numbers) for task, numbers in attempts.items()})

    def last_attempt(self, task: Task) -> int:
        return max(self.attempts.get(task.id, ()), default=0)

    def manifest(self, task: Task, attempt: int) -> Manifest | None:
        key = manifest_key(task.project, task.id, attempt)
        return Manifest.model_validate_json(self.clips.read_bytes(key)) if key in self.keys else None


@dataclass(slots=True)
class _Finding:
    """One task, as the job store and the shelf show it."""

    task: Task
    record: TaskRecord | None
    shelf: _Shelf
    standing: Standing
    now_us: int

    def settle(self) -> None:
        record = self.record
        if record is None:
            self._replay(range(1, self.shelf.last_attempt(self.task) + 1))
            return
        self.standing.histories[self.task.id] = record.history
        match record.state:
            case TaskState.DONE:
                self.standing.known[self.task.id] = Outcome(TaskState.DONE, record.manifest)
            case TaskState.RUNNING:
                self._end(record.attempts)
            case TaskState.FAILED | TaskState.CANCELLED:
                self.standing.changes.append(TaskMoved(self.task.id, TaskState.WAITING, self.now_us))
                self.standing.histories[self.task.id] = History(attempts=record.attempts)
            case TaskState.WAITING:
                pass

    def _replay(self, attempts: Iterable[int]) -> None:
        """Record attempts that lie on the shelf and in no job store, up to the first that is done."""
        for number in attempts:
            self.standing.changes.append(AttemptStarted(self.task.id, number, "", "", self.now_us))
            if self._end(number):
                return

    def _end(self, attempt: int) -> bool:
        """End a running attempt by its manifest, or as reclaimed where it left none. True when the task is done."""
        manifest = self.shelf.manifest(self.task, attempt) or reclaimed(self.task, attempt, self.now_us)
        changes, history = self.standing.changes, self.standing.histories.get(self.task.id, History())
        changes.append(AttemptEnded(manifest))
        if manifest.done:
            changes.append(TaskMoved(self.task.id, TaskState.DONE, self.now_us, winner=attempt))
            self.standing.known[self.task.id] = Outcome(TaskState.DONE, manifest)
        else:
            changes.append(TaskMoved(self.task.id, TaskState.WAITING, self.now_us))
        state = TaskState.DONE if manifest.done else TaskState.WAITING
        self.standing.histories[self.task.id] = History(state, attempt, history.failures)
        return manifest.done


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


def _reopen_where_files_are_gone(standing: Standing, shelf: _Shelf, now_us: int) -> bool:
    """Ask again for done tasks that lack a file which is needed; True when there was one."""
    gone = [task for task in set(_needed(standing, shelf)) if task in standing.known]
    for task in gone:
        del standing.known[task]
        standing.changes.append(TaskMoved(task, TaskState.WAITING, now_us))
        standing.histories[task] = History(attempts=standing.histories[task].attempts)
    return bool(gone)


def _needed(standing: Standing, shelf: _Shelf) -> Iterator[TaskId]:
    """Done tasks of whose files one that will be read, or taken away, is missing."""
    for task in standing.tasks.values():
        outcome = standing.known.get(task.id)
        if outcome is None:
            yield from _sources_missing(task, standing, shelf)
        elif task.stage in PRODUCTS and _missing(outcome, ALL, shelf):
            yield task.id


def _sources_missing(task: Task, standing: Standing, shelf: _Shelf) -> Iterator[TaskId]:
    for source in task.inputs.values():
        outcome = standing.known.get(source.task)
        if outcome and _missing(outcome, source.output, shelf):
            yield source.task


def _missing(outcome: Outcome, output: str, shelf: _Shelf) -> bool:
    files = outcome.manifest.files if outcome.manifest else {}
    wanted = files.values() if output == ALL else [files[output]]
    return any(file.key not in shelf.keys for file in wanted)
