"""Nodes: what each has free, which lane's workers may go there, and which models' weights lie on their disks.

    NodeUp ──▶ up ──NodeDraining──▶ draining ──NodeLost──▶ lost      workers are placed on nodes that are up

A worker takes its GPUs and one CPU per rank, all on one node. Workers without GPUs leave a CPU for every free GPU of a
node, so that they never strand one. A lost node is remembered for a while: it may come back, and until then tells why
work waits.

Owns the nodes and their room; who works there is `farm.scheduler.lanes`'s, and which may still come
`farm.scheduler.supply`'s. `version` grows whenever room may have come, so that nobody looks twice for room that was not
there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import product

from farm.scheduler.events import NodeUp
from farm.scheduler.policy import SPOT
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
    """While it drains: when it goes away. When it is lost: until when it is remembered."""
    market: str = ""

    @property
    def label(self) -> str:
        return self.name or self.id

    def holds(self, lane: Lane) -> bool:
        """Whether a worker of `lane` fits on it when it is empty."""
        room = self.cpus >= lane.ranks and self.gpus >= lane.gpus_in_all
        return room and lane.pool in {"", *self.pools}

    def room_for(self, lane: Lane, cpus: int = 0, gpus: int = 0) -> bool:
        """Whether a worker of `lane` fits into what is free, and `cpus` and `gpus` more."""
        free_gpus = self.free_gpus + gpus
        kept = max(0, free_gpus) if not lane.gpus and self.cpus > self.gpus else 0
        return self.free_cpus + cpus - kept >= lane.ranks and free_gpus >= lane.gpus_in_all


@dataclass(slots=True)
class Fleet:
    nodes: dict[str, Node] = field(default_factory=dict[str, Node])
    version: int = 0
    spot: dict[str, None] = field(default_factory=dict[str, None])
    """The nodes of the spot market that are up."""
    cached: dict[str, dict[str, None]] = field(default_factory=dict[str, dict[str, None]])
    """By model: the nodes on whose disk its weights lie."""
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
        node.state, node.deadline_us = NodeState.UP, 0
        if node.market == SPOT:
            self.spot[node.id] = None
        self._list(node)
        self.version += 1
        return node

    def drain(self, node: Node, deadline_us: int) -> None:
        self._unlist(node)
        self.spot.pop(node.id, None)
        node.state, node.deadline_us = NodeState.DRAINING, deadline_us

    def lose(self, node: Node, kept_us: int) -> None:
        self._unlist(node)
        self.spot.pop(node.id, None)
        for nodes in self.cached.values():
            nodes.pop(node.id, None)
        node.state, node.deadline_us = NodeState.LOST, kept_us

    def forget(self, node: Node) -> None:
        """Forget a lost node, unless it is the last of its kind: what it could take may come back."""
        kind = (node.cpus, node.gpus, node.pools, node.market)
        if any(
            (each.cpus, each.gpus, each.pools, each.market) == kind for each in self.nodes.values() if each is not node
        ):
            del self.nodes[node.id]

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

    def place(self, lane: Lane, refused: Collection[str], market: str = "") -> Node | None:
        """A node with room for a worker of `lane`, of that market ("" for any), and none of `refused`.

        One that has the lane's weights rather than one that would have to fetch them, one on the spot market rather
        than one that costs more, and of these that with the fewest GPUs to spare.
        """
        here = self.cached.get(lane.weights, {}) if lane.weights else {}
        for weights, spot in product((True, False) if here else (False,), (True, False) if self.spot else (False,)):
            for node in self._with_room(lane):
                suits = (not weights or node.id in here) and (not spot or node.id in self.spot)
                if suits and node.id not in refused and market in {"", node.market}:
                    return node
        return None

    def _with_room(self, lane: Lane) -> Iterator[Node]:
        for free in sorted(self._by_free_gpus):
            if free >= lane.gpus_in_all:
                yield from (
                    node for node in self._by_free_gpus[free].values() if node.room_for(lane) and node.holds(lane)
                )

    def note_cached(self, node: Node, models: Iterable[str]) -> None:
        """Weights that lie on a node's disk, as a worker has seen there."""
        for model in models:
            self.cached.setdefault(model, {})[node.id] = None

    # -- what there could be ------------------------------------------------------------------------------------

    def capable(self, lane: Lane, refused: Collection[str]) -> Iterator[Node]:
        """Nodes that are up, hold a worker of `lane` when they are empty, and are none of `refused`."""
        return (node for node in self.remembered(lane, refused) if node.state is NodeState.UP)

    def remembered(self, lane: Lane, refused: Collection[str]) -> Iterator[Node]:
        """The same, of all nodes that ever were there."""
        return (node for node in self.nodes.values() if node.id not in refused and node.holds(lane))

    def _list(self, node: Node) -> None:
        if node.state is NodeState.UP and node.free_cpus > 0:
            self._by_free_gpus.setdefault(node.free_gpus, {})[node.id] = node

    def _unlist(self, node: Node) -> None:
        listed = self._by_free_gpus.get(node.free_gpus)
        if listed and listed.pop(node.id, None) and not listed:
            del self._by_free_gpus[node.free_gpus]
