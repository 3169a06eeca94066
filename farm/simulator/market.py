"""The market for nodes: how late they come, what they cost, when none are to be had and when they are taken away.

    asked for ──dry spell: nothing──▶ granted ──start-up──▶ there ──life──▶ reclaimed, after a notice
                                         └───── billed by the started second ──────┘

What a studio's own cloud does is `Terms`; luck is drawn by the name of a node or the number of a spell.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from farm.simulator.world import US_PER_S, World

HOUR_S = 3600


@dataclass(frozen=True, slots=True)
class Terms:
    """How nodes of one market come and go."""

    start_s: float
    """From being granted to taking a worker, at least."""
    start_more_s: float = 0.0
    """What comes on top on average, exponentially distributed."""
    reclaims_per_hour: float = 0.0
    """How often a node is taken away, per hour that it is there."""
    notice_s: float = 0.0
    """How long before."""
    offered_s: float = 0.0
    """How long nodes are to be had on average between two dry spells; 0: always."""
    dry_s: float = 0.0
    """How long a dry spell lasts on average."""


@dataclass(slots=True)
class Market:
    """One market's luck."""

    world: World
    label: str
    terms: Terms
    _spells: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])
    """Dry ones, in order: from, to, in seconds from the beginning."""

    def start_s(self, node: str) -> float:
        """How long `node` takes to come."""
        return self.terms.start_s + self._exponential(self.terms.start_more_s, "start", node)

    def life_s(self, node: str) -> float:
        """How long after its coming it is taken away; infinite for never."""
        rate = self.terms.reclaims_per_hour
        return self._exponential(HOUR_S / rate, "life", node) if rate else math.inf

    def dry_until_s(self, moment_s: float) -> float | None:
        """When the dry spell ends that `moment_s` lies in; None when nodes are to be had."""
        terms = self.terms
        if not terms.offered_s or not terms.dry_s:
            return None
        while not self._spells or self._spells[-1][1] <= moment_s:
            number = len(self._spells)
            from_s = (self._spells[-1][1] if number else 0.0) + self._exponential(terms.offered_s, "offered", number)
            self._spells.append((from_s, from_s + self._exponential(terms.dry_s, "dry", number)))
        return next((to_s for from_s, to_s in reversed(self._spells) if from_s <= moment_s < to_s), None)

    def _exponential(self, mean: float, *name: object) -> float:
        return -mean * math.log(1 - self.world.draw(self.label, *name))


def billed_micros(from_us: int, to_us: int, hour_micros: int) -> int:
    """What a node costs between two moments: every started second, in whole micros, rounded up."""
    started_s = -(-(to_us - from_us) // US_PER_S)
    return -(-started_s * hour_micros // HOUR_S)
