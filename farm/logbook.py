"""The logs of tasks: found by a name, read from the clip store, followed while they grow.

    JOB SHOT STAGE TAKE ─▶ task ─▶ its last attempt ─▶ Heading, Line, Line, …, Remark
                                        ▲                └ following: and the next attempt, until the task settles
    job store ── which attempts there are, how they ended

Reads what lies in the two stores and needs no driver: the attempt may run on another machine.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from farm.errors import InputError, StorageError
from farm.logs.files import LogReader
from farm.logs.line import Line
from farm.store.clips import ClipStore
from farm.store.jobs import JobStore
from farm.store.records import AttemptRecord, TaskRecord
from farm.tasks import SETTLED, AttemptState, Manifest, Task, TaskId, TaskState, log_prefix

POLL_S = 0.5
SHOWN = 5
"""Tasks that are named where several are meant."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose log is asked for: a job by its id, of which shot, stage and take narrow it down, or a task by its own."""

    job: str = ""
    task: str = ""
    """The beginning of an id."""
    shot: str = ""
    stage: str = ""
    take: int = 0


@dataclass(frozen=True, slots=True)
class Heading:
    """An attempt whose log follows."""

    label: str
    task: TaskId
    attempt: int
    attempts: int
    """How many there are so far."""
    state: AttemptState
    worker: str
    started_us: int
    others: int = 0
    """Tasks that the same words mean."""


@dataclass(frozen=True, slots=True)
class Remark:
    """Something about a log: how its attempt ended, or why there is nothing to read."""

    words: str
    is_bad: bool = False


Piece: TypeAlias = Heading | Line | Remark


@dataclass(frozen=True, slots=True)
class Logbook:
    """Reads logs of one farm."""

    store: JobStore
    clips: ClipStore

    def read(self, subject: Subject, attempt: int = 0) -> Iterator[Piece]:
        """One attempt's log, as far as it is there: of attempt 0 the last one's. Raises `InputError` for what is not
        there.
        """
        record, others = self._find(subject)
        attempts = self._attempts(record.task.id)
        if not attempts:
            yield Remark(_not_begun(record))
            return
        _check(record.task, attempt, attempts)
        yield from self._one(record.task, attempts[attempt - 1], len(attempts), others)

    def follow(self, subject: Subject, attempt: int, rest: Callable[[float], bool]) -> Iterator[Piece]:
        """The same, going on with what is logged until the task settles, or that one attempt ends.

        `rest` waits some seconds, and says whether to stop.
        """
        record, others = self._find(subject)
        task, number, told = record.task, attempt, 0
        if record.state in SETTLED:
            _check(task, attempt, self._attempts(task.id))
        while True:
            attempts = self._attempts(task.id)
            if len(attempts) >= max(number, 1):
                current = attempts[number - 1]
                is_stopped = yield from self._one(task, current, len(attempts), others, rest)
                if is_stopped or current.number == attempt:
                    return
                number = current.number + 1
            record = self.store.tasks([task.id])[task.id]
            if record.attempts < max(number, 1) and record.state is not TaskState.RUNNING:
                is_over = record.state in SETTLED
                if told < max(number, 1) and not (is_over and number):
                    yield Remark(_not_begun(record))
                    told = max(number, 1)
                if is_over:
                    return
            if rest(POLL_S):
                return

    # -- one attempt --------------------------------------------------------------------------------------------------

    def _one(
        self,
        task: Task,
        attempt: AttemptRecord,
        attempts: int,
        others: int,
        rest: Callable[[float], bool] | None = None,
    ) -> Generator[Piece, None, bool]:
        """Gives True when `rest` said to stop."""
        yield Heading(
            label=task.label,
            task=task.id,
            attempt=attempt.number,
            attempts=attempts,
            state=attempt.state,
            worker=attempt.worker,
            started_us=attempt.started_us,
            others=others,
        )
        reader, said = LogReader(self.clips, log_prefix(task.project, task.id, attempt.number)), 0
        while True:
            attempt = self._now(attempt)  # before its log: what has ended has said everything
            for line in reader.more():
                said += 1
                yield line
            if attempt.manifest or rest is None:
                yield from _ending(attempt, said)
                return False
            if rest(POLL_S):
                return True

    def _now(self, attempt: AttemptRecord) -> AttemptRecord:
        try:
            return self._attempts(attempt.task)[attempt.number - 1]
        except StorageError:  # a database that restarts is back in a while
            return attempt

    def _attempts(self, task: TaskId) -> Sequence[AttemptRecord]:
        return self.store.attempts([task]).get(task, ())

    # -- names --------------------------------------------------------------------------------------------------------

    def _find(self, subject: Subject) -> tuple[TaskRecord, int]:
        """The task that is meant, and how many others could be."""
        if not subject.job:
            return self._by_id(subject.task), 0
        found = _narrowed(subject, self.store.load(subject.job))
        return min(found, key=_interest), len(found) - 1

    def _by_id(self, start: str) -> TaskRecord:
        found = self.store.find_tasks(start, SHOWN + 1)
        if len(found) > 1:
            shown = ", ".join(task[: len(start) + 4] for task in found[:SHOWN])
            raise InputError(f"several tasks begin with {start}: {shown}, … (give more of the id)")
        for record in self.store.tasks(found).values():
            return record
        raise InputError(f'there is no job "{start}", and no task (farm jobs --all lists jobs)')


