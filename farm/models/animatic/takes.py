"""Takes are named alternatives, not random twins: what each take number changes about the move that was asked for.

    take 1 as asked · 2 gentler · 3 stronger · 4 other ease · 5… variations drawn from the take's number

A manner travels as plain options of the request, so that it is part of the take's id and repeats exactly.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass

from farm.models.animatic.ease import Ease

DEFAULT_EASE = Ease()


@dataclass(frozen=True, slots=True)
class Manner:
    """How one take differs from what was asked: a factor on every amount, and an ease."""

    name: str = "as asked"
    amount: float = 1.0
    ease: Ease = DEFAULT_EASE

    def options(self) -> dict[str, str | int | float | bool]:
        """The manner as scalars."""
        return {"variant": self.name, "amount": self.amount, "rise": self.ease.rise, "fall": self.ease.fall}


AS_ASKED = Manner()
NAMED = (
    AS_ASKED,
    Manner("gentler", amount=0.6, ease=Ease(0.4, 0.4)),
    Manner("stronger", amount=1.4),
    Manner("other ease", ease=Ease(0.12, 0.68)),
)
"""Takes 1 to 4. The other ease sets off promptly and settles for a long time."""


def manner(take: int) -> Manner:
    """The manner of take number `take`, counted from 1; beyond the named ones never stronger than "stronger"."""
    if take <= len(NAMED):
        return NAMED[take - 1]
    draw = random.Random(take)
    rise, fall = draw.uniform(0.15, 0.45), draw.uniform(0.25, 0.5)
    return Manner(f"variation {take}", round(draw.uniform(0.65, 1.35), 3), Ease(round(rise, 3), round(fall, 3)))


def from_options(options: Mapping[str, str | int | float | bool]) -> Manner:
    """The manner a request carries; as asked where it carries none."""
    plain = AS_ASKED
    return Manner(
        str(options.get("variant", plain.name)),
        float(options.get("amount", plain.amount)),
        Ease(float(options.get("rise", plain.ease.rise)), float(options.get("fall", plain.ease.fall))),
    )
