"""Workers: which there are of each lane, where they are, and what they do.

    start ──▶ starting ──ready──▶ idle ◀──▶ busy          any ──lost or stopped──▶ gone
                                   └── its node is lost ──▶ stranded, until word comes that it is gone

Owns the workers and their indexes: nothing here is found by looking through all of them. How many there should be is
`farm.scheduler.sizing`'s, what they run is `farm.scheduler.dispatch`'s.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from farm.scheduler.faults import Health
from farm.scheduler.fleet import NOWHERE, Fleet, Node
from farm.scheduler.graph import Entry
from farm.scheduler.phases import Phase, Phases, TimeSpent
from farm.scheduler.policy import NodeShape
from farm.scheduler.trust import Trust
from farm.tasks import Lane

LOAD_PRIOR_S = 30.0
"""What a worker is taken to need until it is ready, before one was."""


class WorkerState(StrEnum):
    STARTING = "starting"
    IDLE = "idle"
    BUSY = "busy"
    STRANDED = "stranded"


@dataclass(frozen=True, slots=True, eq=False)
class Written:
    """An attempt that needs its worker no more, but for its files."""

    entry: Entry
    since_us: int
    """When it began."""
    micros: int
    """What it cost."""


@dataclass(slots=True, eq=False)
class Worker:
    name: str
    lane: LaneWorkers
    node: Node | None
    """None: wherever the autoscaler puts it."""
    pinned: bool
    """Whether it was started for its node."""
    since_us: int
    """When it came to the state it is in."""
    state: WorkerState = WorkerState.STARTING
    started_us: int = 0
    entry: Entry | None = None
    """What it runs."""
    job: str = ""
    """In whose name."""
    project: str = ""
    booked: float = 0.0
    """What its attempt is expected to use, in all, see `farm.scheduler.dispatch`."""
    booked_until_us: int = 0
    """When it is expected to end by that."""
    ran: int = 0
    """Attempts so far."""
    cancelled_us: int | None = None
    """When its attempt was asked to stop."""
    kind: NodeShape | None = None
    """The kind of node that it was asked for on."""
    steady: bool = False
    """Whether it was asked for because its task should not run on a spot node."""
    alarm_us: int = 0
    """When its alarm goes off; 0 for none."""
    written: Written | None = None
    """An attempt of its that is being written while it is idle, or runs the next."""

    @property
    def where(self) -> str:
        return self.node.id if self.node else NOWHERE

    @property
    def fresh_until_us(self) -> int:
        """Until when an idle worker is left alone that has run nothing yet: as long as loading takes."""
        return self.since_us if self.ran else self.since_us + int(self.lane.load_s * 1e6)


@dataclass(slots=True, eq=False)
class LaneWorkers:
    """All workers of one lane, and how the lane fares."""

    lane: Lane
    gpus: int = field(init=False)
    """Of a worker."""
    health: Health = field(default_factory=Health)
    trust: Trust = field(default_factory=Trust)
    workers: dict[str, Worker] = field(default_factory=dict[str, Worker])
    idle: dict[str, Worker] = field(default_factory=dict[str, Worker])
    """Those that may be given work."""
    benched: dict[str, dict[str, Worker]] = field(default_factory=dict[str, dict[str, Worker]])
    """By node on trial: idle ones that may not be given work now."""
    pending: dict[str, Worker] = field(default_factory=dict[str, Worker])
    """Those that no node is known for."""
    starting: int = 0
    """Pending ones too."""
    busy: int = 0
    phases: Phases = field(default_factory=Phases)
    busy_for: dict[str, int] = field(default_factory=dict[str, int])
    """Attempts that run, by project."""
    load_s: float = LOAD_PRIOR_S
    """From start to ready, learned."""
    loads: int = 0
    """How many that rests on."""
    unmet_since_us: int = -1
    """Since when it could use a worker more; -1 when it could not."""
    had_workers: bool = False
    served: dict[str, int] = field(default_factory=dict[str, int])
    """Jobs that it worked for, with when it last did."""
    urgent_us: int = -(1 << 62)
    """When it last worked for an urgent one."""
    incapable_since_us: int = -1
    misfit: Entry | None = None
    """A task that could run and must not on the workers that are idle."""

    def __post_init__(self) -> None:
        self.gpus = self.lane.gpus_in_all

    @property
    def name(self) -> str:
        return self.lane.name

    @property
    def on_bench(self) -> tuple[Worker, ...]:
        return tuple(worker for benched in self.benched.values() for worker in benched.values())

    @property
    def ready(self) -> int:
        return len(self.idle) + self.busy

    def spent(self, now_us: int) -> TimeSpent:
        """What its workers did with their time until now."""
        phases = self.phases
        return TimeSpent(
            self.name,
            self.gpus,
            {
                Phase.LOADING: phases.loading_us + now_us * (self.starting - len(self.pending)),
                Phase.IDLE: phases.idle_us + now_us * (len(self.idle) + len(self.on_bench)),
                Phase.BUSY: phases.busy_us + now_us * self.busy,
            },
        )


@dataclass(slots=True)
class Workers:
    fleet: Fleet
    lanes: dict[Lane, LaneWorkers] = field(default_factory=dict[Lane, LaneWorkers])
    by_name: dict[str, Worker] = field(default_factory=dict[str, Worker])
    at: dict[str, dict[str, Worker]] = field(default_factory=dict[str, dict[str, Worker]])
    """By node."""
    _started: int = 0

    def of(self, lane: Lane) -> LaneWorkers:
        known = self.lanes.get(lane)
        if known is None:
            known = self.lanes[lane] = LaneWorkers(lane)
        return known

    def start(self, lane: LaneWorkers, node: Node | None, now_us: int) -> Worker:
        self._started += 1
        worker = Worker(f"{lane.name}-{self._started}", lane, None, node is not None, now_us, started_us=now_us)
        self.by_name[worker.name] = lane.workers[worker.name] = worker
        lane.starting += 1
        lane.had_workers = True
        self.settle(worker, node, now_us)
        return worker

    def settle(self, worker: Worker, node: Node | None, now_us: int) -> None:
        """A worker's place is known, or known to be another."""
        if worker.state is WorkerState.STARTING:
            worker.lane.phases.loading_us += now_us * ((worker.node is not None) - (node is not None))
        if worker.node is not None:
            self.fleet.give(worker.node, worker.lane.lane)
            del self.at[worker.node.id][worker.name]
        worker.node = node
        if node is None:
            worker.lane.pending[worker.name] = worker
            return
        worker.lane.pending.pop(worker.name, None)
        self.fleet.take(node, worker.lane.lane)
        self.at.setdefault(node.id, {})[worker.name] = worker

    def turn(self, worker: Worker, state: WorkerState, now_us: int) -> None:
        """A worker comes to another state."""
        lane = worker.lane
        if worker.state is WorkerState.BUSY:
            lane.busy -= 1
            lane.phases.busy_us += now_us
        elif worker.state is WorkerState.IDLE:
            self._unlist(worker)
            lane.phases.idle_us += now_us
        elif worker.state is WorkerState.STARTING:
            lane.starting -= 1
            lane.phases.loading_us += now_us * (worker.node is not None)
        worker.state, worker.since_us = state, now_us
        if state is WorkerState.BUSY:
            lane.busy += 1
            lane.phases.busy_us -= now_us
        elif state is WorkerState.IDLE:
            self._list(worker)
            lane.phases.idle_us -= now_us

    def remove(self, worker: Worker, now_us: int) -> None:
        """A worker is gone."""
        self.turn(worker, WorkerState.STRANDED, now_us)
        worker.lane.pending.pop(worker.name, None)
        del self.by_name[worker.name], worker.lane.workers[worker.name]
        if worker.node is not None:
            self.fleet.give(worker.node, worker.lane.lane)
            del self.at[worker.node.id][worker.name]

    # -- trials -------------------------------------------------------------------------------------------------

    def bench(self, lane: LaneWorkers, node: str) -> None:
        """A node is on trial: no idle worker of `lane` there is given work until it is called up."""
        for worker in self.at[node].values():
            if worker.name in lane.idle and worker.lane is lane:
                self._unlist(worker)
                self._list(worker)

    def call_up(self, lane: LaneWorkers, now_us: int) -> None:
        """Let benched workers be given work: all where the trial is over, one where it is time for the next try."""
        for node, benched in tuple(lane.benched.items()):
            trial = lane.trust.trials.get(node)
            if trial is None:
                del lane.benched[node]
                lane.idle.update(benched)
            elif now_us >= trial.until_us and not self._tries(lane, node):
                name, worker = benched.popitem()
                lane.idle[name] = worker
                if not benched:
                    del lane.benched[node]

    def _tries(self, lane: LaneWorkers, node: str) -> bool:
        """Whether a worker of `lane` on a node has work, or may be given some."""
        return any(
            worker.lane is lane and (worker.state is WorkerState.BUSY or name in lane.idle)
            for name, worker in self.at[node].items()
        )

    def _list(self, worker: Worker) -> None:
        """An idle worker: may be given work, unless its node is on trial."""
        lane = worker.lane
        if lane.trust.trials and worker.where in lane.trust.trials:
            lane.benched.setdefault(worker.where, {})[worker.name] = worker
        else:
            lane.idle[worker.name] = worker

    def _unlist(self, worker: Worker) -> None:
        lane = worker.lane
        if lane.idle.pop(worker.name, None) is None:
            benched = lane.benched[worker.where]
            del benched[worker.name]
            if not benched:
                del lane.benched[worker.where]

    def on(self, node: Node) -> tuple[Worker, ...]:
        return tuple(self.at.get(node.id, {}).values())
