"""The truth about jobs, tasks and attempts: when `commit` returns, it is durable.

    driver ── lead() ──▶ Lease(epoch) ── commit(epoch, changes) ──▶ one transaction, one fsync, one seq per change
    anyone ── load, snapshot, changes_after ──▶ values                        (readers never wait for the writer)

Every write names the epoch of the lease it is made under; a stale one raises `LeaseError` and changes nothing. Only
readers' watermarks need no lease: they are the reader's own. Behind a SQLite file now; the statements, the numbering
and the fencing are those PostgreSQL needs too (see `farm.store.tables`).
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby, islice
from operator import attrgetter
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Executable

from farm.changes import Committed
from farm.errors import LeaseError
from farm.store import queries, rows
from farm.store.database import Database
from farm.store.fold import IllegalChange, Standing, fold, subject
from farm.store.lease import Lease
from farm.store.records import (
    AttemptRecord,
    ChangeRecord,
    Job,
    JobState,
    Membership,
    Snapshot,
    TaskRecord,
)
from farm.store.rows import AnyRow
from farm.store.sqlite import Sqlite
from farm.tasks import AttemptState, Task, TaskId, TaskState

IDS_PER_QUERY = 1000


class JobStore:
    """The job store of one output. Thread-safe; one process may lead, any number may read.

    Every method raises `StorageError` (`OutOfSpace` when the disk is full) with the file and the remedy.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    def open(cls, folder: Path) -> JobStore:
        """The store in `folder` of a local disk, made or migrated as needed; see `Sqlite` for the errors."""
        return cls(Sqlite(folder))

    def close(self) -> None:
        self._database.engine.dispose()

    # -- leading ------------------------------------------------------------------------------------------------

    def lead(self) -> Lease:
        """Become the driver. Raises `LeaseError`, naming the process, while another one is."""
        lock = self._database.leader_lock()
        lock.acquire()
        try:
            with self._transaction() as connection:
                epoch = connection.execute(queries.TAKE_LEAD).scalar_one()
        except BaseException:
            lock.release()
            raise
        return Lease(epoch, lock)

    # -- writing ------------------------------------------------------------------------------------------------

    def create_job(self, epoch: int, job: Job) -> None:
        """Keep a new job. Raises `IllegalChange` for an id that is taken."""
        with self._write(epoch, 1) as (connection, seq):
            if connection.execute(queries.JOB, {"job": job.id}).first():
                raise IllegalChange(f"there is a job {job.id} already")
            connection.execute(queries.ADD_JOB, rows.job_row(job, seq))
            connection.execute(queries.ADD_CHANGE, rows.job_line(seq, job.id, job.state, job.created_us))

    def set_job_state(self, epoch: int, job: str, state: JobState, at_us: int) -> None:
        """Move a job. Raises `IllegalChange` for an unknown one."""
        with self._write(epoch, 1) as (connection, seq):
            moved = connection.execute(queries.MOVE_JOB, {"b_id": job, "state": state.value, "seq": seq})
            if not moved.rowcount:
                raise IllegalChange(f"there is no job {job}")
            connection.execute(queries.ADD_CHANGE, rows.job_line(seq, job, state, at_us))

    def add_tasks(self, epoch: int, job: str, tasks: Sequence[Task], at_us: int) -> int:
        """Make `tasks` part of a job, after those it has, and give back how many it did not have.

        A task that another job has already is shared as it stands; one that this job has is left alone.
        """
        wanted = {task.id: task for task in tasks}
        with self._write(epoch, len(wanted)) as (connection, last):
            members = set(_by_ids(connection, queries.MEMBERS_OF, wanted, job=job))
            joining = [task for task in wanted.values() if (task.id,) not in members]
            known = set(_by_ids(connection, queries.KNOWN_TASKS, [task.id for task in joining]))
            fresh = [task for task in joining if (task.id,) not in known]
            if not joining:
                return 0
            position = connection.execute(queries.LAST_POSITION, {"job": job}).scalar_one() + 1
            first = last - len(wanted) + 1
            seqs = {task.id: seq for seq, task in enumerate(joining, first)}
            _many(connection, queries.ADD_TASK, [rows.task_row(task, seqs[task.id]) for task in fresh])
            _many(connection, queries.ADD_INPUT, [row for task in fresh for row in rows.input_rows(task)])
            memberships = [rows.member_row(job, at, task, seqs[task.id]) for at, task in enumerate(joining, position)]
            _many(connection, queries.ADD_MEMBER, memberships)
            lines = [rows.added_line(job, task, seqs[task.id], at_us) for task in joining]
            _many(connection, queries.ADD_CHANGE, lines)
            return len(joining)

    def commit(self, epoch: int, changes: Sequence[Committed]) -> int:
        """Make `changes` durable, all or none, and give back the last `seq`.

        Raises `LeaseError` for a stale epoch and `IllegalChange` for a step the state machine does not have.
        """
        ids = list(dict.fromkeys(subject(change) for change in changes))
        with self._write(epoch, len(changes)) as (connection, last):
            writes = fold(_standings(connection, ids), changes, last - len(changes) + 1)
            _many(connection, queries.START_ATTEMPT, writes.new_attempts)
            _many(connection, queries.END_ATTEMPT, writes.ended_attempts)
            _many(connection, queries.MOVE_TASK, writes.tasks)
            _many(connection, queries.ADD_CHANGE, writes.changes)
        return last

    def version(
        self,
        epoch: int,
        project: str,
        subject: str,
        product: str,
        content: str,
        taken: Callable[[int], bool] = lambda number: False,  # noqa: ARG005
    ) -> int:
        """The number of `content` among the versions of a product of a subject (a shot), from 1; allocated once.

        A new number is the next one that is not `taken`: an older job store may have given it out.
        """
        what = {"project": project, "subject": subject, "product": product}
        with self._write(epoch, 0) as (connection, _):
            number = connection.execute(queries.VERSION, {**what, "content": content}).scalar()
            if number is None:
                number = connection.execute(queries.LAST_VERSION, what).scalar_one() + 1
                while taken(number):
                    number += 1
                connection.execute(queries.ADD_VERSION, {**what, "number": number, "content": content})
        return number

    def advance(self, epoch: int, seq: int) -> None:
        """Let the next change have a higher number than `seq`, which an older job store may have given out."""
        with self._transaction() as connection:
            now = connection.execute(queries.SEQ).scalar_one()
        with self._write(epoch, max(0, seq - now)):
            pass

    def set_watermark(self, consumer: str, seq: int) -> None:
        """Remember that `consumer` has dealt with everything up to `seq`. Never moves back."""
        with self._transaction() as connection:
            moved = connection.execute(queries.MOVE_WATERMARK, {"b_consumer": consumer, "seq": seq})
            if not moved.rowcount and connection.execute(queries.WATERMARK, {"consumer": consumer}).first() is None:
                connection.execute(queries.ADD_WATERMARK, {"consumer": consumer, "seq": seq})

    # -- reading ------------------------------------------------------------------------------------------------

    def find_version(self, project: str, subject: str, product: str, content: str) -> int | None:
        """The number that `content` has, if it has one; see `version`."""
        what = {"project": project, "subject": subject, "product": product, "content": content}
        with self._reading() as connection:
            return connection.execute(queries.VERSION, what).scalar()

    def job(self, job: str) -> Job | None:
        with self._reading() as connection:
            row = connection.execute(queries.JOB, {"job": job}).first()
        return rows.job_record(row) if row else None

    def jobs(self) -> tuple[Job, ...]:
        """All jobs, oldest first."""
        with self._reading() as connection:
            return tuple(rows.job_record(row) for row in connection.execute(queries.JOBS))

    def load(self, job: str) -> tuple[TaskRecord, ...]:
        """The tasks of one job, in its order, as they stand."""
        with self._reading() as connection, _without_collecting():
            return tuple(_load(connection, job).values())

    def snapshot(self, *, live_only: bool = True) -> Snapshot:
        """Every job, or every live one, with all its tasks, at one moment."""
        with self._reading() as connection, _without_collecting():
            seq = connection.execute(queries.SEQ).scalar_one()
            found = [rows.job_record(row) for row in connection.execute(queries.JOBS)]
            jobs = {job.id: job for job in found if job.state.live or not live_only}
            tasks: dict[TaskId, TaskRecord] = {}
            members: dict[str, tuple[TaskId, ...]] = {}
            for job in jobs:
                records = _load(connection, job)
                members[job] = tuple(records)
                tasks = {**records, **tasks}
            return Snapshot(seq, jobs, tasks, members)

    def tasks(self, ids: Iterable[TaskId]) -> dict[TaskId, TaskRecord]:
        """The tasks of those ids, as they stand; unknown ids are left out."""
        wanted = list(ids)
        with self._reading() as connection, _without_collecting():
            found = _by_ids(connection, queries.TASKS_BY_ID, wanted)
            return rows.task_records(found, _by_ids(connection, queries.TASK_ATTEMPTS_BY_ID, wanted))

    def attempts(self, ids: Iterable[TaskId]) -> dict[TaskId, tuple[AttemptRecord, ...]]:
        """All attempts of those tasks, in order."""
        with self._reading() as connection, _without_collecting():
            found = [rows.attempt_record(row) for row in _by_ids(connection, queries.ATTEMPTS_OF, list(ids))]
        return {task: tuple(group) for task, group in groupby(found, key=attrgetter("task"))}

    def readers(self, ids: Iterable[TaskId]) -> dict[TaskId, tuple[TaskId, ...]]:
        """For each of those tasks the tasks that take something it leaves."""
        found: dict[TaskId, list[TaskId]] = {}
        with self._reading() as connection:
            for row in _by_ids(connection, queries.READERS, list(ids)):
                found.setdefault(row.source, []).append(row.task)
        return {source: tuple(sorted(readers)) for source, readers in found.items()}

    def memberships(self, ids: Iterable[TaskId]) -> dict[TaskId, tuple[Membership, ...]]:
        """For each of those tasks the jobs that want it, in the order in which they asked."""
        found: dict[TaskId, list[Membership]] = {}
        with self._reading() as connection:
            for row in _by_ids(connection, queries.MEMBERSHIPS, list(ids)):
                found.setdefault(row.task, []).append(Membership(row.job, row.shot, row.take, row.seq))
        return {task: tuple(jobs) for task, jobs in found.items()}

    def changes_after(self, seq: int, limit: int = 10_000) -> tuple[ChangeRecord, ...]:
        """The outbox after `seq`, oldest first, at most `limit` lines."""
        with self._reading() as connection:
            found = connection.execute(queries.CHANGES_AFTER, {"after": seq, "limit": limit})
            return tuple(rows.change_record(row) for row in found)

    def watermark(self, consumer: str) -> int:
        """How far `consumer` is; 0 at first."""
        with self._reading() as connection:
            return connection.execute(queries.WATERMARK, {"consumer": consumer}).scalar() or 0

    # -- transactions -------------------------------------------------------------------------------------------

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        """A connection that sees one moment."""
        database = self._database
        with database.told(), database.engine.connect() as connection, database.reading(connection):
            yield connection

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        """A transaction that has the write lock from its beginning."""
        database = self._database
        with database.told(), database.engine.connect() as connection, database.writing(connection):
            yield connection

    @contextmanager
    def _write(self, epoch: int, count: int) -> Iterator[tuple[Connection, int]]:
        """A transaction of the driver's, with `count` numbers reserved, the last of which is given."""
        with self._transaction() as connection:
            seq = connection.execute(queries.TAKE_SEQS, {"b_epoch": epoch, "b_count": count}).scalar()
            if seq is None:
                current = connection.execute(queries.EPOCH).scalar_one()
                raise LeaseError(f"this driver (epoch {epoch}) no longer leads: epoch {current} does")
            yield connection, seq


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Read without the cyclic garbage collector, which doubles the time by walking what is only growing."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _many(connection: Connection, statement: Executable, values: Sequence[Mapping[str, Any]]) -> None:
    if values:
        connection.execute(statement, values)


def _by_ids(connection: Connection, statement: Executable, ids: Iterable[str], **more: str) -> list[AnyRow]:
    """The rows of a statement over `ids`, asked for in portions."""
    left = iter(ids)
    found: list[AnyRow] = []
    while portion := list(islice(left, IDS_PER_QUERY)):
        found += connection.execute(statement, {"ids": portion, **more})
    return found


def _standings(connection: Connection, ids: Sequence[TaskId]) -> dict[TaskId, Standing]:
    standings = {
        row.id: Standing(TaskState(row.state), row.failure, row.message, row.winner, row.reopened_after, {}, row.seq)
        for row in _by_ids(connection, queries.STANDINGS, ids)
    }
    for row in _by_ids(connection, queries.ATTEMPT_STATES, ids):
        standings[row.task].attempts[row.number] = AttemptState(row.state)
    return standings


def _load(connection: Connection, job: str) -> dict[TaskId, TaskRecord]:
    found = connection.execute(queries.TASKS_OF_JOB, {"job": job}).all()
    return rows.member_records(found, connection.execute(queries.TASK_ATTEMPTS_OF_JOB, {"job": job}).all())
