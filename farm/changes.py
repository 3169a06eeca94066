"""What the scheduler decides and the job store keeps: the changes of task state, as values.

One `commit` writes a batch of them in one transaction; each committed change gets the next `seq` of the outbox, from
which the catalog and every other reader follow.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from farm.errors import FailureKind
from farm.tasks import Manifest, TaskId, TaskState


@dataclass(frozen=True, slots=True)
class AttemptStarted:
    """An attempt is about to be dispatched; its row is durable before the worker hears of it. The task runs."""

    task: TaskId
    attempt: int
    worker: str
    node: str
    at_us: int
    job: str = ""
    """In whose name it runs, and which pays for it."""


@dataclass(frozen=True, slots=True)
class AttemptEnded:
    """An attempt is over. Says nothing yet about the task, see `TaskMoved`."""

    manifest: Manifest
    cost_micros: int = 0
    """What it cost the job in whose name it ran, in millionths of the farm's currency."""


@dataclass(frozen=True, slots=True)
class TaskMoved:
    """A task has changed state. `winner` is the attempt whose output counts, when it is done."""

    task: TaskId
    state: TaskState
    at_us: int
    winner: int = 0
    failure: FailureKind | None = None
    message: str = ""


Committed: TypeAlias = AttemptStarted | AttemptEnded | TaskMoved


class NoticeKind(StrEnum):
    """What people may want to hear of a job, beside its end."""

    SHOT_FAILED = "shot.failed"
    SHOT_HELD = "shot.held"
    BUDGET_REACHED = "budget.reached"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something that people may want to hear of. Told once, however often it is found again.

    Two notices of one kind, project, job and shot are about the same occurrence while nothing has changed of the tasks
    they are `about`; those about no task, while they say the same `occurrence`.
    """

    kind: NoticeKind
    project: str
    job: str = ""
    """"" for what is about the project alone."""
    shot: str = ""
    words: str
    """One sentence."""
    about: tuple[TaskId, ...] = ()
    occurrence: int = 0
    """Of a budget that was reached: how much, in micros. Of one that was read back and is about tasks: the number of
    their last change, so that 0 is a shot without any."""
