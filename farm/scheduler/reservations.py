"""Room kept free for workers that need more than any node has free: one node for a lane at a time, with backfill.

    reserve ──▶ the node that is expected to be free earliest; until then its workers take what ends before
            ──▶ as they fall idle they leave; when there is room the large worker starts, and the reservation ends

So small tasks never starve a gang, and a gang keeps small tasks from one node only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from farm.scheduler.estimates import Estimates
from farm.scheduler.fleet import Fleet, Node
from farm.scheduler.lanes import LaneWorkers, Worker, Workers, WorkerState

LATE_S = 1.0
"""A reservation that has come due and is not free looks ahead anew at most this often."""


@dataclass(slots=True, eq=False)
class Reservation:
    lane: LaneWorkers
    node: Node
    since_us: int
    at_us: int
    """When the node is expected to be free."""


@dataclass(slots=True)
class Reservations:
    fleet: Fleet
    workers: Workers
    estimates: Estimates
    by_node: dict[str, Reservation] = field(default_factory=dict[str, Reservation])

    def of(self, lane: LaneWorkers) -> Reservation | None:
        return next((kept for kept in self.by_node.values() if kept.lane is lane), None)

    def reserve(self, lane: LaneWorkers, now_us: int) -> Reservation | None:
        """Keep the node that is expected to have room for a worker of `lane` earliest; None when no node ever has."""
        best: Reservation | None = None
        for node in self.fleet.capable(lane.lane, lane.trust.blocked):
            if node.id in self.by_node:
                continue
            at_us = self.free_at_us(node, lane, now_us)
            if at_us is not None and (best is None or at_us < best.at_us):
                best = Reservation(lane, node, now_us, at_us)
        if best is not None:
            self.by_node[best.node.id] = best
        return best

    def end(self, node: str) -> None:
        self.by_node.pop(node, None)

    def allows(self, worker: Worker, expected_s: float, now_us: int) -> bool:
        """Whether a worker may take something so long: not when its node is kept for another lane by then."""
        kept = self.by_node.get(worker.where)
        if kept is None or kept.lane is worker.lane:
            return True
        if kept.at_us <= now_us:
            self._look_again(kept, now_us)
        return now_us + expected_s * 1e6 <= kept.at_us

    def refused(self, lane: LaneWorkers) -> list[str]:
        """Nodes where no worker of `lane` may start: those kept for others, and those it does not trust."""
        kept_for_others = [name for name, kept in self.by_node.items() if kept.lane is not lane]
        return [*lane.trust.blocked, *lane.trust.trials, *kept_for_others]

    def free_at_us(self, node: Node, lane: LaneWorkers, now_us: int) -> int | None:
        """When `node` has room for a worker of `lane`, if nothing new starts there."""
        if node.room_for(lane.lane):
            return now_us
        cpus = gpus = 0
        for at_us, worker in self._ends(node, lane, now_us):
            cpus += worker.lane.lane.ranks
            gpus += worker.lane.gpus
            if node.room_for(lane.lane, cpus, gpus):
                return at_us
        return None

    def _ends(self, node: Node, lane: LaneWorkers, now_us: int) -> Iterator[tuple[int, Worker]]:
        ends = [
            (self._end_us(worker, now_us), number, worker)
            for number, worker in enumerate(self.workers.on(node))
            if worker.lane is not lane
        ]
        return ((at_us, worker) for at_us, _, worker in sorted(ends))

    def _end_us(self, worker: Worker, now_us: int) -> int:
        age_s = (now_us - worker.since_us) / 1e6
        if worker.state is WorkerState.STARTING:
            return now_us + int(1e6 * max(0.0, worker.lane.load_s - age_s))
        if worker.entry is None:
            return now_us
        left_s = self.estimates.remaining_s(worker.lane.name, worker.entry.shape, age_s)
        return now_us + int(1e6 * left_s)

    def _look_again(self, kept: Reservation, now_us: int) -> None:
        at_us = self.free_at_us(kept.node, kept.lane, now_us)
        kept.at_us = at_us if at_us is not None else now_us