def _narrowed(subject: Subject, records: Sequence[TaskRecord]) -> Sequence[TaskRecord]:
    """The tasks of a job that are meant. Raises `InputError` with what there is instead."""
    if not records:
        raise InputError(f"job {subject.job} has no task yet (farm why {subject.job} says what it waits for)")
    of, name = records, f"job {subject.job}"
    asked = (("shot", subject.shot), ("stage", subject.stage), ("take", subject.take))
    for what, wanted in asked:
        if not wanted:
            continue
        found = [record for record in of if getattr(record.task, what) == wanted]
        if not found:
            there = dict.fromkeys(str(getattr(record.task, what)) for record in of if getattr(record.task, what))
            listed = ", ".join([*there][:20]) or "none"
            raise InputError(f"{name} has no {what} {wanted} (it has {listed})")
        of, name = found, f"{name}, {what} {wanted}"
    return of


def _interest(record: TaskRecord) -> tuple[int, int]:
    """Smaller is what people want to read: what failed by itself, what runs, what moved last."""
    failed = record.state is TaskState.FAILED and record.attempts > 0
    return (0 if failed else 1 if record.state is TaskState.RUNNING else 2 if record.attempts else 3, -record.seq)


def _check(task: Task, attempt: int, attempts: Sequence[AttemptRecord]) -> None:
    if attempt > len(attempts):
        raise InputError(f"{task.label} has had {len(attempts)} of them: there is no attempt {attempt}")


def _not_begun(record: TaskRecord) -> str:
    task = record.task
    if record.state is TaskState.WAITING:
        again = "is to be tried again" if record.attempts else "has not begun"
        return f"{task.label} {again} (farm why {task.id[:8]} says what it waits for)"
    reason = f": {record.message}" if record.message else ""
    return f"{task.label} is {record.state} and was never begun{reason}"


def _ending(attempt: AttemptRecord, said: int) -> Iterator[Remark]:
    manifest = attempt.manifest
    if manifest is None:
        if not said:
            yield Remark(f"it runs on {attempt.worker} and has logged nothing yet (-f waits for it)")
        return
    if not said:
        yield Remark(_nothing(manifest))
    yield Remark(_how(manifest), is_bad=manifest.state is AttemptState.FAILED)


def _nothing(manifest: Manifest) -> str:
    if manifest.logged:
        return f"its log of {manifest.logged} lines is gone (farm gc keeps logs for retention.log_days of the project)"
    if manifest.worker or manifest.done:
        return "it logged nothing"
    return "it left no log"


def _how(manifest: Manifest) -> str:
    seconds = (manifest.ended_us - manifest.started_us) / 1e6 if manifest.started_us else 0.0
    after = f" after {seconds:.1f} s" if seconds else ""
    if manifest.failure:
        return f"attempt {manifest.attempt} failed{after} ({manifest.failure}): {manifest.message}"
    return f"attempt {manifest.attempt} is {manifest.state}{after}"
