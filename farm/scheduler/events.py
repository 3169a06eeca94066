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
from farm.scheduler.policy import Limits
from farm.scheduler.waits import WaitReason
from farm.tasks import Lane, Manifest, Task, TaskId, TaskState

# -- what is wanted ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class History:
    """What the job store knows of a task from earlier: where it stands, and how its attempts ended."""

    state: TaskState = TaskState.WAITING
    attempts: int = 0
    failures: Mapping[FailureKind, int] = field(default_factory=dict[FailureKind, int])
    message: str = ""


@dataclass(frozen=True, slots=True)
class JobSet:
    """A job is there, or has other terms than before. Comes before its tasks."""

    job: str
    project: str
    priority: int
    """0-100; higher runs first."""
    created_us: int
    hold: WaitReason | None = None
    """HELD or PAUSED: none of its tasks begins; what runs goes on."""
    limits: Limits = field(default_factory=Limits)
    spent_micros: int = 0
    """By attempts that ended before this scheduler began; heeded when the job is new to it."""
    awaited: bool = False
    """True while a person is asked for a choice: workers that it will need again stay warm for a while."""


@dataclass(frozen=True, slots=True)
class JobDropped:
    """A job lets go of all its tasks: cancelled, or ended. What no other job wants is cancelled."""

    job: str


@dataclass(frozen=True, slots=True)
class ProjectSpent:
    """What jobs of a project that have ended cost: it counts towards the project's cap.

    Said once to a new scheduler, before the project's live jobs, whose own cost comes with `JobSet`. A job that goes on
    after its end is counted from then on by its `JobSet` alone.
    """

    project: str
    by_job: Mapping[str, int]
    """In micros."""


@dataclass(frozen=True, slots=True)
class TaskAdded:
    """A job wants a task, which other jobs may want too. Its inputs were added before it."""

    job: str
    task: Task
    order: tuple[int, ...] = ()
    """Its place within the job: smaller runs first."""
    history: History = History()
    """Heeded when the task is new to this scheduler. A known task that has settled is asked for again when this says
    that it waits (it failed, was cancelled, or its files are gone): it starts over, as `history.attempts` has it. A
    task that is done starts over only if this counts all its attempts: an older history knows less."""


# -- what happened ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NodeUp:
    """A node can take workers. Said again when what it has changes."""

    node: str
    cpus: int
    gpus: int = 0
    pools: frozenset[str] = frozenset()
    """Labels that lanes may ask for."""
    name: str = ""
    """What people call it."""
    market: str = ""
    """How it is paid for, for people: "spot"."""


@dataclass(frozen=True, slots=True)
class NodeDraining:
    """A node goes away at `deadline_us`: no new work; idle workers leave at once; what still runs then is reclaimed."""

    node: str
    deadline_us: int


@dataclass(frozen=True, slots=True)
class NodeLost:
    """A node takes no workers any more. The loss of each of its workers is told apart, once it is safe to rebook."""

    node: str


@dataclass(frozen=True, slots=True)
class WorkerReady:
    worker: str
    node: str
    cached: frozenset[str] = frozenset()
    """Models whose weights lie whole on the node's own disk (`Lane.weights`)."""


@dataclass(frozen=True, slots=True)
class WorkerLost:
    """A worker is gone and cannot write any more. Its attempt, if it had one, ends with `kind`."""

    worker: str
    kind: FailureKind
    message: str


@dataclass(frozen=True, slots=True)
class AttemptFinished:
    """A worker's attempt is complete: its manifest lies in the clip store."""

    worker: str
    manifest: Manifest


@dataclass(frozen=True, slots=True)
class WorkerFreed:
    """An attempt needs its worker no more: it is only being written, and ends by `AttemptFinished` all the same."""

    worker: str
    task: TaskId
    attempt: int


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed: pauses, timeouts and idle workers may be due."""


@dataclass(frozen=True, slots=True)
class StopAsked:
    """Start nothing more and cancel what runs; what is cancelled stays wanted."""


Event: TypeAlias = (
    JobSet
    | JobDropped
    | ProjectSpent
    | TaskAdded
    | NodeUp
    | NodeDraining
    | NodeLost
    | WorkerReady
    | WorkerLost
    | AttemptFinished
    | WorkerFreed
    | Tick
    | StopAsked
)

# -- what is to be done -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StartWorker:
    """Start a worker, all its ranks on `node`; None: wherever room comes to be, so that the autoscaler sees it."""

    worker: str
    lane: Lane
    node: str | None
    market: str = ""
    """How a node that comes for it is to be paid for; "" for any."""


@dataclass(frozen=True, slots=True)
class StopWorker:
    """End a worker, whatever it does. It is gone for the scheduler already."""

    worker: str


@dataclass(frozen=True, slots=True)
class Run:
    worker: str
    task: Task
    attempt: int
    alone: bool = False
    """True when nothing else is left to run, so that it may use the whole machine."""
    lean: int = 0
    """How often the task ran out of memory before."""
    job: str = ""
    """In whose name it runs."""


@dataclass(frozen=True, slots=True)
class CancelAttempt:
    worker: str
    task: TaskId
    attempt: int


Command: TypeAlias = StartWorker | StopWorker | Run | CancelAttempt


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows from an event. `settled` names tasks that are now done, failed or cancelled."""

    changes: tuple[Committed, ...] = ()
    commands: tuple[Command, ...] = ()
    settled: tuple[TaskId, ...] = ()
