"""How much there is of everything, exactly: tasks, jobs, attempts, money, at one moment and cheaply.

    job_counts, jobs ──summed by the database──▶ tasks by stage and state, jobs and cost by project
    outbox, since the totals before ──counted──▶ attempts by state

Tasks and money are kept as sums already (`farm.store.tables`). Attempts are not: they are counted from the outbox, the
whole of which is read once, and then only what came since.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection

from farm.store import queries
from farm.store.bulk import by_ids
from farm.store.records import ChangeKind, JobState
from farm.store.transactions import Transactions
from farm.tasks import AttemptState, TaskState

LIVE = [state.value for state in JobState if state.live]


@dataclass(frozen=True, slots=True)
class JobSum:
    """Jobs of one project in one state."""

    jobs: int
    spent_micros: int


@dataclass(frozen=True, slots=True)
class LiveTotals:
    """One live job."""

    id: str
    project: str
    spent_micros: int
    budget_micros: int | None
    tasks: Mapping[TaskState, int]
    """Only what is not 0."""


@dataclass(frozen=True, slots=True)
class Totals:
    """Everything in the job store, counted at one moment."""

    seq: int = 0
    tasks: Mapping[tuple[str, str, TaskState], int] = field(default_factory=dict[tuple[str, str, TaskState], int])
    """By project, stage and state; one that several jobs want counts for each."""
    jobs: Mapping[tuple[str, JobState], JobSum] = field(default_factory=dict[tuple[str, JobState], JobSum])
    """By project and state."""
    attempts: Mapping[AttemptState, int] = field(default_factory=dict[AttemptState, int])
    live: tuple[LiveTotals, ...] = ()
    """The newest live jobs."""


NOTHING = Totals()


class Totalling(Transactions):
    """Counts what is in a job store."""

    def totals(self, before: Totals = NOTHING, live_at_most: int = 100) -> Totals:
        """What there is now. `before`, totals of this store from earlier, makes it cheaper."""
        with self._reading() as connection:
            seq = connection.execute(queries.SEQ).scalar_one()
            return Totals(
                seq=seq,
                tasks={
                    (row.project, row.stage, TaskState(row.state)): int(row.tasks)
                    for row in connection.execute(queries.TASK_TOTALS)
                },
                jobs={
                    (row.project, JobState(row.state)): JobSum(row.jobs, int(row.spent_micros))
                    for row in connection.execute(queries.JOB_TOTALS)
                },
                attempts=_attempts(connection, before, seq),
                live=_live(connection, live_at_most),
            )


def _attempts(connection: Connection, before: Totals, seq: int) -> Mapping[AttemptState, int]:
    counts = Counter(before.attempts)
    for row in connection.execute(queries.ATTEMPT_TOTALS, {"after": before.seq, "upto": seq}):
        if row.kind == ChangeKind.ATTEMPT_ENDED:
            counts[AttemptState.RUNNING] -= row.lines
        counts[AttemptState(row.state)] += row.lines
    return {state: counts[state] for state in AttemptState}


def _live(connection: Connection, at_most: int) -> tuple[LiveTotals, ...]:
    found = connection.execute(queries.NEWEST_IN, {"states": LIVE, "limit": at_most}).all()
    tasks: dict[str, dict[TaskState, int]] = {}
    for row in by_ids(connection, queries.STATES_IN, [job.id for job in found]):
        tasks.setdefault(row.job, {})[TaskState(row.state)] = int(row.tasks)
    return tuple(
        LiveTotals(job.id, job.project, job.spent_micros, job.budget_micros, tasks.get(job.id, {})) for job in found
    )
