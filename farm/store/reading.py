"""What can be read of jobs, tasks and the outbox, by anybody and at any time; readers never wait for the writer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import groupby
from operator import attrgetter
from typing import overload

from sqlalchemy import Connection

from farm.store import queries, rows
from farm.store.bulk import by_ids
from farm.store.records import (
    AttemptRecord,
    ChangeRecord,
    Durations,
    Job,
    JobLine,
    JobState,
    Membership,
    Pulse,
    Snapshot,
    TaskRecord,
)
from farm.store.rows import AnyRow
from farm.store.schema import current
from farm.store.transactions import Transactions, without_collecting
from farm.tasks import TaskId, TaskState

_BEGINNING = re.compile(r"[0-9a-f]{1,32}")
LIVE = [state.value for state in JobState if state.live]


class Reading(Transactions):
    """The readers of a job store."""

    def schema(self) -> str:
        """The migration that the database has reached by now, perhaps beyond what this farm knows."""
        with self._reading() as connection:
            return current(connection)

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

    def find_jobs(self, prefix: str) -> tuple[str, ...]:
        """The ids of the jobs that begin with `prefix`, oldest first."""
        with self._reading() as connection:
            return tuple(connection.execute(queries.JOBS_LIKE, {"prefix": prefix}).scalars())

    def find_tasks(self, prefix: str, limit: int) -> tuple[TaskId, ...]:
        """The ids of the tasks that begin with `prefix`, in order, at most `limit`; none for what begins no id."""
        if not _BEGINNING.fullmatch(prefix):
            return ()
        with self._reading() as connection:
            row = {"prefix": prefix, "beyond": f"{prefix}g", "limit": limit}  # no digit of an id is so large
            return tuple(map(TaskId, connection.execute(queries.TASKS_LIKE, row).scalars()))

    def job_lines(self, ended_after_us: int = 0) -> tuple[JobLine, ...]:
        """All jobs as a listing shows them, oldest first: cheap however large they are.

        Those that have ended only where that was later than `ended_after_us`.
        """
        with self._reading() as connection:
            wanted = {"ended_after_us": ended_after_us}
            counts = _counts(connection.execute(queries.COUNTS_LATELY, wanted))
            found = connection.execute(queries.JOB_LINES, wanted)
            return tuple(rows.job_line_record(row, counts.get(row.id, {})) for row in found)

    def durations(self, lines: int) -> dict[tuple[str, str], Durations]:
        """How long attempts took that came out, by job and stage: those in the last `lines` lines of the outbox."""
        with self._reading() as connection:
            found = connection.execute(queries.DURATIONS, {"lines": lines})
            return {(row.job, row.stage): Durations(row.attempts, int(row.total_us)) for row in found}

    def job_line(self, job: str) -> JobLine | None:
        """One job as a listing shows it."""
        with self._reading() as connection:
            row = connection.execute(queries.JOB_LINE, {"job": job}).first()
            counts = _counts(connection.execute(queries.COUNTS_OF, {"job": job})) if row else {}
        return rows.job_line_record(row, counts.get(job, {})) if row else None

    def counts(self, job: str) -> Mapping[tuple[str, TaskState], int]:
        """How many tasks of a job are in a state, by stage and state; only what is not 0."""
        with self._reading() as connection:
            return _counts(connection.execute(queries.COUNTS_OF, {"job": job})).get(job, {})

    def job_counts(self) -> dict[str, Mapping[tuple[str, TaskState], int]]:
        """The counts of every job that has tasks."""
        with self._reading() as connection:
            return {**_counts(connection.execute(queries.COUNTS))}

    @overload
    def spent(self) -> dict[str, int]: ...
    @overload
    def spent(self, job: str) -> int: ...
    def spent(self, job: str | None = None) -> dict[str, int] | int:
        """What the ended attempts of a job, or of each live one, have cost, in millionths; 0 for an unknown job."""
        with self._reading() as connection:
            if job is not None:
                return connection.execute(queries.SPENT, {"job": job}).scalar() or 0
            found = connection.execute(queries.SPENT_IN, {"states": LIVE})
            return {row.id: row.spent_micros for row in found}

    def last_pulse(self) -> Pulse | None:
        """What the driver last said of itself; None when none ever has."""
        with self._reading() as connection:
            row = connection.execute(queries.PULSE).first()
        return rows.pulse_record(row) if row else None

    def load(self, job: str) -> tuple[TaskRecord, ...]:
        """The tasks of one job, in its order, as they stand."""
        with self._reading() as connection, without_collecting():
            return tuple(_load(connection, job).values())

    def snapshot(self, *, live_only: bool = True) -> Snapshot:
        """Every job, or every live one, with all its tasks, at one moment."""
        with self._reading() as connection, without_collecting():
            seq = connection.execute(queries.SEQ).scalar_one()
            states = LIVE if live_only else list(JobState)
            found = connection.execute(queries.JOBS_IN, {"states": states})
            jobs = {row.id: rows.job_record(row) for row in found}
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
        with self._reading() as connection, without_collecting():
            found = by_ids(connection, queries.TASKS_BY_ID, wanted)
            return rows.task_records(found, by_ids(connection, queries.TASK_ATTEMPTS_BY_ID, wanted))

    def attempts(self, ids: Iterable[TaskId]) -> dict[TaskId, tuple[AttemptRecord, ...]]:
        """All attempts of those tasks, in order."""
        with self._reading() as connection, without_collecting():
            found = [rows.attempt_record(row) for row in by_ids(connection, queries.ATTEMPTS_OF, list(ids))]
        return {task: tuple(group) for task, group in groupby(found, key=attrgetter("task"))}

    def readers(self, ids: Iterable[TaskId]) -> dict[TaskId, tuple[TaskId, ...]]:
        """For each of those tasks the tasks that take something it leaves."""
        found: dict[TaskId, list[TaskId]] = {}
        with self._reading() as connection:
            for row in by_ids(connection, queries.READERS, list(ids)):
                found.setdefault(row.source, []).append(row.task)
        return {source: tuple(sorted(readers)) for source, readers in found.items()}

    def memberships(self, ids: Iterable[TaskId]) -> dict[TaskId, tuple[Membership, ...]]:
        """For each of those tasks the jobs that want it, in the order in which they asked."""
        found: dict[TaskId, list[Membership]] = {}
        with self._reading() as connection:
            for row in by_ids(connection, queries.MEMBERSHIPS, list(ids)):
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


def _counts(found: Iterable[AnyRow]) -> dict[str, dict[tuple[str, TaskState], int]]:
    counts: dict[str, dict[tuple[str, TaskState], int]] = {}
    for row in found:
        counts.setdefault(row.job, {})[row.stage, TaskState(row.state)] = row.tasks
    return counts


def _load(connection: Connection, job: str) -> dict[TaskId, TaskRecord]:
    found = connection.execute(queries.TASKS_OF_JOB, {"job": job}).all()
    return rows.member_records(found, connection.execute(queries.TASK_ATTEMPTS_OF_JOB, {"job": job}).all())
