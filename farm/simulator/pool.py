"""The fake pool: `farm.driver.seams.Pool` in virtual time, where working is waiting for a moment to come.

    start ─▶ pending ─▶ loading ─▶ WorkerReady       run ─▶ busy ──fate──▶ AttemptFinished │ WorkerLost
    wait ─▶ the clock goes to the next thing that happens, and `TURN_S` on, as a driver's turn takes time too

One pool per driver, as each has its own epoch of workers. What it is told is witnessed (`farm.simulator.audit`): room
that is not there, a task that runs twice, a project beyond its limit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from farm.driver.seams import Progress
from farm.errors import FailureKind
from farm.scheduler.events import AttemptFinished, Event, NodeUp, WorkerLost, WorkerReady
from farm.simulator.audit import Witness, Young
from farm.simulator.autoscaler import Pending
from farm.simulator.cluster import Cluster
from farm.simulator.faults import Fate
from farm.simulator.trace import AttemptRow, Stretch, WorkerRow
from farm.simulator.world import US_PER_S
from farm.tasks import AttemptState, FileClass, Lane, Manifest, StoredFile, TaskId, Work, attempt_prefix

TURN_S = 0.02
"""How long one turn of the driver's loop takes at least: what happens meanwhile is heard together."""
SLEEPS_PACES = 60
"""How many paces a pool with one sleeps at most."""
CANCEL_S = 1.0
"""How long a stage takes to heed a cancellation."""


class DriverKilled(BaseException):
    """The driver's process is gone: nothing of its may catch this."""


@dataclass(slots=True, eq=False)
class Worker:
    """One actor or gang."""

    name: str
    lane: Lane
    pinned: str | None = None
    """The node it may only run on."""
    market: str = ""
    """That of the nodes it may run on; "" for any."""
    node: str = ""
    state: Stretch = Stretch.PENDING
    since_us: int = 0
    ran: bool = False
    work: Work | None = None
    cancelled: bool = False


