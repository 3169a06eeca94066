"""How tasks stand before a batch of changes: remembered by whoever wrote them, else read.

    added, committed ──▶ kept ──▶ of ──▶ fold (farm.store.fold)
                tables ──read──▶ ┘ what is not kept

Only the driver writes tasks, and each of its writes takes numbers of the outbox. So what a writer has kept is true as
long as the outbox has come no further than its own last write; whoever asks sees to that (`Transactions`), and forgets
everything otherwise. Only what is open is kept: what has settled is rarely heard of again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection

from farm.store import queries
from farm.store.bulk import by_ids
from farm.store.fold import Standing
from farm.tasks import SETTLED, AttemptState, Task, TaskId, TaskState


class Standings:
    """Of the tasks that this process has written under its lease."""

    def __init__(self) -> None:
        self._fresh: dict[TaskId, tuple[str, str]] = {}
        """The stage and the only job of tasks that nothing has happened to: many, so nothing more is kept of them."""
        self._kept: dict[TaskId, Standing] = {}

    def forget(self) -> None:
        """Somebody else may have written, or a write may not have come about."""
        self._fresh.clear()
        self._kept.clear()

    def of(self, connection: Connection, tasks: Iterable[TaskId]) -> dict[TaskId, Standing]:
        """Where those tasks stand; unknown ones are left out. To be folded once, and then kept or forgotten."""
        standings: dict[TaskId, Standing] = {}
        unread: list[TaskId] = []
        for task in tasks:
            if (standing := self._kept.get(task)) is not None:
                standings[task] = standing
            elif (fresh := self._fresh.get(task)) is not None:
                standings[task] = Standing(TaskState.WAITING, stage=fresh[0], jobs=(fresh[1],))
            else:
                unread.append(task)
        return standings | _read(connection, unread) if unread else standings

    def add(self, job: str, fresh: Iterable[Task], shared: Iterable[Task]) -> None:
        """A job has new tasks, and others that were there."""
        for task in shared:
            self._fresh.pop(task.id, None)
            self._kept.pop(task.id, None)
        told: dict[str, tuple[str, str]] = {}
        for task in fresh:
            self._fresh[task.id] = told.setdefault(task.stage, (task.stage, job))

    def keep(self, standings: Mapping[TaskId, Standing]) -> None:
        """Tasks stand so now."""
        for task, standing in standings.items():
            self._fresh.pop(task, None)
            if standing.state in SETTLED:
                self._kept.pop(task, None)
            else:
                self._kept[task] = standing


def _read(connection: Connection, tasks: Sequence[TaskId]) -> dict[TaskId, Standing]:
    standings = {
        task: Standing(TaskState(state), failure, message, winner, reopened_after, stage)
        for task, stage, state, failure, message, winner, reopened_after in by_ids(connection, queries.STANDINGS, tasks)
    }
    for task, job in by_ids(connection, queries.WANTED_BY, tasks):
        standings[task].jobs += (job,)
    for task, state, payer in by_ids(connection, queries.ATTEMPT_STATES, tasks):
        standings[task].attempts.append(AttemptState(state))
        standings[task].payers.append(payer)
    return standings
