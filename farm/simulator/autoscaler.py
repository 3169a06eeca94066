"""The autoscaler of a simulated farm: it sees workers that wait for room, and brings the nodes that they fill.

    pending (lane, market) ─▶ packed into kinds of nodes, first kind first ─▶ granted, unless their market is dry
                                                                                 └─ start-up ─▶ `arrive`

A grant is kept even when its demand is gone, as a machine that boots is. What a dry market owes is looked at again when
the spell ends: if it is still wanted, it comes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from farm.scheduler.policy import NodeShape
from farm.scheduler.supply import fits
from farm.simulator.market import Market, Terms
from farm.simulator.world import World
from farm.tasks import Lane

Pending: TypeAlias = tuple[Lane, str]
"""A worker that waits for room, and the market of the node that it wants; "" for any."""


@dataclass(frozen=True, slots=True)
class Elastic:
    """What the autoscaler may bring, and how quickly it does."""

    shapes: tuple[NodeShape, ...] = ()
    """A worker that may run on several has the first."""
    arrival_s: float = 60.0
    """How long nodes of a market without terms take."""
    idle_s: float = 60.0
    """How long an empty node stays."""
    terms: Mapping[str, Terms] = field(default_factory=dict[str, Terms])
    """By market."""


@dataclass(slots=True)
class Autoscaler:
    world: World
    arrive: Callable[[str, NodeShape, int], None]
    """Called with a node's name, its kind, and when it was granted."""
    there: Callable[[NodeShape], int]
    """How many nodes of a kind there are."""
    elastic: Elastic = field(default_factory=Elastic)
    coming: Counter[NodeShape] = field(default_factory=Counter[NodeShape])
    """Granted, and not there yet."""
    granted: int = 0
    _wanted: Sequence[Pending] = ()
    _markets: dict[str, Market] = field(default_factory=dict[str, Market])
    _looks_again_s: set[float] = field(default_factory=set[float])

    def demand(self, pending: Sequence[Pending]) -> None:
        """These workers wait for room."""
        self._wanted = pending
        self._grant()

    def market(self, label: str) -> Market:
        if label not in self._markets:
            terms = self.elastic.terms.get(label, Terms(start_s=self.elastic.arrival_s))
            self._markets[label] = Market(self.world, label, terms)
        return self._markets[label]

    def _grant(self) -> None:
        for shape, wanted in self._packed().items():
            missing = wanted - self.coming[shape]
            if missing <= 0:
                continue
            until_s = self.market(shape.market).dry_until_s(self.world.elapsed_s)
            if until_s is None:
                for _ in range(missing):
                    self._start(shape)
            elif until_s not in self._looks_again_s:
                self._looks_again_s.add(until_s)
                self.world.at(until_s, self._grant)

    def _start(self, shape: NodeShape) -> None:
        self.granted += 1
        self.coming[shape] += 1
        name, granted_us = f"elastic-{self.granted}", self.world.now_us

        def come() -> None:
            self.coming[shape] -= 1
            self.arrive(name, shape, granted_us)

        self.world.after(self.market(shape.market).start_s(name), come)

    def _packed(self) -> Counter[NodeShape]:
        """How many nodes of each kind the pending workers fill, packed in order, no more than may be."""
        rooms: dict[NodeShape, list[tuple[int, int]]] = {shape: [] for shape in self.elastic.shapes}
        for lane, market in self._wanted:
            for shape, of_shape in rooms.items():
                if market in {"", shape.market} and fits(shape, lane) and self._pack(lane, shape, of_shape):
                    break
        return Counter({shape: len(of_shape) for shape, of_shape in rooms.items()})

    def _pack(self, lane: Lane, shape: NodeShape, rooms: list[tuple[int, int]]) -> bool:
        for at, (cpus, gpus) in enumerate(rooms):
            if cpus >= lane.ranks and gpus >= lane.gpus_in_all:
                rooms[at] = (cpus - lane.ranks, gpus - lane.gpus_in_all)
                return True
        if len(rooms) >= shape.at_most - self.there(shape):
            return False
        rooms.append((shape.cpus - lane.ranks, shape.gpus - lane.gpus_in_all))
        return True