class SimPool:
    """The workers of one driver."""

    def __init__(self, cluster: Cluster, witness: Witness, epoch: int, pace_s: float = 0.0) -> None:
        self._cluster = cluster
        self._world = cluster.world
        self._witness = witness
        self._epoch = epoch
        self._pace_s = pace_s
        """How long to wait at least for something to happen, though the driver asks for less; 0 for as long as it asks.
        Longer while nothing is going to happen, in the world or by the scheduler's clock."""
        self.wake_us: Callable[[], int | None] = lambda: None
        """When the scheduler has something to do by the clock."""
        self._workers: dict[str, Worker] = {}
        self._heard: list[Event | Progress] = []
        self._lost: set[str] = set()
        self._stopped: set[str] = set()
        """Nothing more is told of these."""
        self._busy_in: dict[str, int] = {}
        self._heard_from_us = 0
        """What has happened since then the driver may not have looked at yet."""
        self._calls_left: int | None = None
        cluster.evict()
        cluster.evict = self.close
        cluster.tell = self._tell
        cluster.vacate = self._vacate
        for node in cluster.nodes.values():
            self._heard.append(node.up)
        self.each_turn: Callable[[], None] = lambda: None
        """Called whenever the driver waits: where what the scheduler says of itself is looked at."""

    # -- the protocol -------------------------------------------------------------------------------------------------

    def start(self, worker: str, lane: Lane, node: str | None, market: str = "") -> None:
        self._living()
        if node is not None and (there := self._cluster.nodes.get(node)):
            self._witness.room(there, lane, worker, self._unknown_on(node))
        self._workers[worker] = Worker(worker, lane, node, market, since_us=self._world.now_us)
        self._place_pending()

    def stop(self, worker: str) -> None:
        self._living()
        self._stopped.add(worker)
        if found := self._workers.get(worker):
            self._spare_the_young(found)
            self._remove(found, "cancelled")
            self._place_pending()

    def run(self, worker: str, work: Work) -> None:
        self._living()
        found = self._workers.get(worker)
        if found is None:
            if worker not in self._lost:
                self._witness.note(f"{worker} was given {work.task.label} and is not there")
            return  # it has died, and its driver will hear of that
        lane = found.lane.name
        found.ran = True
        self._witness.begins(work, found.lane, worker, idle=found.state is Stretch.IDLE)
        beside = self._busy_in.get(lane, 0)
        self._busy_in[lane] = beside + 1
        self._turn_to(found, Stretch.BUSY, work)
        fate = self._cluster.faults.fate(self._world, work.task, work.attempt, found.node, beside)
        self._world.after(fate.after_s, lambda: self._meet(found, work, fate))

    def cancel(self, worker: str, task: TaskId, attempt: int) -> None:
        self._living()
        found = self._workers.get(worker)
        if found and found.work and (found.work.task.id, found.work.attempt) == (task, attempt):
            found.cancelled = True
            work = found.work
            self._world.after(CANCEL_S, lambda: self._meet(found, work, Fate(0.0)))

    def drain(self, node: str, deadline_us: int) -> None:
        self._living()
        self._cluster.drain(node, (deadline_us - self._world.now_us) / US_PER_S)

    def wait(self, timeout_s: float) -> Sequence[Event | Progress]:
        self.each_turn()
        self._heard_from_us = self._world.now_us
        until_us = self._until_us(timeout_s)
        while not self._heard and self._world.step(until_us):
            self._living()
        turn_us = self._world.now_us + round(TURN_S * US_PER_S)
        while self._world.step(turn_us):
            self._living()
        heard, self._heard = self._heard, []
        return [event for event in heard if getattr(event, "worker", None) not in self._stopped]

    def _until_us(self, timeout_s: float) -> int:
        now_us = self._world.now_us
        if not timeout_s or timeout_s > self._pace_s:
            return now_us + round(timeout_s * US_PER_S)
        dues = [at_us for at_us in (self._world.next_us, self.wake_us()) if at_us is not None]
        longest_us = now_us + round(SLEEPS_PACES * self._pace_s * US_PER_S)
        return max(now_us + round(self._pace_s * US_PER_S), min([longest_us, *dues]))

    def close(self) -> None:
        for worker in list(self._workers.values()):
            self._remove(worker, "lost", FailureKind.RECLAIMED)

    # -- what a scenario sees and does --------------------------------------------------------------------------------

    @property
    def workers(self) -> Sequence[Worker]:
        return tuple(self._workers.values())

    def kill_driver(self, calls_left: int) -> None:
        """Kill the driver when it has called this pool `calls_left` times more: in the middle of whatever it does."""
        self._calls_left = calls_left

    def abandon(self) -> None:
        """The driver is gone: its workers end themselves once they have not heard from it for long enough."""
        self._calls_left = None
        self._heard = []
        self.each_turn = lambda: None
        self._cluster.tell = lambda event: None  # noqa: ARG005
        self._world.after(self._cluster.silence_s, self.close)

    # -- workers ------------------------------------------------------------------------------------------------------

    def _living(self) -> None:
        if self._calls_left is not None:
            self._calls_left -= 1
            if self._calls_left < 0:
                self._calls_left = None
                raise DriverKilled

    def _tell(self, event: Event) -> None:
        self._heard.append(event)
        if isinstance(event, NodeUp):
            self._place_pending()

    def _place(self, worker: Worker, node: str) -> None:
        self._cluster.occupy(self._cluster.nodes[node], worker.lane)
        self._turn_to(worker, Stretch.LOADING)
        worker.node = node
        mean = self._cluster.load_s(worker.lane)
        load_s = self._world.around(mean, self._cluster.load_spread, "load", self._epoch, worker.name)
        self._world.after(load_s, lambda: self._loaded(worker))

    def _place_pending(self) -> None:
        """Give pending workers room, in the order in which they were started; the autoscaler sees who is left."""
        left: list[Pending] = []
        for worker in [worker for worker in self._workers.values() if worker.state is Stretch.PENDING]:
            if worker.pinned is None:
                if node := self._cluster.room_for(worker.lane, worker.market):
                    self._place(worker, node.name)
                else:
                    left.append((worker.lane, worker.market))
            elif (node := self._cluster.nodes.get(worker.pinned)) is None or node.draining:
                self._lose(worker, FailureKind.RECLAIMED, f"node {worker.pinned} is gone", certain_s=0.0)
            elif node.fits(worker.lane):
                self._place(worker, node.name)
        self._cluster.autoscaler.demand(left)

    def _unknown_on(self, node: str) -> list[Lane]:
        """Who has room on a node that the driver cannot know of: workers that were started anywhere, and load there, or
        have come up in this turn."""
        on = [worker for worker in self._workers.values() if worker.node == node and worker.pinned is None]
        return [worker.lane for worker in on if worker.state is Stretch.LOADING or self._came_up_now(worker)]

    def _came_up_now(self, worker: Worker) -> bool:
        return worker.state is Stretch.IDLE and not worker.ran and worker.since_us >= self._heard_from_us

    def _spare_the_young(self, worker: Worker) -> None:
        """Witness the stop of a worker that loads, or came up less than the quickest load of its lane takes ago.

        Of those that were started anywhere the driver cannot know which one loads, until it is ready.
        """
        for_us = self._world.now_us - worker.since_us
        loads = worker.state is Stretch.LOADING and worker.pinned is not None
        quickest_us = self._cluster.load_s(worker.lane) * (1 - self._cluster.load_spread) * US_PER_S
        fresh = worker.state is Stretch.IDLE and not worker.ran and for_us + TURN_S * US_PER_S < quickest_us
        if loads or fresh:
            young = Young(worker.name, fresh, for_us / US_PER_S)
            self._witness.stops(young, node=self._cluster.nodes.get(worker.node))

    def _loaded(self, worker: Worker) -> None:
        if self._workers.get(worker.name) is worker and worker.state is Stretch.LOADING:
            self._turn_to(worker, Stretch.IDLE)
            self._heard.append(WorkerReady(worker.name, worker.node))

    def _meet(self, worker: Worker, work: Work, fate: Fate) -> None:
        """An attempt comes to its end, unless it, or its worker, has come to another one before."""
        if self._workers.get(worker.name) is not worker or worker.work is not work:
            return
        if fate.kills and not worker.cancelled:
            assert fate.kind is not None
            self._lose(worker, fate.kind, fate.message, certain_s=0.0)
            self._place_pending()
            return
        manifest = self._manifest(worker, work, fate)
        if self._cluster.shelf.setdefault((work.task.id, work.attempt), manifest) is not manifest:
            self._witness.note(f"attempt {work.attempt} of {work.task.label} left two manifests")
        self._cluster.left[work.task.id] = work.attempt
        self._row(worker, manifest.state, manifest.failure)
        self._turn_to(worker, Stretch.IDLE)
        self._heard.append(AttemptFinished(worker.name, manifest))

    def _manifest(self, worker: Worker, work: Work, fate: Fate) -> Manifest:
        state = AttemptState.FAILED if fate.kind else AttemptState.DONE
        if worker.cancelled:
            state = AttemptState.CANCELLED
        prefix = attempt_prefix(work.task.project, FileClass.MEZZANINE, work.task.id, work.attempt)
        clip = StoredFile(key=f"{prefix}/clip.mov", size=1, sha256="0" * 64, file_class=FileClass.MEZZANINE)
        return Manifest(
            task=work.task.id,
            attempt=work.attempt,
            stage=work.task.stage,
            state=state,
            failure=fate.kind if state is AttemptState.FAILED else None,
            message=fate.message if state is AttemptState.FAILED else "",
            files={"clip": clip} if state is AttemptState.DONE else {},
            worker=worker.name,
            node=worker.node,
            started_us=worker.since_us,
            ended_us=self._world.now_us,
        )

    def _vacate(self, node: str) -> None:
        for worker in [worker for worker in self._workers.values() if worker.node == node]:
            self._lose(worker, FailureKind.RECLAIMED, f"node {node} is gone", certain_s=self._cluster.silence_s)
        self._place_pending()

    def _lose(self, worker: Worker, kind: FailureKind, message: str, certain_s: float) -> None:
        """A worker dies; its driver is told when that is certain."""
        self._remove(worker, "lost", kind)
        self._lost.add(worker.name)
        lost = WorkerLost(worker.name, kind, message)
        if certain_s:
            self._world.after(certain_s, lambda: self._heard.append(lost))
        else:
            self._heard.append(lost)

    def _remove(self, worker: Worker, outcome: str, kind: FailureKind | None = None) -> None:
        if worker.work:
            self._row(worker, outcome, kind)
        self._turn_to(worker, worker.state)
        if self._workers.get(worker.name) is worker:
            del self._workers[worker.name]
        if worker.node:
            self._cluster.vacated(worker.node, worker.lane)

    # -- records ------------------------------------------------------------------------------------------------------

    def _turn_to(self, worker: Worker, state: Stretch, work: Work | None = None) -> None:
        """Record the stretch that ends, and begin the next one."""
        now, lane, task = self._world.now_us, worker.lane, worker.work and worker.work.task
        if worker.since_us < now:
            self._cluster.trace.workers.append(
                WorkerRow(
                    worker=worker.name,
                    epoch=self._epoch,
                    lane=lane.name,
                    node=worker.node,
                    gpus=lane.gpus_in_all,
                    cpus=lane.ranks,
                    state=worker.state,
                    project=task.project if task else "",
                    task=task.id if task else "",
                    started_us=worker.since_us,
                    ended_us=now,
                )
            )
        worker.state, worker.work, worker.since_us = state, work, now
        worker.cancelled = False

    def _row(self, worker: Worker, outcome: str, kind: FailureKind | None) -> None:
        """Record the attempt that a worker is making, which is over."""
        assert worker.work is not None
        task, lane = worker.work.task, worker.lane
        self._busy_in[lane.name] -= 1
        self._witness.ends(worker.work, lane, done=outcome == AttemptState.DONE)
        self._cluster.trace.attempts.append(
            AttemptRow(
                task=task.id,
                attempt=worker.work.attempt,
                project=task.project,
                stage=task.stage,
                shot=task.shot,
                take=task.take,
                lane=lane.name,
                shape=task.shape,
                worker=worker.name,
                node=worker.node,
                epoch=self._epoch,
                gpus=lane.gpus_in_all,
                cpus=lane.ranks,
                started_us=worker.since_us,
                ended_us=self._world.now_us,
                outcome=outcome,
                failure=kind,
            )
        )
