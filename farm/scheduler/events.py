"""What the scheduler hears, and what it answers.

    Event ──handle──▶ Decision(changes to commit, then commands to carry out)

Changes are committed before any command is carried out: an attempt's row is durable before its worker hears of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from farm.changes import Committed
from farm.errors import FailureKind
from farm.tasks import Lane, Manifest, Task, TaskId, TaskState


@dataclass(frozen=True, slots=True)
class History:
    """What the job store knows of a task from earlier: where it stands, and how its attempts ended."""

    state: TaskState = TaskState.WAITING
    attempts: int = 0
    failures: Mapping[FailureKind, int] = field(default_factory=dict[FailureKind, int])
    message: str = ""


@dataclass(frozen=True, slots=True)
class Rank:
    """Where a task stands in the queue: smaller runs first."""

    priority: int
    """Of its job; higher runs first, so it is negated in `key`."""
    job: int
    """Jobs by age."""
    shot: int

    @property
    def key(self) -> tuple[int, int, int]:
        return (-self.priority, self.job, self.shot)


@dataclass(frozen=True, slots=True)
class TaskAdded:
    """A task is wanted. One that is known already only moves up, if its new rank is better."""

    task: Task
    rank: Rank
    history: History = History()


@dataclass(frozen=True, slots=True)
class WorkerReady:
    worker: str
    node: str


@dataclass(frozen=True, slots=True)
class WorkerLost:
    """A worker is gone. Its attempt, if it had one, ends with `kind`."""

    worker: str
    kind: FailureKind
    message: str


@dataclass(frozen=True, slots=True)
class AttemptFinished:
    """A worker's attempt is complete: its manifest lies in the clip store."""

    worker: str
    manifest: Manifest


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed: pauses may be over."""


@dataclass(frozen=True, slots=True)
class StopAsked:
    """Start nothing more and cancel what runs; what is cancelled stays wanted."""


Event: TypeAlias = TaskAdded | WorkerReady | WorkerLost | AttemptFinished | Tick | StopAsked


@dataclass(frozen=True, slots=True)
class StartWorker:
    worker: str
    lane: Lane


@dataclass(frozen=True, slots=True)
class Run:
    worker: str
    task: Task
    attempt: int
    alone: bool = False
    """True when nothing else is left to run, so that it may use the whole machine."""


@dataclass(frozen=True, slots=True)
class CancelAttempt:
    worker: str
    task: TaskId
    attempt: int


Command: TypeAlias = StartWorker | Run | CancelAttempt


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows from an event. `settled` names tasks that are now done or failed for good."""

    changes: tuple[Committed, ...] = ()
    commands: tuple[Command, ...] = ()
    settled: tuple[TaskId, ...] = ()
