"""The truth about jobs, tasks and attempts: when `commit` returns, it is durable.

    driver ── lead() ──▶ Lease(epoch) ── commit(epoch, changes) ──▶ one transaction, one fsync, one seq per change
    anyone ── ask(request) ──▶ pending ── decide(epoch) ──▶ outcome         (farm.store.requests)
    anyone ── load, snapshot, changes_after ──▶ values                      (farm.store.reading)

Every write names the epoch of the lease it is made under; a stale one raises `LeaseError` and changes nothing. Only
what people ask for and readers' watermarks need no lease: they are not the driver's. The statements, the numbering and
the fencing are the same for SQLite and PostgreSQL (see `farm.store.tables`).
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pydantic import JsonValue
from sqlalchemy import Connection, Executable

from farm.changes import Committed
from farm.errors import LeaseError, StorageError
from farm.store import queries, rows
from farm.store.bulk import by_ids
from farm.store.database import Database
from farm.store.deliveries import Deliveries
from farm.store.fold import IllegalChange, Row, counted, fold, subject
from farm.store.lease import Lease
from farm.store.notices import Notices
from farm.store.reading import Reading
from farm.store.records import Job, JobState
from farm.store.requests import Requests
from farm.store.sqlite import Sqlite
from farm.store.standings import Standings
from farm.store.totals import Totalling
from farm.store.transactions import stale
from farm.tasks import Task, TaskState


class JobStore(Reading, Requests, Totalling, Notices, Deliveries):
    """The job store of one output. Thread-safe; one process may lead, any number may read.

    Every method raises `StorageError` (`OutOfSpace` when the disk is full) with the file and the remedy.
    """

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._unsure: tuple[Committed, ...] = ()
        self._standings = Standings()

    @classmethod
    def open(cls, folder: Path) -> JobStore:
        """The store in `folder` of a local disk, made or migrated as needed; see `Sqlite` for the errors."""
        return cls(Sqlite(folder))

    @classmethod
    def connect(cls, url: str) -> JobStore:
        """The store in a PostgreSQL database, made or migrated as needed; see `Postgres` for the errors."""
        from farm.store.postgres import Postgres

        return cls(Postgres(url))

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
        lock.keep(epoch)
        return Lease(epoch, lock)

    def lead_when_free(
        self,
        stop: threading.Event,
        poll_s: float = 1.0,
        waiting: Callable[[str], None] = lambda words: None,  # noqa: ARG005
    ) -> Lease | None:
        """Stand by until nobody leads, then lead; None when `stop` is set first.

        `waiting` hears what stands in the way whenever that changes: who leads, or that the database is away.
        """
        last = ""
        while not stop.is_set():
            try:
                return self.lead()
            except (LeaseError, StorageError) as error:
                if str(error) != last:
                    last = str(error)
                    waiting(last)
            stop.wait(poll_s)
        return None

    # -- writing ------------------------------------------------------------------------------------------------

    def create_job(self, epoch: int, job: Job) -> None:
        """Keep a new job. Raises `IllegalChange` for an id that is taken."""
        with self._write(epoch, 1) as (connection, seq):
            if connection.execute(queries.JOB_ID, {"job": job.id}).first():
                raise IllegalChange(f"there is a job {job.id} already")
            connection.execute(queries.ADD_JOB, rows.job_row(job, seq))
            connection.execute(queries.ADD_DOCUMENT, rows.document_row(job))
            connection.execute(queries.ADD_CHANGE, rows.job_line(seq, job.id, job.state, job.created_us))

    def set_job_state(
        self, epoch: int, job: str, state: JobState, at_us: int, message: str = "", report: str = ""
    ) -> None:
        """Move a job, with a word on why, and the key of its report. Raises `IllegalChange` for an unknown one."""
        with self._write(epoch, 1) as (connection, seq):
            ended_us = 0 if state.live else at_us
            row = {
                "b_id": job,
                "state": state.value,
                "message": rows.legible(message),
                "ended_us": ended_us,
                "seq": seq,
            }
            if not connection.execute(queries.MOVE_JOB, {**row, "report": report}).rowcount:
                raise IllegalChange(f"there is no job {job}")
            connection.execute(queries.ADD_CHANGE, rows.job_line(seq, job, state, at_us))

    def set_priority(self, epoch: int, job: str, priority: int, at_us: int) -> None:
        """Let a job run before or after others. Raises `IllegalChange` for an unknown one."""
        with self._write(epoch, 1) as (connection, seq):
            row = {"b_id": job, "priority": priority, "seq": seq}
            ranked = connection.execute(queries.RANK_JOB, row).first()
            if ranked is None:
                raise IllegalChange(f"there is no job {job}")
            connection.execute(queries.ADD_CHANGE, rows.job_line(seq, job, JobState(ranked.state), at_us))

    def amend(self, epoch: int, job: str, document: Mapping[str, JsonValue]) -> None:
        """Keep another document of a job. Raises `IllegalChange` for an unknown one."""
        with self._write(epoch, 0) as (connection, _):
            row = {"b_id": job, "document": rows.text(document)}
            if not connection.execute(queries.AMEND, row).rowcount:
                raise IllegalChange(f"there is no job {job}")

    def add_tasks(self, epoch: int, job: str, tasks: Sequence[Task], at_us: int) -> int:
        """Make `tasks` part of a job, after those it has, and give back how many it did not have.

        A task that another job has already is shared as it stands; one that this job has is left alone.
        """
        wanted = {task.id: task for task in tasks}
        with self._write(epoch, len(wanted)) as (connection, last):
            self._recall()
            members = set(by_ids(connection, queries.MEMBERS_OF, wanted, job=job))
            joining = [task for task in wanted.values() if (task.id,) not in members]
            ids = [task.id for task in joining]
            known = {row.id: TaskState(row.state) for row in by_ids(connection, queries.KNOWN_TASKS, ids)}
            fresh = [task for task in joining if task.id not in known]
            if not joining:
                return 0
            position = int(connection.execute(queries.TASKS_IN, {"job": job}).scalar_one())
            seqs = {task.id: seq for seq, task in enumerate(joining, last - len(wanted) + 1)}
            queries.ADD_TASKS.run(connection, [rows.task_row(task, seqs[task.id]) for task in fresh])
            queries.ADD_INPUTS.run(connection, [row for task in fresh for row in rows.input_rows(task)])
            memberships = [rows.member_row(job, at, task, seqs[task.id]) for at, task in enumerate(joining, position)]
            queries.ADD_MEMBERS.run(connection, memberships)
            counts = Counter((job, task.stage, known.get(task.id, TaskState.WAITING)) for task in joining)
            _each(connection, queries.COUNT, counted(counts))
            lines = [rows.added_line(job, task, seqs[task.id], at_us) for task in joining]
            queries.ADD_CHANGES.run(connection, lines)
            self._standings.add(job, fresh, (task for task in joining if task.id in known))
            return len(joining)

    def commit(self, epoch: int, changes: Sequence[Committed]) -> int:
        """Make `changes` durable, all or none, and give back the last `seq`.

        Raises `LeaseError` for a stale epoch and `IllegalChange` for a step the state machine does not have. After a
        `StorageError` the same changes may be handed in again, whether or not they were kept: they count once.
        """
        try:
            with self._write(epoch, len(changes)) as (connection, last):
                if self._kept and self._unsure == tuple(changes):
                    self._unsure = ()
                    return self._kept
                self._apply(connection, changes, last)
        except StorageError:
            self._unsure = tuple(changes)
            raise
        return last

    def _recall(self) -> None:
        """Inside a write: what this store remembers of tasks is true, or forgotten."""
        if not self._alone:
            self._standings.forget()
            self._alone = True

    def _apply(self, connection: Connection, changes: Sequence[Committed], last: int) -> None:
        self._recall()
        standings = self._standings.of(connection, dict.fromkeys(map(subject, changes)))
        writes = fold(standings, changes, last - len(changes) + 1)
        queries.START_ATTEMPTS.run(connection, writes.new_attempts)
        queries.END_ATTEMPTS.run(connection, writes.ended_attempts)
        queries.MOVE_TASKS.run(connection, writes.tasks)
        _each(connection, queries.COUNT, writes.counts)
        _each(connection, queries.SPEND, writes.spent)
        queries.ADD_CHANGES.run(connection, writes.changes)
        self._standings.keep(standings)

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

    def beat(self, epoch: int, leader: str, document: Mapping[str, JsonValue], at_us: int) -> None:
        """Say how the farm is: the last word counts, and the outbox does not tell of it."""
        words = {
            "b_epoch": epoch,
            "epoch": epoch,
            "leader": leader,
            "document": json.dumps(document, ensure_ascii=False),
        }
        with self._transaction() as connection:
            if not connection.execute(queries.BEAT, {**words, "at_us": at_us}).rowcount:
                raise stale(epoch, connection.execute(queries.EPOCH).scalar_one())

    def set_watermark(self, consumer: str, seq: int) -> None:
        """Remember that `consumer` has dealt with everything up to `seq`. Never moves back."""
        with self._transaction() as connection:
            moved = connection.execute(queries.MOVE_WATERMARK, {"b_consumer": consumer, "seq": seq})
            if not moved.rowcount and connection.execute(queries.WATERMARK, {"consumer": consumer}).first() is None:
                connection.execute(queries.ADD_WATERMARK, {"consumer": consumer, "seq": seq})


def _each(connection: Connection, statement: Executable, rows: Sequence[Row]) -> None:
    """Run a statement for each of a few rows."""
    if rows:
        connection.execute(statement, rows)
