"""How many workers each lane has, and where: queues say where, speed says how much.

    lanes that want workers, that with the best task first
        ──▶ room that is free ──▶ room of idle workers whose lane has no work ──▶ nodes that may come (`supply`)
        ──▶ else a *claim*: a busy worker of another lane gives way between two tasks, where the claim outranks its lane

Loading costs minutes, so a lane keeps its workers while it has work, and gives way as `farm.scheduler.rivalry` says. A
worker that is loading, or has just come up, is left alone.

Owns the claims and decides on every start and stop; `farm.scheduler.lanes` keeps the books of workers.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from itertools import islice
from operator import attrgetter

from farm.scheduler.alarms import Alarms, Of
from farm.scheduler.answer import Answer
from farm.scheduler.demand import Demand
from farm.scheduler.events import StartWorker, StopWorker
from farm.scheduler.fleet import Fleet, Node, NodeState
from farm.scheduler.lanes import LaneWorkers, Worker, Workers, WorkerState
from farm.scheduler.order import Queues
from farm.scheduler.patience import Patience
from farm.scheduler.policy import NodeShape
from farm.scheduler.reservations import Reservation, Reservations
from farm.scheduler.rivalry import Rivalry
from farm.scheduler.supply import Supply
from farm.scheduler.victims import victims
from farm.tasks import Lane

AGAIN_LOADS = 3
"""A large worker that had to go waits for so many times its load before it has room kept for it again."""


@dataclass(slots=True)
class Sizing:
    queues: Queues
    workers: Workers
    fleet: Fleet
    demand: Demand
    rivalry: Rivalry
    reservations: Reservations
    patience: Patience
    supply: Supply
    alarms: Alarms
    due: bool = True
    """True when something has changed that sizes depend on."""
    claims: list[LaneWorkers] = field(default_factory=list[LaneWorkers])
    """Lanes that could use more workers than there is room for, best first."""
    _no_room: dict[LaneWorkers, int] = field(default_factory=dict[LaneWorkers, int])
    """The fleet's version at which a lane's worker fitted nowhere."""

    # -- growing ------------------------------------------------------------------------------------------------

    def resize(self, answer: Answer) -> None:
        """Start the workers that are wanted and find room, and name those that are wanted and do not."""
        self.due = False
        self.claims = []
        wanting = self.rivalry.look(answer.now_us)
        ranks = self.rivalry.ranks
        for lane in self.workers.lanes.values():
            if lane not in ranks:
                lane.unmet_since_us = -1
                self._withdraw(lane, len(lane.pending), answer)
        self._promise(answer.now_us)
        for lane in wanting:
            if not lane.workers and ranks[lane].band == ranks[wanting[0]].band:
                self._staff(lane, answer, at_most=1)  # a first worker for each before a second for any
        for lane in wanting:
            self._staff(lane, answer)
        for lane in self.claims:
            self._reserve(lane, answer.now_us)

    def _staff(self, lane: LaneWorkers, answer: Answer, at_most: int | None = None) -> None:
        if not lane.workers:
            self._note_steady(lane, answer.now_us)
        missing = self._missing(lane, answer.now_us)
        if at_most is not None:
            for _ in range(min(at_most, missing)):
                if (node := self._room(lane, (), answer)) is not None:
                    self.start(lane, node, answer)
            return
        self._withdraw(lane, -missing, answer)
        self._replace(lane, answer)
        avoid = self._avoided(lane)
        started = 0
        while started < missing:
            node = self._room(lane, avoid, answer)
            if node is None:
                break
            self.start(lane, node, answer)
            started += 1
        if started < missing:
            started += self._ask_for_nodes(lane, missing - started, answer)
        self._note(lane, missing - started, started, answer.now_us)

    def _note(self, lane: LaneWorkers, unmet: int, started: int, now_us: int) -> None:
        if unmet <= 0:
            lane.unmet_since_us = -1
            return
        self.claims.append(lane)
        if lane.unmet_since_us < 0 or started:
            lane.unmet_since_us = now_us

    def _missing(self, lane: LaneWorkers, now_us: int) -> int:
        """How many workers a lane has too few; negative: too many."""
        health = lane.health
        if now_us < health.paused_until_us:
            return 0
        wanted = self.demand.of(lane)
        if health.width is not None:
            wanted = min(wanted, max(0, health.width - lane.busy))
        if lane.misfit is not None and wanted:
            return 1 - lane.starting
        return wanted - len(lane.idle) - lane.starting

    def _room(self, lane: LaneWorkers, avoid: Collection[str], answer: Answer) -> Node | None:
        refused = [*self.reservations.refused(lane), *avoid]
        node = None
        if avoid or self._no_room.get(lane) != self.fleet.version:
            node = self.fleet.place(lane.lane, refused)
            if node is None and not avoid:
                self._no_room[lane] = self.fleet.version
        return node or self._make_room(lane, refused, answer)

    def _note_steady(self, lane: LaneWorkers, now_us: int) -> None:
        """A first worker is for the best task: where that should run on no spot node, it is not to come up on one."""
        best = self.queues.pick(lane.lane, now_us, lambda _: True, lambda _: True)
        entry = self.supply.graph.entries[best[1]] if best else None
        if entry is not None and self.supply.is_steady(entry):
            lane.misfit = entry

    def _avoided(self, lane: LaneWorkers) -> Collection[str]:
        """Where a further worker should not come up: where its task may not run."""
        if lane.misfit is None:
            return ()
        return (*lane.misfit.avoid, *(self.fleet.spot if self.supply.is_steady(lane.misfit) else ()))

    def _promise(self, now_us: int) -> None:
        """Room has come that pending workers will take, whoever asked first: nobody else should."""
        pending = [worker for lane in self.workers.lanes.values() for worker in lane.pending.values()]
        without: set[tuple[Lane, str]] = set()
        for worker in sorted(pending, key=attrgetter("started_us")):
            lane = worker.lane
            market = worker.kind.market if worker.kind else ""
            if (lane.lane, market) in without:
                continue
            if node := self.fleet.place(lane.lane, self.reservations.refused(lane), market):
                self.workers.settle(worker, node, now_us)
                worker.since_us = max(worker.since_us, worker.started_us)
                self.patience.watch(worker)
            else:
                without.add((lane.lane, market))

    def _replace(self, lane: LaneWorkers, answer: Answer) -> None:
        """Where room has come that is not what a pending worker waits for, but would do, another is started there."""
        refused = self.reservations.refused(lane)
        for worker in tuple(lane.pending.values()):
            if node := self.fleet.place(lane.lane, [*refused, *(self.fleet.spot if worker.steady else ())]):
                self.stop(worker, answer)
                self.start(lane, node, answer)

    def _ask_for_nodes(self, lane: LaneWorkers, missing: int, answer: Answer) -> int:
        """Start workers without a node, as the demand that the autoscaler sees; gives how many."""
        steady = lane.misfit is not None and self.supply.is_steady(lane.misfit)
        count = 0
        for kind in self.supply.asked(lane, missing, answer.now_us, steady=steady):
            self.start(lane, None, answer, kind, steady=steady)
            count += 1
        return count

    def look_elsewhere(self, worker: Worker, answer: Answer) -> None:
        """The node that a worker waits for does not come: its kind is not asked for again for a while, where another
        would do."""
        kind = worker.kind
        assert kind is not None, worker
        self.supply.late(kind, answer.now_us)
        for lane in self.workers.lanes.values():
            for other in tuple(lane.pending.values()):
                if other.kind == kind and self.supply.has_other(kind, lane.lane, answer.now_us, steady=other.steady):
                    self.stop(other, answer)
                elif other is worker:
                    self.patience.remind(worker, answer.now_us + int(self.supply.scaling.dry_s * 1e6))
        self.due = True

    def _withdraw(self, lane: LaneWorkers, count: int, answer: Answer) -> None:
        """Take back demand that is not there any more."""
        for worker in tuple(lane.pending.values())[: max(0, count)]:
            self.stop(worker, answer)

    # -- giving way ---------------------------------------------------------------------------------------------

    def _make_room(self, lane: LaneWorkers, refused: Collection[str], answer: Answer) -> Node | None:
        """Stop idle workers of lanes without work, as few as make room on one node."""
        if not self._pays(lane):
            return None
        spare: dict[str, list[Worker]] = {}
        for other in self.workers.lanes.values():
            if other is lane or not (other.idle or other.benched):
                continue
            count = max(0, len(other.idle) - self.demand.of(other))
            for worker in [*other.on_bench, *islice(other.idle.values(), count)]:
                if worker.where not in refused and self._may_stop(worker, answer.now_us):
                    spare.setdefault(worker.where, []).append(worker)
        best: tuple[int, str, list[Worker]] | None = None
        for name, idle in spare.items():
            leaving = victims(self.fleet.nodes[name], lane, idle)
            if leaving and (best is None or (len(leaving), name) < best[:2]):
                best = (len(leaving), name, leaving)
        if best is None:
            return None
        for worker in best[2]:
            self.stop(worker, answer)
        return self.fleet.nodes[best[1]]

    def _pays(self, lane: LaneWorkers) -> bool:
        """Whether a further worker would have more to do than to load: no warm one elsewhere is given up for less."""
        if not lane.workers:
            return True
        left_s = self.queues.depth(lane.lane) * self.patience.estimates.expected_s(lane.name, "")
        return left_s >= lane.load_s * (len(lane.workers) + 1)

    def _may_stop(self, worker: Worker, now_us: int) -> bool:
        """Not one that still writes, nor one that has just come up and has not run anything yet.

        That one is looked at again after its time.
        """
        if worker.written is not None:
            return False
        if now_us >= worker.fresh_until_us:
            return True
        self.alarms.set(worker.fresh_until_us, Of.FARM, "")
        return False

    def yields(self, worker: Worker, answer: Answer) -> bool:
        """Whether an idle worker whose lane has work gives way to a claim: it is stopped, and the other started."""
        self.rivalry.refresh(worker.lane, answer.now_us)
        node = worker.node
        if not self._may_stop(worker, answer.now_us):
            return False
        for claim in self.claims:
            if claim is worker.lane or node is None or not self.rivalry.outranks(claim, worker.lane, answer.now_us):
                continue
            fits = node.id not in self.reservations.refused(claim) and node.holds(claim.lane)
            freed = worker.lane.lane
            if (
                fits
                and node.room_for(claim.lane, freed.ranks, freed.gpus_in_all)
                and self._missing(claim, answer.now_us) > 0
            ):
                self.stop(worker, answer)
                self.start(claim, node, answer)
                claim.unmet_since_us = answer.now_us
                return True
        return False

    # -- reservations -------------------------------------------------------------------------------------------

    def _reserve(self, lane: LaneWorkers, now_us: int) -> None:
        """Keep a node for a lane that has no worker, and whose workers need more than one that runs would free."""
        large = lane.lane.ranks > 1 or lane.gpus > 1
        if not large or lane.workers or self.reservations.of(lane) or self._one_would_do(lane):
            return
        from_us = lane.unmet_since_us + int(AGAIN_LOADS * lane.load_s * 1e6) if lane.had_workers else now_us
        if now_us < from_us:
            self.alarms.set(from_us, Of.FARM, "")
        else:
            self.reservations.reserve(lane, now_us)

    def _one_would_do(self, lane: LaneWorkers) -> bool:
        need = lane.lane
        return any(
            other.ready and other.gpus >= need.gpus_in_all and other.lane.ranks >= need.ranks
            for other in self.workers.lanes.values()
            if other is not lane
        )

    def clear(self, answer: Answer) -> None:
        """Let idle workers leave reserved nodes, and start what the room was kept for as soon as it is there."""
        for kept in tuple(self.reservations.by_node.values()):
            if kept.node.state is not NodeState.UP or kept.lane.workers or self._missing(kept.lane, answer.now_us) <= 0:
                self._end(kept)
                continue
            for worker in self.workers.on(kept.node):
                if kept.node.room_for(kept.lane.lane):
                    break
                idle = worker.state is WorkerState.IDLE and worker.lane is not kept.lane
                if idle and self._may_stop(worker, answer.now_us):
                    self.stop(worker, answer)
            if kept.node.room_for(kept.lane.lane):
                self._end(kept)
                self.start(kept.lane, kept.node, answer)
                kept.lane.unmet_since_us = answer.now_us

    def _end(self, kept: Reservation) -> None:
        self.reservations.end(kept.node.id)
        self.look_anew()

    def look_anew(self) -> None:
        """Workers may go to a node that was refused to them."""
        self.fleet.version += 1
        self.due = True

    def needed(self, worker: Worker) -> bool:
        """Whether an idle worker's lane has as much work that could run as it has idle workers."""
        return self.demand.of(worker.lane) >= len(worker.lane.idle)

    # -- starting and stopping ----------------------------------------------------------------------------------

    def start(
        self,
        lane: LaneWorkers,
        node: Node | None,
        answer: Answer,
        kind: NodeShape | None = None,
        *,
        steady: bool = False,
    ) -> None:
        """Start a worker on a node, or else on one of a kind that is to come."""
        worker = self.workers.start(lane, node, answer.now_us)
        worker.kind, worker.steady = kind, steady
        market = kind.market if kind else ""
        answer.commands.append(StartWorker(worker.name, lane.lane, node.id if node else None, market))
        self.patience.watch(worker)

    def stop(self, worker: Worker, answer: Answer) -> None:
        self.workers.remove(worker, answer.now_us)
        answer.commands.append(StopWorker(worker.name))
        self.due = True
