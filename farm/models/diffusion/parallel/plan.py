"""How the ranks of a gang share one denoiser: a degree for each of three axes, and the checks that need no weights.

    "cfg2,tp2" ──parse──▶ ParallelPlan ──validate(plan, facts)──▶ nothing, or one InputError with degrees that would do

    cfg      conditional and unconditional pass, one half of the ranks each
    ulysses  the tokens of the clip; heads while attention runs
    tp       the weights, see `layouts`

Ranks are numbered with tp fastest, then ulysses, then cfg: rank = (cfg_i * ulysses + u_i) * tp + tp_i. Tensor-parallel
ranks talk most, so they are neighbours, on the fastest links.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from math import gcd

from farm.errors import InputError
from farm.models.diffusion.parallel.facts import Facts

_WORD = re.compile(r"(cfg|ulysses|tp)([1-9]\d{0,3})")
_LONGEST_LIST = 8
"""Degrees named in one message."""


@dataclass(frozen=True, slots=True)
class ParallelPlan:
    """A degree for each axis; one of each is a single rank."""

    cfg: int = 1
    ulysses: int = 1
    tp: int = 1

    @property
    def ranks(self) -> int:
        return self.cfg * self.ulysses * self.tp

    @classmethod
    def parse(cls, text: str) -> ParallelPlan:
        """The plan written as words, "cfg2,tp2", in any order; "" is one rank. InputError names the bad word."""
        degrees: dict[str, int] = {}
        for word in filter(None, (part.strip() for part in text.lower().split(","))):
            match = _WORD.fullmatch(word)
            if match is None:
                raise InputError(
                    f'parallel: "{word}" is not an axis and a degree; write cfg2, ulysses4 or tp2, with commas between'
                )
            axis, degree = match[1], int(match[2])
            if axis in degrees:
                raise InputError(f'parallel: {axis} stands twice in "{text}"; write each axis once')
            degrees[axis] = degree
        return cls(**degrees)

    def __str__(self) -> str:
        """The canonical words: axes in order, degrees of one left out."""
        degrees = ((axis.name, getattr(self, axis.name)) for axis in fields(self))
        return ",".join(f"{name}{degree}" for name, degree in degrees if degree > 1)


def validate(plan: ParallelPlan, facts: Facts) -> None:
    """Raise one InputError if this denoiser cannot be split so; nothing has been loaded yet."""
    for objection in objections(plan, facts):
        raise InputError(f'parallel "{plan}": {objection}')


def objections(plan: ParallelPlan, facts: Facts) -> Iterator[str]:
    """Why it cannot be, each with the number that is in the way and the degrees that would do."""
    for axis in fields(plan):
        if getattr(plan, axis.name) > 1 and axis.name not in facts.axes:
            yield f"{facts.denoiser} cannot be split over {axis.name}; it can over {_listed(sorted(facts.axes))}"
            return
    if plan.cfg > 2:
        yield f"cfg{plan.cfg}: guidance takes two passes, so cfg is 1 or 2"
    if plan.cfg > 1 and not facts.guided:
        yield f"cfg{plan.cfg}: this request runs without guidance, one pass a step; leave cfg out"
    if plan.tp > 1:
        yield from _undivided("tp", plan.tp, facts.denoiser, facts.heads | facts.widths)
    if plan.ulysses > 1:
        # a rank holds heads / tp of the heads, and Ulysses deals those out
        held = {name: number // plan.tp for name, number in facts.heads.items()}
        yield from _undivided("ulysses", plan.ulysses, facts.denoiser, held | facts.sequences)


def _undivided(axis: str, degree: int, denoiser: str, numbers: dict[str, int]) -> Iterator[str]:
    would_do = _listed([str(other) for other in divisors(gcd(*numbers.values()))])
    for name, number in numbers.items():
        if number % degree:
            yield f"{axis}{degree}: {denoiser} has {number} {name}, which {degree} does not divide; {would_do} would do"


def divisors(number: int) -> list[int]:
    """From 1 up, in order."""
    return [divisor for divisor in range(1, number + 1) if number % divisor == 0]


def _listed(words: list[str]) -> str:
    shown = words[:_LONGEST_LIST]
    return " or ".join(filter(None, (", ".join(shown[:-1]), shown[-1]))) if shown else "nothing"
