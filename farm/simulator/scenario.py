"""A scenario: what is arranged, and what must come of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from farm.scheduler.policy import Policy
from farm.simulator.simulation import Simulation
from farm.simulator.verdict import Claim
from farm.tasks import Lane

WAN = Lane(name="wan", gpus=1)
"""A model lane, as most scenarios have it."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One of the named ones."""

    name: str
    says: str
    """What is arranged, in a sentence."""
    arrange: Callable[[Simulation], None]
    judge: Callable[[Simulation], Iterable[Claim]]
    policy: Policy = field(default_factory=Policy)
    limit_s: float = 3600.0
    """How long it may take, in the simulation."""
