"""Nodes that may come: of which kind, and for how many workers they are asked for.

    a lane's missing workers ──▶ as many as its backlog is worth ──▶ kinds that fit, spot and the cheapest first
        ──▶ how many may come of each: its own limit, what all may cost in an hour, what is on its way already

A worker without a node is what the autoscaler sees as demand; it is asked for on the market of one kind. A kind that
lets workers wait for far longer than it usually takes is *dry*: for a while another is asked for, where one would do.

A task that nodes took along twice is *steady*: it runs on no spot node, as long as there is, or may come, another.

Owns which kinds are dry; the workers that wait are in `farm.scheduler.lanes`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import repeat

from farm.errors import FailureKind
from farm.scheduler.alarms import Alarms, Of
from farm.scheduler.estimates import Estimates
from farm.scheduler.fleet import Fleet, Node, NodeState
from farm.scheduler.graph import Entry, Graph
from farm.scheduler.lanes import LaneWorkers, Workers
from farm.scheduler.order import Queues
from farm.scheduler.policy import SPOT, Band, NodeShape, Scaling
from farm.tasks import Lane

STEADY_AFTER = 2
"""Reclaimed so often, a task runs on no spot node any more."""
LOOK_AGAIN_S = 5.0
"""How often a backlog is looked at that has not been asked nodes for in full."""


@dataclass(slots=True)
class Supply:
    fleet: Fleet
    workers: Workers
    graph: Graph
    queues: Queues
    estimates: Estimates
    alarms: Alarms
    elastic: tuple[NodeShape, ...]
    scaling: Scaling
    _dry_until_us: dict[NodeShape, int] = field(default_factory=dict[NodeShape, int])

    # -- what fits ----------------------------------------------------------------------------------------------

    def kinds(self, lane: Lane, *, steady: bool = False) -> Sequence[NodeShape]:
        """The kinds of nodes that a worker of `lane` fits on, in the order in which they are asked for."""
        fitting = [kind for kind in self.elastic if fits(kind, lane) and not (steady and kind.market == SPOT)]
        return sorted(fitting, key=lambda kind: (kind.market != SPOT, kind.hour_micros / per_node(kind, lane)))

    def is_steady(self, entry: Entry) -> bool:
        """Whether a task should not run on spot nodes, and need not."""
        if entry.failures.get(FailureKind.RECLAIMED, 0) < STEADY_AFTER:
            return False
        others = (node for node in self.fleet.capable(entry.lane, ()) if node.market != SPOT)
        return next(others, None) is not None or bool(self.kinds(entry.lane, steady=True))

    # -- asking -------------------------------------------------------------------------------------------------

    def asked(self, lane: LaneWorkers, missing: int, now_us: int, *, steady: bool) -> Iterator[NodeShape]:
        """The kind of node to ask for, for each further worker that is worth one: at most `missing`.

        The caller starts a worker for each before it takes the next.
        """
        left = missing
        if not steady and self.scaling.backlog_s and (worth := self._worth(lane)) < missing:
            left = worth
            self.alarms.set(now_us + int(LOOK_AGAIN_S * 1e6), Of.FARM, "")
        for kind in self._that_come(lane.lane, now_us, steady=steady):
            count = max(0, min(left, self._room(kind, lane.lane)))
            left -= count
            yield from repeat(kind, count)

    def _worth(self, lane: LaneWorkers) -> int:
        """How many workers more would have done what is queued in the time that the policy gives it.

        Urgent work is not made to wait for others of its lane: each of its tasks is worth a worker.
        """
        urgent = sum(count for job, count in self.graph.open_jobs(lane.lane) if Band.of(job.priority) is Band.URGENT)
        patient = max(0, self.queues.depth(lane.lane) - urgent)
        patient_s = patient * self.estimates.expected_s(lane.name, "")
        return urgent + math.ceil(patient_s / self.scaling.backlog_s) - lane.ready - lane.starting

    def _that_come(self, lane: Lane, now_us: int, *, steady: bool) -> Sequence[NodeShape]:
        """Kinds that are not dry; when all are, they are asked for all the same."""
        kinds = self.kinds(lane, steady=steady)
        return [kind for kind in kinds if not self._is_dry(kind, now_us)] or kinds

    def _room(self, kind: NodeShape, lane: Lane) -> int:
        """How many workers of `lane` more may be asked for on nodes of a kind."""
        nodes = min(kind.at_most - self._there(kind), self._affordable(kind)) - self._coming(kind)
        return int(nodes * per_node(kind, lane) + 1e-9)

    def _affordable(self, kind: NodeShape) -> int:
        """How many nodes of a kind may come, those on their way included, for what all of them may cost."""
        if self.scaling.hour_micros is None or not kind.hour_micros:
            return kind.at_most
        spent = sum(self._there(other) * other.hour_micros for other in self.elastic)
        for other in self.elastic:
            if other != kind:
                spent += math.ceil(self._coming(other)) * other.hour_micros
        return max(0, self.scaling.hour_micros - spent) // kind.hour_micros

    def _there(self, kind: NodeShape) -> int:
        return sum(node.state is not NodeState.LOST and is_of(node, kind) for node in self.fleet.nodes.values())

    def _coming(self, kind: NodeShape) -> float:
        """How many nodes of a kind the workers fill that wait for one."""
        return sum(
            sum(worker.kind == kind for worker in lane.pending.values()) / per_node(kind, lane.lane)
            for lane in self.workers.lanes.values()
            if lane.pending and fits(kind, lane.lane)
        )

    # -- what does not come -------------------------------------------------------------------------------------

    def late(self, kind: NodeShape, now_us: int) -> None:
        """A worker has waited too long for a node of a kind."""
        self._dry_until_us[kind] = now_us + int(self.scaling.dry_s * 1e6)
        self.alarms.set(self._dry_until_us[kind], Of.FARM, "")

    def came(self, node: Node) -> None:
        """A node is there: its kind is not dry any more."""
        for kind in [kind for kind in self._dry_until_us if is_of(node, kind)]:
            del self._dry_until_us[kind]

    def has_other(self, kind: NodeShape, lane: Lane, now_us: int, *, steady: bool) -> bool:
        """Whether another kind than this would do for `lane`, and comes."""
        return any(
            other != kind and not self._is_dry(other, now_us) and self._room(other, lane) > 0
            for other in self.kinds(lane, steady=steady)
        )

    def _is_dry(self, kind: NodeShape, now_us: int) -> bool:
        return now_us < self._dry_until_us.get(kind, 0)


def fits(kind: NodeShape, lane: Lane) -> bool:
    """Whether a worker of `lane` fits on an empty node of a kind, and one may come."""
    room = kind.cpus >= lane.ranks and kind.gpus >= lane.gpus_in_all
    return room and lane.pool in {"", kind.pool} and kind.at_most > 0


def is_of(node: Node, kind: NodeShape) -> bool:
    """Whether a node is of a kind, as far as one can see."""
    same = (node.cpus, node.gpus) == (kind.cpus, kind.gpus)
    return same and kind.pool in {"", *node.pools} and kind.market in {"", node.market}


def per_node(kind: NodeShape, lane: Lane) -> int:
    """How many workers of `lane` an empty node of a kind holds."""
    by_cpu = kind.cpus // lane.ranks
    return min(by_cpu, kind.gpus // lane.gpus_in_all) if lane.gpus_in_all else by_cpu
