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
    HELD = "held"
    """Submitted to wait until somebody resumes it."""
    PAUSED = "paused"
    DONE = "done"
    FAILED = "failed"
    """Ended, and some shots have no clip."""
    CANCELLED = "cancelled"

    @property
    def live(self) -> bool:
        """True while it may still want something."""
        return self in {JobState.ACTIVE, JobState.HELD, JobState.PAUSED}


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
    priority: int = 50
    budget_micros: int | None = None
    """What it may cost in all; None for no limit."""
    principal: str = ""
    """Who submitted it."""
    state: JobState = JobState.ACTIVE
    message: str = ""
    """Why it ended as it did, where there is more to say."""
    ended_us: int = 0
    seq: int = 0
    """Of its last change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobLine:
    """A job as a listing shows it: without its document, with where it stands."""

    id: str
    project: str
    name: str
    out: str
    created_us: int
    priority: int
    budget_micros: int | None
    spent_micros: int
    """By attempts that have ended."""
    principal: str
    state: JobState
    message: str
    ended_us: int
    tasks: Mapping[tuple[str, TaskState], int]
    """How many, by stage and state; only what is not 0."""
    report: str = ""
    """The key of its page, where it has one."""


class Verb(StrEnum):
    """What people ask of the driver."""

    SUBMIT = "submit"
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    RETRY = "retry"
    PRIORITY = "priority"
    APPROVE = "approve"
    REROLL = "reroll"
    DRAIN = "drain"
    WHY = "why"


class RequestState(StrEnum):
    PENDING = "pending"
    APPLIED = "applied"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Something a person asked of the driver, and what came of it. Kept: it is the audit of who changed what."""

    id: str
    verb: Verb
    principal: str
    """Who asks."""
    at_us: int
    job: str = ""
    body: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    """By verb: the job to create, {"shot": ...}, {"priority": 80}, {"shot": ..., "take": 2},
    {"node": ..., "within_s": 1800}, {"subject": ...}."""
    key: str = ""
    """Idempotency key: of two requests with one key the first counts; "" for none."""
    state: RequestState = RequestState.PENDING
    reason: str = ""
    """Why it was refused."""
    answer: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    decided_us: int = 0
    seq: int = 0
    """Of its outcome."""


@dataclass(frozen=True, slots=True)
class Deed:
    """One line of a job's history: what somebody asked for, or what became of the job."""

    at_us: int
    """When it was asked for; of a state, when the job came to it."""
    verb: Verb | None
    """None for a change of the job's state."""
    principal: str
    """Who asked; "" for the farm's own doing."""
    state: str
    """A `RequestState`, or a `JobState`."""
    reason: str = ""
    body: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    """The request's."""
    seq: int = 0
    """Of its outcome; 0 while it is pending."""


@dataclass(frozen=True, slots=True)
class Pulse:
    """What the leading driver last said of itself: soft, rewritten every few seconds."""

    at_us: int
    epoch: int
    leader: str
    """Process and host."""
    document: Mapping[str, JsonValue]
    """The farm at a glance: waiting tasks by job and reason, lanes, nodes."""


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
        message = self.message or ("cancelled" if self.state is TaskState.CANCELLED else "")
        return Outcome(self.state, self.manifest, self.failure, message)


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
    job: str = ""
    """In whose name it ran."""
    cost_micros: int = 0


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


@dataclass(frozen=True, slots=True)
class Durations:
    """Of some attempts."""

    attempts: int
    total_us: int


class ChangeKind(StrEnum):
    """What a line of the outbox is about."""

    JOB = "job"
    TASK_ADDED = "task added"
    REQUEST = "request"
    ATTEMPT_STARTED = "attempt started"
    ATTEMPT_ENDED = "attempt ended"
    TASK_MOVED = "task moved"
    NOTICE = "notice"
    """Something that people may want to hear of (`farm.changes.Notice`); its state is the kind of it."""


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


class DeliveryState(StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    GIVEN_UP = "given up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message for one webhook, and what came of it."""

    hook: str
    """What the webhook is called in the settings."""
    seq: int
    """Of the outbox's line that it tells of."""
    id: str
    """The same for every webhook and every try, so that receivers can tell doubles."""
    event: str
    project: str
    job: str
    shot: str
    body: str
    """What is sent; dropped once it was delivered."""
    at_us: int
    """When it happened."""
    created_us: int
    """When it was read from the outbox."""
    state: DeliveryState = DeliveryState.PENDING
    tries: int = 0
    due_us: int = 0
    """When it is tried next."""
    tried_us: int = 0
    """When it was last tried; 0 for never."""
    status: int = 0
    """The last answer's, as HTTP has it; 0 for none."""
    answer: str = ""
    """The last answer in words."""
