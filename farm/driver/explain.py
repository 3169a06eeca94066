"""Why something waits: the scheduler's reasons, found by a job's or a task's name, as an answer people can read.

job held, paused          ──▶ that, for all of its tasks: other jobs may still bring them about
job at work               ──▶ every reason and what blocks, what comes by itself ("upstream") last
shots to choose a take of ──▶ the shots and their takes
task                      ──▶ its own reason, or where it runs
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue

from farm.driver.running import HOLDS, Jobs, Running
from farm.errors import InputError
from farm.scheduler.state import Scheduler
from farm.scheduler.waits import Wait, WaitReason
from farm.store.jobs import JobStore
from farm.store.records import Job, JobState
from farm.tasks import Task, TaskId, TaskState

REASONS_SHOWN = 20
SHOTS_NAMED = 3

_HOLDS = {
    JobState.HELD: "job {job} was submitted to be held (farm resume {job} begins it)",
    JobState.PAUSED: "job {job} is paused (farm resume {job} lets it go on)",
}
_ENDED = {
    JobState.DONE: "everything is done",
    JobState.FAILED: "farm status {job} says why, farm retry {job} tries again",
    JobState.CANCELLED: "it was cancelled (farm retry {job} brings it back)",
}

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Answers for one moment."""

    jobs: Jobs
    scheduler: Scheduler
    store: JobStore
    now_us: int

    def of(self, subject: str, shot: str = "") -> dict[str, JsonValue]:
        """`subject` is a job's id, of which only `shot` may be meant, or the beginning of a task's.

        Raises `InputError` when there is no such thing.
        """
        if run := self.jobs.get(subject):
            return self._job(run, shot)
        if job := self.store.job(subject):
            return {
                "subject": job.id,
                "kind": "job",
                "state": job.state,
                "message": ended(job, self.store),
                "waits": [],
            }
        tasks = self.jobs.find(subject) if subject else []
        if len(tasks) > 1:
            raise InputError(f"{len(tasks)} tasks begin with {subject} (give more of the name)")
        if not tasks:
            raise InputError(f'there is no job "{subject}", and no task of an open one (farm jobs --all lists jobs)')
        return self._task(tasks[0])

    # -- a job ----------------------------------------------------------------------------------------------------

    def _job(self, run: Running, shot: str) -> dict[str, JsonValue]:
        tasks = [task for task in run.tasks.values() if not shot or task.shot == shot]
        choices = {code: takes for code, takes in run.plan.open_choices().items() if not shot or code == shot}
        if shot and not tasks and not choices:
            raise InputError(f"job {run.job.id} has no shot {shot} (farm status {run.job.id} lists them)")
        waits: list[JsonValue] = [*self._choices(run.job, choices), *self._reasons(run.job, tasks)]
        states = Counter(self.scheduler.state(task.id) for task in tasks)
        return {
            "subject": run.job.id,
            "kind": "job",
            "label": f"{shot} of {run.job.id}" if shot else "",
            "state": run.job.state,
            "message": _progress(run, waits, states[TaskState.RUNNING]),
            "running": states[TaskState.RUNNING],
            "waiting": states[TaskState.WAITING],
            "waits": waits[:REASONS_SHOWN],
        }

    def _choices(self, job: Job, choices: Mapping[str, Iterable[int]]) -> list[Row]:
        """One row for all shots that people are to choose a take of."""
        if not choices:
            return []
        codes = list(choices)
        takes = [*choices[codes[0]]]
        others = f" and {len(codes) - SHOTS_NAMED} more" if len(codes) > SHOTS_NAMED else ""
        named = f"{', '.join(codes[:SHOTS_NAMED])}{others} {'waits' if len(codes) == 1 else 'wait'}"
        words = f"{named} for a person's choice (farm approve {job.id} {codes[0]} {' or '.join(map(str, takes))})"
        wait = Wait(WaitReason.HELD, words, codes[0], {"shots": len(codes), "takes": len(takes)})
        return [{**_plain(wait), "shots": len(codes)}]

    def _reasons(self, job: Job, tasks: Iterable[Task]) -> list[Row]:
        """Every distinct reason of the tasks that wait: most tasks first, upstream last; with one of its tasks."""
        found: dict[tuple[str, str], Row] = {}
        hold = _hold(job)
        for task in tasks:
            if self.scheduler.state(task.id) is not TaskState.WAITING:
                continue
            wait = hold or self.scheduler.wait(task.id, self.now_us)
            assert wait is not None
            blocker = "" if wait.reason in {WaitReason.UPSTREAM, WaitReason.BACKOFF} else wait.blocker
            first = {**_plain(wait), "remedy": _remedy(wait, job), "task": task.id, "label": task.label, "tasks": 0}
            found.setdefault((wait.reason, blocker), first)["tasks"] += 1
        return sorted(found.values(), key=lambda row: (row["reason"] == WaitReason.UPSTREAM, -row["tasks"]))

    # -- a task -----------------------------------------------------------------------------------------------------

    def _task(self, task: TaskId) -> dict[str, JsonValue]:
        wait = self.scheduler.wait(task, self.now_us)
        state = self.scheduler.state(task)
        _, message = self.scheduler.failure(task)
        return {
            "subject": task,
            "kind": "task",
            "label": self.jobs.task(task).label,
            "state": state,
            "message": self._where(task) if state is TaskState.RUNNING else "" if wait else message,
            "waits": [{**_plain(wait), "tasks": 1}] if wait else [],
        }

    def _where(self, task: TaskId) -> str:
        """ "attempt 2, on cpu-3 for 41 s"."""
        *_, last = self.store.attempts([task])[task]
        return f"attempt {last.number}, on {last.worker} for {max(0, self.now_us - last.started_us) / 1e6:.0f} s"


def _progress(run: Running, waits: Sequence[JsonValue], running: int) -> str:
    if not run.begun:
        return "its shots are still being read"
    return "" if waits or running else "nothing of it waits"


def _hold(job: Job) -> Wait | None:
    """What holds a job as a whole."""
    if job.state not in _HOLDS:
        return None
    return Wait(HOLDS[job.state], _HOLDS[job.state].format(job=job.id), job.id)


def _plain(wait: Wait) -> Row:
    return {
        "reason": wait.reason,
        "message": wait.message,
        "blocker": wait.blocker,
        "numbers": dict(wait.numbers),
    }


def _remedy(wait: Wait, job: Job) -> str:
    """What people can do about it; "" where it passes by itself."""
    if wait.reason is not WaitReason.LIMIT:
        return ""
    if wait.blocker == job.id:
        return "submit the list again with a larger --budget: what is done is kept"
    return "projects in the farm's settings says so"


def ended(job: Job, store: JobStore) -> str:
    """Why nothing of a job that is not open runs, of a failed one with what failed first."""
    if job.state.live:
        return "the driver could not open it yet, and tries again every few seconds (its log says why)"
    words = _ENDED[job.state].format(job=job.id)
    if job.state is not JobState.FAILED:
        return job.message or words
    failed = (record for record in store.load(job.id) if record.state is TaskState.FAILED)
    first = next((f"; {record.task.label}: {record.message}" for record in failed), "")
    return f"{job.message or 'some shots have no clip'}{first} ({words})"
