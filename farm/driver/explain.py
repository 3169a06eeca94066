"""Why something waits: the scheduler's reasons, found by a job's or a task's name, as an answer people can read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue

from farm.driver.running import Jobs, Running
from farm.errors import InputError
from farm.scheduler.state import Scheduler
from farm.scheduler.waits import Wait
from farm.store.jobs import JobStore
from farm.store.records import Job
from farm.tasks import TaskId, TaskState

REASONS_SHOWN = 20


def explain(subject: str, jobs: Jobs, scheduler: Scheduler, store: JobStore, now_us: int) -> Mapping[str, JsonValue]:
    """`subject` is a job's id, or the beginning of a task's. Raises `InputError` when there is neither."""
    if run := jobs.get(subject):
        return _job(run, scheduler, now_us)
    if job := store.job(subject):
        return {"subject": job.id, "kind": "job", "state": job.state, "message": _ended(job), "waits": []}
    tasks = jobs.find(subject) if subject else []
    if len(tasks) > 1:
        raise InputError(f"{len(tasks)} tasks begin with {subject} (give more of the name)")
    if not tasks:
        raise InputError(f"there is no job and no open task {subject} (farm jobs, and farm status JOB, list them)")
    return _task(tasks[0], jobs, scheduler, now_us)


def _job(run: Running, scheduler: Scheduler, now_us: int) -> dict[str, JsonValue]:
    """Every distinct reason of a job's waiting tasks, the most frequent first, each with one of its tasks."""
    waits: dict[str, dict[str, Any]] = {}
    running = 0
    for task in run.tasks.values():
        state = scheduler.state(task.id)
        running += state is TaskState.RUNNING
        wait = scheduler.wait(task.id, now_us) if state is TaskState.WAITING else None
        if wait:
            found = waits.setdefault(wait.reason, {**_wait(wait), "task": task.id, "label": task.label, "tasks": 0})
            found["tasks"] += 1
    ordered = sorted(waits.values(), key=lambda found: -found["tasks"])
    message = "waits for a person's choice (farm approve)" if run.asking else ""
    return {
        "subject": run.job.id,
        "kind": "job",
        "state": run.job.state,
        "message": message,
        "running": running,
        "waits": [*ordered[:REASONS_SHOWN]],
    }


def _task(task: TaskId, jobs: Jobs, scheduler: Scheduler, now_us: int) -> dict[str, JsonValue]:
    wait = scheduler.wait(task, now_us)
    _, message = scheduler.failure(task)
    return {
        "subject": task,
        "kind": "task",
        "label": jobs.task(task).label,
        "state": scheduler.state(task),
        "message": message,
        "waits": [_wait(wait)] if wait else [],
    }


def _wait(wait: Wait) -> dict[str, JsonValue]:
    return {
        "reason": wait.reason,
        "message": wait.message,
        "blocker": wait.blocker,
        "numbers": dict(wait.numbers),
    }


def _ended(job: Job) -> str:
    return job.message or f"the job is {job.state}"
