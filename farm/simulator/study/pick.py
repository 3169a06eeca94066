"""The rule by which the default is picked: as cheap as can be, as long as nobody waits much longer than need be.

those whose urgent work waits at most URGENT_LATER_S longer than under the best
    and whose takes wait at most TAKES_LATER_S longer than under the best ──▶ the cheapest per clip
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

URGENT_LATER_S = 120.0
"""A person sits there: of 20 urgent takes, 19 begin at most so much later than they could under another policy."""
TAKES_LATER_S = 600.0
"""A list is looked at when it is done: its takes may begin so much later on average."""


@dataclass(frozen=True, slots=True)
class Point:
    """What the rule looks at."""

    name: str
    cost_per_clip: float
    wait_mean_s: float
    urgent_p95_s: float


def bearable(points: Sequence[Point]) -> Sequence[Point]:
    """Those under which nobody waits too long; never none."""
    urgent_s = min(point.urgent_p95_s for point in points) + URGENT_LATER_S
    near = [point for point in points if point.urgent_p95_s <= urgent_s]
    wait_s = min(point.wait_mean_s for point in near) + TAKES_LATER_S
    return [point for point in near if point.wait_mean_s <= wait_s]


def pick(points: Sequence[Point]) -> Point:
    """The cheapest of the bearable ones; of equals that with the shorter waits, then the first by name."""
    return min(
        bearable(points), key=lambda point: (point.cost_per_clip, point.wait_mean_s, point.urgent_p95_s, point.name)
    )


def rule() -> str:
    """In a sentence."""
    return (
        f"the cheapest per clip, as long as urgent takes (19 of 20) wait at most {URGENT_LATER_S / 60:.0f} min, and "
        f"takes on average at most {TAKES_LATER_S / 60:.0f} min, longer than under the best"
    )
