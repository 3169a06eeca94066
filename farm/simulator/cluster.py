"""Nodes that come and go, and what is free on each: the machines of a simulated farm.

    scenario: arrive, drain, lose ──▶ Cluster ──▶ NodeUp, NodeDraining, NodeLost ──▶ the pool of whoever drives
    pending workers ──▶ autoscaler ──▶ an elastic node; an idle one goes after `idle_s`, a reclaimed one with notice

Outlives drivers: the shelf of manifests and the nodes are here, the workers are the pool's.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from farm.scheduler.events import Event, NodeDraining, NodeLost, NodeUp
from farm.scheduler.policy import NodeShape
from farm.simulator.autoscaler import Autoscaler
from farm.simulator.faults import Faults
from farm.simulator.market import billed_micros
from farm.simulator.trace import NodeRow, Trace
from farm.simulator.world import US_PER_S, World
from farm.tasks import Lane, Manifest, TaskId


@dataclass(slots=True)
class Node:
    """A machine. `cpus` and `gpus` are what it has; the free ones are what no worker holds."""

    name: str
    cpus: int
    gpus: int
    pools: frozenset[str]
    since_us: int
    shape: NodeShape | None = None
    """The kind it was brought as; None for one that was always there."""
    granted_us: int = 0
    """Since when it is paid for."""
    cpus_free: int = 0
    gpus_free: int = 0
    draining: bool = False
    idle_since_us: int = 0

    @property
    def market(self) -> str:
        return self.shape.market if self.shape else ""

    @property
    def up(self) -> NodeUp:
        """What a driver is told of it."""
        return NodeUp(self.name, self.cpus, self.gpus, self.pools, self.name, self.market)

    def fits(self, lane: Lane, market: str = "") -> bool:
        """True when a worker of `lane` has room now."""
        labelled = lane.pool in {"", *self.pools} and market in {"", self.market}
        return labelled and not self.draining and self.cpus_free >= lane.ranks and self.gpus_free >= lane.gpus_in_all

    @property
    def empty(self) -> bool:
        return self.cpus_free == self.cpus and self.gpus_free == self.gpus

    def row(self, ended_us: int) -> NodeRow:
        """Its time in the farm, for the trace."""
        hour_micros = self.shape.hour_micros if self.shape else 0
        return NodeRow(
            node=self.name,
            cpus=self.cpus,
            gpus=self.gpus,
            started_us=self.since_us,
            ended_us=ended_us,
            market=self.market,
            granted_us=self.granted_us,
            billed_micros=billed_micros(self.granted_us, ended_us, hour_micros),
            reclaimed=self.draining,
        )


@dataclass(slots=True)
class Cluster:
    """Everything of a farm that outlives its driver, but for the job store."""

    world: World
    trace: Trace
    faults: Faults = field(default_factory=Faults)
    gpu_load_s: float = 5.0
    """How long a worker with GPUs takes to load its model on average."""
    cpu_load_s: float = 1.0
    load_spread: float = 0.2
    lane_load_s: dict[str, float] = field(default_factory=dict[str, float])
    """By lane, where it takes another time."""
    silence_s: float = 15.0
    """How long a worker goes on that does not hear from its driver, and so how long a loss takes to be certain."""
    nodes: dict[str, Node] = field(default_factory=dict[str, Node])
    shelf: dict[tuple[TaskId, int], Manifest] = field(default_factory=dict[tuple[TaskId, int], Manifest])
    """Every manifest that was ever written."""
    left: dict[TaskId, int] = field(default_factory=dict[TaskId, int])
    """By task, the last attempt that wrote one."""
    tell: Callable[[Event], None] = lambda event: None  # noqa: ARG005
    """Where news goes: the pool of whoever drives."""
    vacate: Callable[[str], None] = lambda node: None  # noqa: ARG005
    """Lets the workers on a node die."""
    evict: Callable[[], None] = lambda: None
    """Ends the workers of the driver before: what a new leader does first."""
    autoscaler: Autoscaler = field(init=False)

    def __post_init__(self) -> None:
        self.autoscaler = Autoscaler(
            self.world, self._bring, lambda shape: sum(node.shape == shape for node in self.nodes.values())
        )

    # -- what a scenario arranges -------------------------------------------------------------------------------------

    def arrive(self, name: str, cpus: int, gpus: int = 0, pools: frozenset[str] = frozenset()) -> None:
        """A node is there from now on."""
        now = self.world.now_us
        self._add(Node(name, cpus, gpus, pools, now, None, now, cpus, gpus, idle_since_us=now))

    def _add(self, node: Node) -> None:
        self.nodes[node.name] = node
        self.tell(node.up)

    def drain(self, name: str, notice_s: float) -> None:
        """A node will be gone in `notice_s`, and says so."""
        if node := self.nodes.get(name):
            node.draining = True
            self.tell(NodeDraining(name, self.world.now_us + round(notice_s * US_PER_S)))
            self.world.after(notice_s, lambda: self.lose(name))

    def lose(self, name: str) -> None:
        """A node is gone at once, and all that ran on it."""
        if node := self.nodes.pop(name, None):
            self.trace.nodes.append(node.row(self.world.now_us))
            self.tell(NodeLost(name))
            self.vacate(name)

    def load_s(self, lane: Lane) -> float:
        return self.lane_load_s.get(lane.name, self.gpu_load_s if lane.gpus else self.cpu_load_s)

    # -- room ---------------------------------------------------------------------------------------------------------

    def room_for(self, lane: Lane, market: str = "") -> Node | None:
        """The first node with room, in the order of their coming."""
        return next((node for node in self.nodes.values() if node.fits(lane, market)), None)

    def occupy(self, node: Node, lane: Lane) -> None:
        node.cpus_free -= lane.ranks
        node.gpus_free -= lane.gpus_in_all

    def vacated(self, name: str, lane: Lane) -> None:
        """A worker on that node is gone."""
        if node := self.nodes.get(name):
            node.cpus_free += lane.ranks
            node.gpus_free += lane.gpus_in_all
            if node.empty:
                node.idle_since_us = self.world.now_us
                if node.shape:
                    self._look_whether_idle(node)

    # -- nodes of the autoscaler --------------------------------------------------------------------------------------

    def _bring(self, name: str, shape: NodeShape, granted_us: int) -> None:
        node = Node(
            name,
            shape.cpus,
            shape.gpus,
            frozenset({shape.pool} if shape.pool else ()),
            self.world.now_us,
            shape,
            granted_us,
            shape.cpus,
            shape.gpus,
            idle_since_us=self.world.now_us,
        )
        self._add(node)
        self._look_whether_idle(node)
        market = self.autoscaler.market(shape.market)
        if (life_s := market.life_s(name)) < math.inf:
            self.world.after(life_s, lambda: self.drain(name, market.terms.notice_s))

    def _look_whether_idle(self, node: Node) -> None:
        self.world.after(self.autoscaler.elastic.idle_s, lambda: self._return_idle(node))

    def _return_idle(self, node: Node) -> None:
        idle_us = self.world.now_us - node.idle_since_us
        if self.nodes.get(node.name) is node and node.empty and idle_us >= self.autoscaler.elastic.idle_s * US_PER_S:
            self.lose(node.name)
