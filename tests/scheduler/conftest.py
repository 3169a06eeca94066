"""A farm in miniature for the pure scheduler: it carries out commands by remembering them, and audits every change.

Nodes and workers are names; the test says what happens to them. The job store's own `fold` checks that every change is
one that the store would take.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import pytest

from farm.changes import Committed
from farm.errors import FailureKind
from farm.scheduler.events import (
    AttemptFinished,
    CancelAttempt,
    Decision,
    Event,
    JobSet,
    NodeLost,
    NodeUp,
    Run,
    StartWorker,
    StopWorker,
    TaskAdded,
    Tick,
    WorkerFreed,
    WorkerLost,
    WorkerReady,
)
from farm.scheduler.policy import Limits, Policy
from farm.scheduler.state import Scheduler
from farm.scheduler.waits import WaitReason
from farm.store.fold import Standing, fold, subject
from farm.tasks import AttemptState, Input, Lane, Manifest, Task, TaskId, TaskState

NO_LIMITS = Limits()
PLAIN = Policy()


@dataclass
class Floor:
    """What stands where, as the commands made it; the test decides what happens."""

    policy: Policy = field(default_factory=Policy)
    now_us: int = 0
    starting: dict[str, StartWorker] = field(default_factory=dict)
    idle: dict[str, StartWorker] = field(default_factory=dict)
    running: dict[str, Run] = field(default_factory=dict)
    written: dict[str, Run] = field(default_factory=dict)
    placed: dict[str, StartWorker] = field(default_factory=dict)
    cancels: list[CancelAttempt] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    settled: list[TaskId] = field(default_factory=list)
    ledger: list[Committed] = field(default_factory=list)
    standings: dict[TaskId, Standing] = field(default_factory=dict)
    loads: int = 0
    added: int = 0

    def __post_init__(self) -> None:
        self.scheduler = Scheduler(self.policy)

    # -- what is told -------------------------------------------------------------------------------------------

    def tell(self, event: Event) -> Decision:
        decision = self.scheduler.handle(event, self.now_us)
        return self.carry_out(decision)

    def carry_out(self, decision: Decision) -> Decision:
        for change in decision.changes:
            self.standings.setdefault(subject(change), Standing(TaskState.WAITING))
        fold(self.standings, decision.changes, len(self.ledger))
        self.ledger += decision.changes
        self.settled += decision.settled
        for command in decision.commands:
            match command:
                case StartWorker():
                    self.starting[command.worker] = self.placed[command.worker] = command
                    self.loads += 1
                case StopWorker():
                    self.forget(command.worker)
                    self.stopped.append(command.worker)
                case Run():
                    assert command.worker in self.idle, "only an idle worker is given work"
                    assert command.task.id not in {run.task.id for run in self.running.values()}, "runs twice"
                    del self.idle[command.worker]
                    self.running[command.worker] = command
                case CancelAttempt():
                    self.cancels.append(command)
        return decision

    def forget(self, worker: str) -> None:
        for kept in (self.starting, self.idle, self.running, self.placed):
            kept.pop(worker, None)

    def job(
        self,
        job: str = "job",
        project: str = "p",
        priority: int = 50,
        hold: WaitReason | None = None,
        limits: Limits = NO_LIMITS,
        created_us: int = 0,
        *,
        awaited: bool = False,
    ) -> None:
        self.tell(JobSet(job, project, priority, created_us, hold, limits, awaited=awaited))

    def node(self, node: str, cpus: int, gpus: int = 0, pools: Iterable[str] = (), market: str = "") -> None:
        self.tell(NodeUp(node, cpus, gpus, frozenset(pools), node, market))

    def add(self, *tasks: Task, job: str = "job", shot: int | None = None) -> None:
        """In this order, or as this shot of the job."""
        for task in tasks:
            self.added += 1
            self.tell(TaskAdded(job, task, (self.added if shot is None else shot,)))

    def ready(self, *workers: str) -> None:
        """These workers come up, or all that were asked for and know their node."""
        for worker in workers or [name for name, start in self.starting.items() if start.node]:
            if worker in self.starting:
                self.come_up(worker, self.starting[worker].node or "")

    def come_up(self, worker: str, node: str, *cached: str) -> None:
        start = self.starting.pop(worker)
        self.idle[worker] = self.placed[worker] = StartWorker(worker, start.lane, node)
        self.tell(WorkerReady(worker, node, frozenset(cached)))

    def finish(self, worker: str, kind: FailureKind | None = None, message: str = "") -> None:
        state = AttemptState.FAILED if kind else AttemptState.DONE
        self.end(worker, state, kind, message)

    def end(self, worker: str, state: AttemptState, kind: FailureKind | None = None, message: str = "") -> None:
        run = self.running.pop(worker)
        self.idle[worker] = self.placed[worker]
        self.tell(AttemptFinished(worker, manifest(run, state, kind, message)))

    def free(self, worker: str) -> None:
        """Its attempt has only to be written."""
        run = self.written[worker] = self.running.pop(worker)
        self.idle[worker] = self.placed[worker]
        self.tell(WorkerFreed(worker, run.task.id, run.attempt))

    def write(self, worker: str, kind: FailureKind | None = None) -> None:
        state = AttemptState.FAILED if kind else AttemptState.DONE
        self.tell(AttemptFinished(worker, manifest(self.written.pop(worker), state, kind)))

    def lose(self, worker: str, kind: FailureKind = FailureKind.CRASHED) -> None:
        self.forget(worker)
        self.tell(WorkerLost(worker, kind, "it died"))

    def lost_node(self, node: str) -> None:
        """A node is gone, with what is there."""
        self.tell(NodeLost(node))
        for worker in [worker for worker, start in self.placed.items() if start.node == node]:
            self.lose(worker, FailureKind.RECLAIMED)

    def tick(self) -> Decision:
        return self.tell(Tick())

    def later(self, seconds: float) -> None:
        self.now_us += int(seconds * 1e6)
        self.tick()

    # -- what is read -------------------------------------------------------------------------------------------

    def only(self) -> str:
        """The one busy worker."""
        (worker,) = self.running
        return worker

    def at(self, worker: str) -> str:
        """The node a worker is on."""
        return self.placed[worker].node or ""

    def ran(self) -> list[str]:
        """The shots of what runs, in order of its workers."""
        return [run.task.shot for run in self.running.values()]

    def state(self, task: Task) -> TaskState:
        return self.scheduler.state(task.id)

    def why(self, task: Task) -> WaitReason | None:
        wait = self.scheduler.wait(task.id, self.now_us)
        return wait.reason if wait else None

    def changes(self, kind: type) -> list:
        return [change for change in self.ledger if isinstance(change, kind)]


def manifest(run: Run, state: AttemptState, kind: FailureKind | None = None, message: str = "") -> Manifest:
    return Manifest(
        task=run.task.id, attempt=run.attempt, stage=run.task.stage, state=state, failure=kind, message=message
    )


def make_task(
    name: str,
    *needs: Task,
    gpus: int = 0,
    ranks: int = 1,
    lane: str = "",
    pool: str = "",
    weights: str = "",
    project: str = "p",
    shape: str = "s",
    price: int = 0,
) -> Task:
    inputs = {str(index): Input(task=need.id, output="out") for index, need in enumerate(needs)}
    return Task.of(
        project=project,
        stage="score",
        version=1,
        params={"name": name},
        inputs=inputs,
        lane=Lane(name=lane or ("model" if gpus else "cpu"), gpus=gpus, ranks=ranks, pool=pool, weights=weights),
        shot=name,
        shape=shape,
        price_micros=price,
    )


@pytest.fixture
def task():
    return make_task


@pytest.fixture
def bare():
    """A floor without a node and a job."""
    return Floor


@pytest.fixture
def floor_of():
    """A floor with one job and nodes given as (cpus, gpus): "n1", "n2", and so on."""

    def build(*nodes: tuple[int, int], policy: Policy = PLAIN) -> Floor:
        floor = Floor(policy)
        for number, (cpus, gpus) in enumerate(nodes or [(2, 0)], 1):
            floor.node(f"n{number}", cpus, gpus)
        floor.job()
        return floor

    return build


@pytest.fixture
def floor(floor_of):
    return floor_of((2, 0))
