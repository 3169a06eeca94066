"""A farm in miniature for the pure scheduler: workers that answer, and a ledger of what was decided."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from farm.changes import AttemptEnded, AttemptStarted, TaskMoved
from farm.errors import FailureKind
from farm.scheduler.events import (
    AttemptFinished,
    CancelAttempt,
    Decision,
    Event,
    Rank,
    Run,
    StartWorker,
    TaskAdded,
    Tick,
    WorkerLost,
    WorkerReady,
)
from farm.scheduler.lanes import Machine
from farm.scheduler.state import Scheduler
from farm.tasks import AttemptState, Input, Lane, Manifest, Task


@dataclass
class Floor:
    """Carries out commands by remembering them; the test decides how attempts end."""

    scheduler: Scheduler
    now_us: int = 0
    running: dict[str, Run] = field(default_factory=dict)
    started: list[str] = field(default_factory=list)
    cancels: list[CancelAttempt] = field(default_factory=list)
    settled: list[str] = field(default_factory=list)
    ledger: list[AttemptStarted | AttemptEnded | TaskMoved] = field(default_factory=list)

    def tell(self, event: Event) -> Decision:
        decision = self.scheduler.handle(event, self.now_us)
        self.ledger += decision.changes
        self.settled += decision.settled
        for command in decision.commands:
            match command:
                case StartWorker():
                    self.started.append(command.worker)
                case Run():
                    assert command.worker not in self.running, "a worker was given two attempts"
                    self.running[command.worker] = command
                case CancelAttempt():
                    self.cancels.append(command)
        return decision

    def add(self, *tasks: Task, shot: int = 0) -> None:
        for task in tasks:
            self.tell(TaskAdded(task, Rank(0, 0, shot)))

    def ready(self) -> None:
        """Every worker that was asked for comes up."""
        while self.started:
            self.tell(WorkerReady(self.started.pop(0), "node"))

    def finish(self, worker: str, kind: FailureKind | None = None, message: str = "") -> None:
        run = self.running.pop(worker)
        state = AttemptState.FAILED if kind else AttemptState.DONE
        self.tell(AttemptFinished(worker, manifest(run, state, kind, message)))

    def lose(self, worker: str, kind: FailureKind = FailureKind.CRASHED) -> None:
        self.running.pop(worker, None)
        self.tell(WorkerLost(worker, kind, "it died"))

    def later(self, seconds: float) -> None:
        self.now_us += int(seconds * 1e6)
        self.tell(Tick())

    def only(self) -> str:
        """The one busy worker."""
        (worker,) = self.running
        return worker


def manifest(run: Run, state: AttemptState, kind: FailureKind | None = None, message: str = "") -> Manifest:
    return Manifest(
        task=run.task.id, attempt=run.attempt, stage=run.task.stage, state=state, failure=kind, message=message
    )


def make_task(name: str, *needs: Task, gpus: int = 0) -> Task:
    inputs = {str(index): Input(task=need.id, output="out") for index, need in enumerate(needs)}
    lane = Lane(name="model", gpus=gpus) if gpus else Lane()
    return Task.of(project="p", stage="score", version=1, params={"name": name}, inputs=inputs, lane=lane, shot=name)


@pytest.fixture
def floor() -> Floor:
    return Floor(Scheduler(Machine(cpus=2)))


@pytest.fixture
def task():
    return make_task


@pytest.fixture
def floor_of():
    return lambda cpus=2, gpus=0: Floor(Scheduler(Machine(cpus, gpus)))
