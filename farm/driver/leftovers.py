"""What jobs that have ended leave behind: what they spent, and open tasks of those cancelled without a driver."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from farm.changes import AttemptEnded, Committed, TaskMoved
from farm.scheduler.events import ProjectSpent
from farm.store.jobs import JobStore
from farm.store.records import JobLine
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


def ended_spending(lines: Iterable[JobLine]) -> list[ProjectSpent]:
    """What the ended jobs of each project cost: it counts towards the project's cap."""
    by_project: dict[str, dict[str, int]] = {}
    for line in lines:
        if not line.state.live and line.spent_micros:
            by_project.setdefault(line.project, {})[line.id] = line.spent_micros
    return [ProjectSpent(project, by_job) for project, by_job in by_project.items()]
