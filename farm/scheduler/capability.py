"""Whether anything can ever run a lane's tasks; where nothing can, they fail at once and say why.

    a node that is up fits, or the autoscaler can bring one      ──▶ capable
    one fits that is draining or lost, or no node was up yet     ──▶ wait for it a while: "no capable worker"
    otherwise (shapes, pools, blocked nodes)                     ──▶ every waiting task of the lane fails

Judged at ticks only, when something has changed: nodes come one event at a time, and a farm that is coming up has none.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from farm.errors import FailureKind
from farm.scheduler.alarms import Alarms, Of
from farm.scheduler.answer import Answer
from farm.scheduler.attempts import Attempts
from farm.scheduler.explain import needs
from farm.scheduler.fleet import NOWHERE, Fleet
from farm.scheduler.graph import Graph
from farm.scheduler.lanes import LaneWorkers, Workers
from farm.scheduler.supply import Supply
from farm.tasks import Lane, TaskState

RETURN_S = 600.0
"""So long a node that was lost may take to come back, or the first to come up."""


@dataclass(slots=True)
class Capability:
    graph: Graph
    fleet: Fleet
    workers: Workers
    attempts: Attempts
    supply: Supply
    alarms: Alarms
    since_us: int | None = None
    """Since when there is something to judge."""
    _doubted: dict[Lane, None] = field(default_factory=dict[Lane, None])

    def doubt(self, lane: Lane, now_us: int) -> None:
        self._doubted[lane] = None
        self.since_us = now_us if self.since_us is None else self.since_us

    def doubt_all(self, now_us: int) -> None:
        for lane in self.workers.lanes:
            self.doubt(lane, now_us)

    def judge(self, answer: Answer) -> None:
        doubted, self._doubted, self.since_us = tuple(self._doubted), {}, None
        for lane in doubted:
            self._judge(self.workers.of(lane), answer)

    def _judge(self, lane: LaneWorkers, answer: Answer) -> None:
        blocked = lane.trust.blocked
        elastic = NOWHERE not in blocked and self.supply.kinds(lane.lane)
        if elastic or next(self.fleet.capable(lane.lane, blocked), None):
            lane.incapable_since_us = -1
            return
        may_come = not self.fleet.nodes or next(self.fleet.remembered(lane.lane, blocked), None)
        if may_come and not self._waited(lane, answer.now_us):
            return
        kind, message = self._why(lane)
        for entry in tuple(self.graph.entries.values()):
            if entry.state is TaskState.WAITING and entry.lane == lane.lane:
                self.attempts.give_up(entry, kind, message, answer)

    def _waited(self, lane: LaneWorkers, now_us: int) -> bool:
        """Whether a lane has waited long enough for a node that fits; it is judged again when it has."""
        if lane.incapable_since_us < 0:
            lane.incapable_since_us = now_us
        until_us = lane.incapable_since_us + int(RETURN_S * 1e6)
        if now_us < until_us:
            self.alarms.set(until_us, Of.LANE, lane.name)
            return False
        return True

    def _why(self, lane: LaneWorkers) -> tuple[FailureKind, str]:
        """A lane that the farm is not made for is the input's fault; one whose nodes all fail is the farm's."""
        bad = [
            f"{self.fleet.nodes[name].label if name in self.fleet.nodes else 'new nodes'}: {why}"
            for name, why in lane.trust.blocked.items()
        ]
        if bad:
            return FailureKind.BUG, f"no capable worker is left for lane {lane.name}: {'; '.join(bad)}"
        most = max((node.gpus for node in self.fleet.nodes.values()), default=0)
        return FailureKind.INPUT, f"no capable worker: no node can take {needs(lane)}, the largest has {most} GPUs"
