"""Open tasks that nobody wants any more: of a job that was cancelled while no driver was at it."""

from __future__ import annotations

from collections.abc import Collection

from farm.changes import AttemptEnded, Committed, TaskMoved
from farm.store.jobs import JobStore
from farm.tasks import SETTLED, TaskState, reclaimed


def leftovers(store: JobStore, job: str, live: Collection[str], now_us: int) -> list[Committed]:
    """What makes an end of `job`'s open tasks, but for those that a job of `live` wants too."""
    records = {record.task.id: record for record in store.load(job) if record.state not in SETTLED}
    wanted = {task for task, jobs in store.memberships(records).items() if any(each.job in live for each in jobs)}
    changes: list[Committed] = []
    for task, record in records.items():
        if task not in wanted:
            if record.state is TaskState.RUNNING:
                changes.append(AttemptEnded(reclaimed(record.task, record.attempts, now_us)))
            changes.append(TaskMoved(task, TaskState.CANCELLED, now_us))
    return changes
