"""Nodes: what each has free, which lane's workers may go there, and what the autoscaler could still bring.

    NodeUp ──▶ up ──NodeDraining──▶ draining ──NodeLost──▶ lost      workers are placed on nodes that are up

A worker takes its GPUs and one CPU per rank, all on one node. Workers without GPUs leave a CPU for every free GPU of a
node, so that they never strand one. A lost node is remembered: it may come back, and until then tells why work waits.

Owns the nodes and their room; who works there is `farm.scheduler.lanes`'s. `version` grows whenever room may have come,
so that nobody looks twice for room that was not there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from farm.scheduler.events import NodeUp
from farm.scheduler.policy import NodeShape
from farm.tasks import Lane

NOWHERE = ""
"""In place of a node's name: where the autoscaler puts it."""


class NodeState(StrEnum):
    UP = "up"
    DRAINING = "draining"
    LOST = "lost"


@dataclass(slots=True, eq=False)
class Node:
    id: str
    cpus: int
    gpus: int
    pools: frozenset[str]
    name: str
    state: NodeState = NodeState.UP
    free_cpus: int = 0
    free_gpus: int = 0
    deadline_us: int = 0
    """While it drains: when it goes away."""
    market: str = ""

    @property
    def label(self) -> str:
        return self.name or self.id

    def holds(self, lane: Lane) -> bool:
        """Whether a worker of `lane` fits on it when it is empty."""
        return _holds(self.cpus, self.gpus, lane) and (not lane.pool or lane.pool in self.pools)

    def room_for(self, lane: Lane, cpus: int = 0, gpus: int = 0) -> bool:
        """Whether a worker of `lane` fits into what is free, and `cpus` and `gpus` more."""
        free_gpus = self.free_gpus + gpus
        kept = max(0, free_gpus) if not lane.gpus and self.cpus > self.gpus else 0
        return self.free_cpus + cpus - kept >= lane.ranks and free_gpus >= lane.gpus_in_all


@dataclass(slots=True)
class Fleet:
    elastic: tuple[NodeShape, ...] = ()
    nodes: dict[str, Node] = field(default_factory=dict[str, Node])
    version: int = 0
    _by_free_gpus: dict[int, dict[str, Node]] = field(default_factory=dict[int, dict[str, Node]])
    """Nodes that are up and have a free CPU."""

    # -- nodes --------------------------------------------------------------------------------------------------

    def up(self, event: NodeUp) -> Node:
        """A node is there, is there again, or has something else than before."""
        node = self.nodes.get(event.node)
        if node is None:
            node = self.nodes[event.node] = Node(event.node, 0, 0, frozenset(), "")
        self._unlist(node)
        node.free_cpus += event.cpus - node.cpus
        node.free_gpus += event.gpus - node.gpus
        node.cpus, node.gpus, node.pools, node.name = event.cpus, event.gpus, event.pools, event.name
        node.market = event.market
        node.state = NodeState.UP
        self._list(node)
        self.version += 1
        return node

    def drain(self, node: Node, deadline_us: int) -> None:
        self._unlist(node)
        node.state, node.deadline_us = NodeState.DRAINING, deadline_us

    def lose(self, node: Node) -> None:
        self._unlist(node)
        node.state = NodeState.LOST

    # -- room ---------------------------------------------------------------------------------------------------

    def take(self, node: Node, lane: Lane) -> None:
        """A worker of `lane` has its place on a node; more than its room when the cluster put it there by itself."""
        self._unlist(node)
        node.free_cpus -= lane.ranks
        node.free_gpus -= lane.gpus_in_all
        self._list(node)

    def give(self, node: Node, lane: Lane) -> None:
        self._unlist(node)
        node.free_cpus += lane.ranks
        node.free_gpus += lane.gpus_in_all
        self._list(node)
        self.version += 1

    def place(self, lane: Lane, refused: Collection[str]) -> Node | None:
        """A node with room for a worker of `lane`: that with the fewest GPUs to spare. None of `refused`."""
        for free in sorted(self._by_free_gpus):
            if free < lane.gpus_in_all:
                continue
            for node in self._by_free_gpus[free].values():
                if node.room_for(lane) and node.holds(lane) and node.id not in refused:
                    return node
        return None

    # -- what there could be ------------------------------------------------------------------------------------

    def capable(self, lane: Lane, refused: Collection[str]) -> Iterator[Node]:
        """Nodes that are up, hold a worker of `lane` when they are empty, and are none of `refused`."""
        return (node for node in self.remembered(lane, refused) if node.state is NodeState.UP)

    def remembered(self, lane: Lane, refused: Collection[str]) -> Iterator[Node]:
        """The same, of all nodes that ever were there."""
        return (node for node in self.nodes.values() if node.id not in refused and node.holds(lane))

    def shape_for(self, lane: Lane) -> NodeShape | None:
        """A kind of node that the autoscaler can bring for `lane`."""
        return next(
            (
                shape
                for shape in self.elastic
                if _holds(shape.cpus, shape.gpus, lane) and lane.pool in ("", shape.pool) and shape.at_most
            ),
            None,
        )

    def may_come(self, shape: NodeShape) -> int:
        """How many nodes of a shape the autoscaler could still bring."""
        there = sum(
            node.state is not NodeState.LOST
            and (node.cpus, node.gpus) == (shape.cpus, shape.gpus)
            and (not shape.pool or shape.pool in node.pools)
            for node in self.nodes.values()
        )
        return max(0, shape.at_most - there)

    def _list(self, node: Node) -> None:
        if node.state is NodeState.UP and node.free_cpus > 0:
            self._by_free_gpus.setdefault(node.free_gpus, {})[node.id] = node

    def _unlist(self, node: Node) -> None:
        listed = self._by_free_gpus.get(node.free_gpus)
        if listed and listed.pop(node.id, None) and not listed:
            del self._by_free_gpus[node.free_gpus]


def _holds(cpus: int, gpus: int, lane: Lane) -> bool:
    return cpus >= lane.ranks and gpus >= lane.gpus_in_all


def per_node(shape: NodeShape, lane: Lane) -> int:
    """How many workers of `lane` an empty node of `shape` holds."""
    by_cpu = shape.cpus // lane.ranks
    return min(by_cpu, shape.gpus // lane.gpus_in_all) if lane.gpus_in_all else by_cpu
