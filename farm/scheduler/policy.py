"""What the scheduler is told about a farm: prices, weights, limits and patience. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction


class Band(StrEnum):
    """Priority 0-100 in three bands: a band is served before the next; within one, projects share fairly."""

    URGENT = "urgent"
    NORMAL = "normal"
    BACKGROUND = "background"

    @classmethod
    def of(cls, priority: int) -> Band:
        if priority >= URGENT_FROM:
            return cls.URGENT
        return cls.NORMAL if priority >= NORMAL_FROM else cls.BACKGROUND


URGENT_FROM = 75
NORMAL_FROM = 25


@dataclass(frozen=True, slots=True)
class Limits:
    """What a job, or a project, may use at most. None for no limit."""

    gpus: int | None = None
    """At once."""
    cost_micros: int | None = None
    """In all."""


@dataclass(frozen=True, slots=True)
class ProjectPolicy:
    """A project's place among the others."""

    weight: float = 1.0
    """Its share of the farm relative to the others' while they compete."""
    floor: float = 0.03
    """The part of the farm that it gets while it has work, whatever the others' priorities."""
    limits: Limits = Limits()


@dataclass(frozen=True, slots=True)
class Prices:
    """What a worker's time costs, in millionths of the farm's currency per hour."""

    cpu_hour_micros: int = 0
    """Of a CPU."""
    gpu_hour_micros: int = 0


SPOT = "spot"
"""The market whose nodes are cheap, and taken away when somebody else pays more."""


@dataclass(frozen=True, slots=True)
class NodeShape:
    """A kind of node that the autoscaler can bring."""

    cpus: int
    gpus: int = 0
    pool: str = ""
    at_most: int = 1
    market: str = ""
    """The label of its nodes that says how they are paid for: `SPOT`, "on-demand"; "" where all are alike."""
    hour_micros: int = 0
    """What an hour of one costs."""
    start_s: float = 240.0
    """How long one usually takes from being asked for to taking a worker."""


@dataclass(frozen=True, slots=True)
class Scaling:
    """When nodes are asked for, and which workers are kept though they have nothing to do."""

    backlog_s: float = 1200.0
    """Nodes are asked for so that queued work is done about so soon after they came; 0: one worker for every task."""
    warm_s: float = 900.0
    """How long the last worker of a lane stays for urgent jobs, and for those that wait for a person's choice."""
    hour_micros: int | None = None
    """What all nodes that the autoscaler brings may cost in an hour; None for no limit."""
    dry_s: float = 600.0
    """A kind of node that did not come is not asked for again for so long, where another would do."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything that one farm decides differently from another."""

    projects: Mapping[str, ProjectPolicy] = field(default_factory=dict[str, ProjectPolicy])
    """By name; a project that is not here has the defaults."""
    prices: Prices = Prices()
    elastic: tuple[NodeShape, ...] = ()
    """What may come beyond the nodes that are there; empty for a fixed farm."""
    scaling: Scaling = Scaling()
    idle_stop_s: float = 60.0
    """How long a worker of a lane without work stays warm."""
    timeout_floor_s: float = 600.0
    """No attempt is given up before; beyond, at four times the 95th percentile of its lane and shape."""
    start_timeout_s: float = 1800.0
    """How long a worker on a known node may take to load its model."""
    share_window_s: float = 3600.0
    """Half-life of what bounds arrears: a project that could not run its work for long is owed at most about what the
    farm did in this time. It does not forget what projects used while they compete."""


def micros(amount: Fraction) -> int:
    """An amount of the farm's currency in millionths of it."""
    return round(amount * 1_000_000)
