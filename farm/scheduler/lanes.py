"""How many workers a lane may have, and who in it is free.

A lane grows to what the machine holds as soon as it has that much work, and keeps its warm workers: loading costs more
than idling. Owns the workers' state; the tasks' state is `farm.scheduler.state`'s.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from enum import StrEnum

from farm.tasks import Lane, TaskId

START_FAILURES_MAX = 3
"""After so many workers of a lane died before they were ready, in a row, the lane is broken."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What there is to place workers on."""

    cpus: int
    gpus: int = 0

    def capacity(self, lane: Lane) -> int:
        """How many workers of `lane` fit; 0 when not even one does."""
        return self.gpus // lane.gpus if lane.gpus else self.cpus


class WorkerState(StrEnum):
    STARTING = "starting"
    IDLE = "idle"
    BUSY = "busy"


@dataclass(slots=True)
class Worker:
    name: str
    lane: Lane
    state: WorkerState = WorkerState.STARTING
    node: str = ""
    task: TaskId | None = None


@dataclass(slots=True)
class Lanes:
    """All workers, by name, and each lane's run of failed starts."""

    machine: Machine
    workers: dict[str, Worker] = field(default_factory=dict[str, Worker])
    failed_starts: dict[Lane, int] = field(default_factory=dict[Lane, int])
    last_failure: dict[Lane, str] = field(default_factory=dict[Lane, str])
    _started: int = 0

    def of(self, lane: Lane) -> Iterator[Worker]:
        return (worker for worker in self.workers.values() if worker.lane == lane)

    def missing(self, lane: Lane, tasks: int) -> int:
        """How many more workers `lane` should start, having `tasks` unfinished tasks."""
        if self.failed_starts.get(lane, 0) >= START_FAILURES_MAX:
            return 0
        return min(self.machine.capacity(lane), tasks) - sum(1 for _ in self.of(lane))

    def start(self, lane: Lane) -> Worker:
        self._started += 1
        worker = Worker(f"{lane.name}-{self._started}", lane)
        self.workers[worker.name] = worker
        return worker

    def ready(self, name: str, node: str) -> None:
        worker = self.workers[name]
        worker.state, worker.node = WorkerState.IDLE, node
        self.failed_starts[worker.lane] = 0

    def lose(self, name: str, message: str) -> Worker | None:
        worker = self.workers.pop(name, None)
        if worker and worker.state is WorkerState.STARTING:
            self.failed_starts[worker.lane] = self.failed_starts.get(worker.lane, 0) + 1
            self.last_failure[worker.lane] = message
        return worker

    def broken(self, lane: Lane) -> bool:
        """True when a lane has no worker and gets none."""
        return self.failed_starts.get(lane, 0) >= START_FAILURES_MAX and not any(self.of(lane))

    def why_incapable(self, lane: Lane) -> str:
        """Why no worker will ever run this lane's tasks; "" when one may."""
        if not self.machine.capacity(lane):
            return f"no worker here has {lane.gpus} GPUs for {lane.name}"
        if self.broken(lane):
            return f"no worker of lane {lane.name} starts: {self.last_failure[lane]}"
        return ""

    def idle(self, lane: Lane, avoid: AbstractSet[str]) -> Worker | None:
        """An idle worker, not one of `avoid` unless the lane has, and can have, no other."""
        free = [worker for worker in self.of(lane) if worker.state is WorkerState.IDLE]
        fresh = [worker for worker in free if worker.name not in avoid]
        if fresh:
            return fresh[0]
        others = any(worker.name not in avoid for worker in self.of(lane))
        return free[0] if free and not others else None
