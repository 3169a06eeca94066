"""What the job store gives back: jobs, tasks as they stand, attempts, and the outbox, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pydantic import JsonValue

from farm.errors import FailureKind
from farm.scheduler.events import History
from farm.tasks import SETTLED, AttemptState, Manifest, Outcome, Task, TaskId, TaskState


class JobState(StrEnum):
    ACTIVE = "active"
    DONE = "done"
    FAILED = "failed"
    """Ended, and some shots have no clip."""
    CANCELLED = "cancelled"

    @property
    def live(self) -> bool:
        return self is JobState.ACTIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One submitted shot list."""

    id: str
    project: str
    name: str
    out: str
    """The URL of the clip store it renders to."""
    document: Mapping[str, JsonValue]
    """The shot list, as it was submitted: "shots" with "code" and "sequence" each are what the catalog reads."""
    options: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    created_us: int
    state: JobState = JobState.ACTIVE
    seq: int = 0
    """Of its last change."""


@dataclass(frozen=True, slots=True)
class TaskRecord:
    """A task as it stands."""

    task: Task
    """With the shot and take it is called by in the job it was read for; of its first job when read without one."""
    state: TaskState
    failure: FailureKind | None
    message: str
    winner: int
    """The attempt whose output counts; 0 for none."""
    attempts: int
    """The number of the last attempt; 0 for none."""
    failures: Mapping[FailureKind, int]
    """How its attempts failed since it was last asked for again."""
    manifest: Manifest | None
    """The winner's; of a failed task the last attempt's, where that got so far as to leave one."""
    seq: int
    """Of its last change."""

    @property
    def history(self) -> History:
        """What the scheduler wants to know of it."""
        return History(self.state, self.attempts, self.failures, self.message)

    @property
    def outcome(self) -> Outcome | None:
        """What planning wants to know of it; None while it has not settled."""
        if self.state not in SETTLED:
            return None
        return Outcome(self.state, self.manifest, self.failure, self.message)


@dataclass(frozen=True, slots=True)
class AttemptRecord:
    """One attempt of a task. `manifest` is None while it runs."""

    task: TaskId
    number: int
    worker: str
    node: str
    state: AttemptState
    started_us: int
    manifest: Manifest | None


@dataclass(frozen=True, slots=True)
class Membership:
    """A job that wants a task, and what it calls it."""

    job: str
    shot: str
    take: int
    seq: int
    """Of when it asked."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything about some jobs, read at one moment."""

    seq: int
    jobs: Mapping[str, Job]
    tasks: Mapping[TaskId, TaskRecord]
    members: Mapping[str, tuple[TaskId, ...]]
    """The tasks of each job, in its order."""


class ChangeKind(StrEnum):
    """What a line of the outbox is about."""

    JOB = "job"
    TASK_ADDED = "task added"
    ATTEMPT_STARTED = "attempt started"
    ATTEMPT_ENDED = "attempt ended"
    TASK_MOVED = "task moved"


@dataclass(frozen=True, slots=True)
class ChangeRecord:
    """One line of the outbox. `state` is what its subject (job, task or attempt) came to."""

    seq: int
    kind: ChangeKind
    state: str
    job: str | None
    task: TaskId | None
    attempt: int | None
    at_us: int
