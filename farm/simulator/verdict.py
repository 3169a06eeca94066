"""What came of a scenario: claims with numbers, each of which holds or does not, and all must."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from farm.simulator.trace import Trace


@dataclass(frozen=True, slots=True)
class Claim:
    """One sentence about a figure, and the bounds that it must keep."""

    name: str
    """With its unit: "idle_to_full_s"."""
    figure: float
    """Not a number where what should be measured did not happen: such a claim does not hold."""
    says: str
    """"every GPU was busy {figure:.1f} s after the job came": the figure is filled in."""
    at_most: float | None = None
    at_least: float | None = None

    @property
    def holds(self) -> bool:
        above = self.at_most is not None and self.figure > self.at_most
        below = self.at_least is not None and self.figure < self.at_least
        return not (above or below or math.isnan(self.figure))

    @property
    def sentence(self) -> str:
        bounds = [
            f"{word} {_short(bound)}"
            for word, bound in (("at least", self.at_least), ("at most", self.at_most))
            if bound is not None
        ]
        if self.at_least is not None and self.at_least == self.at_most:
            bounds = [f"exactly {_short(self.at_least)}"]
        said = self.says.format(figure=_short(self.figure))
        return f"{said} ({' and '.join(bounds)})" if bounds else said


@dataclass(frozen=True, slots=True)
class Verdict:
    """Of one scenario with one seed."""

    scenario: str
    seed: int
    scale: float
    claims: tuple[Claim, ...]
    violations: tuple[str, ...]
    """What the audit found, in words; nothing, if all is well."""
    simulated_s: float
    """How long it took in the simulation."""
    took_s: float
    """How long the simulation took."""
    trace: Trace = field(repr=False, compare=False)

    @property
    def passed(self) -> bool:
        return not self.violations and all(claim.holds for claim in self.claims)

    @property
    def figures(self) -> Mapping[str, float]:
        """By name with unit."""
        return {claim.name: claim.figure for claim in self.claims}

    @property
    def sentences(self) -> tuple[str, ...]:
        """What holds and what does not, worst first."""
        broken = [f"broken: {claim.sentence}" for claim in self.claims if not claim.holds]
        audit = [f"audit: {violation}" for violation in self.violations]
        return (*audit, *broken, *(claim.sentence for claim in self.claims if claim.holds))


def _short(number: float) -> str:
    """A number as people write it: 12, 0.031, 4,000."""
    if math.isnan(number):
        return "no"
    if number == int(number) or abs(number) >= 1000:
        return f"{number:,.0f}"
    return f"{number:.3g}" if abs(number) < 100 else f"{number:.1f}"
