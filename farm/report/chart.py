"""A score's components as bars: lengths and words, for the template to draw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from farm.report.meanings import title

GOOD, FAIR = 0.8, 0.6
"""From here on a component is good, or fair; `farm.scoring.words` finds fault below the latter."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One component. `points` are 0-100."""

    name: str
    title: str
    points: float
    grade: str


def bars(components: Mapping[str, float]) -> list[Bar]:
    """In the order of their names, so that the charts of several takes can be read across."""
    return [Bar(name, title(name), round(100 * value, 1), _grade(value)) for name, value in sorted(components.items())]


def spoken(components: Mapping[str, float]) -> str:
    """The chart in words, for those who hear it."""
    return ", ".join(f"{bar.title} {bar.points:.0f}" for bar in bars(components))


def _grade(value: float) -> str:
    return "good" if value >= GOOD else "fair" if value >= FAIR else "poor"
