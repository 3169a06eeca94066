"""What a panel is: one question, the queries that answer it, and how the answer is shown.

    Query ─┐
    Query ─┴▶ Panel(question, look, unit, scale) ─┐
                                           Panel ─┴▶ Row ─▶ Dashboard ─▶ dashboards.grafana ─▶ JSON

Values only. Nothing here knows Grafana's JSON, so that the same panels can be drawn by others (`dashboards.picture`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias


class Unit(StrEnum):
    """How numbers are written: Grafana's names of units."""

    COUNT = "short"
    NUMBER = "none"
    SECONDS = "s"
    SHARE = "percentunit"
    """0-1, shown in percent."""
    PERCENT = "percent"
    """0-100."""
    BYTES = "bytes"
    BYTES_PER_SECOND = "Bps"
    PER_SECOND = "suffix: /s"
    PER_MINUTE = "suffix: /min"
    PER_HOUR = "suffix: /h"
    GPU_HOURS = "suffix: GPU h"
    WATTS = "watt"
    CELSIUS = "celsius"


class Colour(StrEnum):
    """Of series that mean the same everywhere."""

    GOOD = "green"
    WARN = "yellow"
    BAD = "red"
    CALM = "blue"
    FAINT = "#8e8e8e"
    LOADING = "purple"
    ODD = "orange"
    PALE = "#8ab8ff"


@dataclass(frozen=True, slots=True)
class Query:
    """PromQL, and what its series are called: `{{label}}` stands for a label's value."""

    expr: str
    legend: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """From this value on a number has this colour; the first step of a scale is from anywhere."""

    colour: Colour
    start: float | None = None


Scale: TypeAlias = tuple[Step, ...]

PLAIN: Scale = (Step(Colour.CALM),)


def high_is_bad(warn: float, bad: float) -> Scale:
    """Green, from `warn` on yellow, from `bad` on red."""
    return (Step(Colour.GOOD), Step(Colour.WARN, warn), Step(Colour.BAD, bad))


def low_is_bad(bad: float, warn: float) -> Scale:
    """Red, from `bad` on yellow, from `warn` on green."""
    return (Step(Colour.BAD), Step(Colour.WARN, bad), Step(Colour.GOOD, warn))


@dataclass(frozen=True, slots=True)
class Stat:
    """One number. `words` replace numbers."""

    words: Mapping[int, str] = field(default_factory=dict[int, str])
    spark: bool = True
    """A small curve below the number."""


class Stacking(StrEnum):
    NONE = "none"
    SUM = "normal"
    SHARE = "percent"


@dataclass(frozen=True, slots=True)
class Lines:
    """Curves over time."""

    stacking: Stacking = Stacking.NONE
    bars: bool = False
    """Bars per interval: for things that happen, rather than stand."""
    limits: bool = False
    """Draw the scale's steps as lines."""


@dataclass(frozen=True, slots=True)
class Bars:
    """One bar for each series, as it is now."""


@dataclass(frozen=True, slots=True)
class Column:
    """Of a table: the answer of the query at the same place, or a label."""

    title: str
    unit: Unit = Unit.COUNT
    scale: Scale = PLAIN


@dataclass(frozen=True, slots=True)
class TableOf:
    """One line for each value of the labels, one column for each query."""

    labels: tuple[str, ...]
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Heat:
    """A histogram's buckets over time."""


Look: TypeAlias = Stat | Lines | Bars | TableOf | Heat

WIDTH = 24
"""Columns of a dashboard."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One question and its answer."""

    title: str
    question: str
    """What it tells, and what to do about it: shown when one points at the title."""
    look: Look
    queries: tuple[Query, ...]
    unit: Unit = Unit.COUNT
    scale: Scale = PLAIN
    colours: Mapping[str, Colour] = field(default_factory=dict[str, Colour])
    """Of series, by the name that their legend gives them."""
    width: int = 8
    height: int = 8
    decimals: int | None = None
    most: float | None = None
    """Where the axis ends."""


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under one heading, from left to right and then below."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class Variable:
    """A choice at the top of a dashboard: the values of a label."""

    name: str
    title: str
    family: str
    label: str
    given: str = ""
    """Matchers, such as project=~"$project": only values that go with other choices."""
    several: bool = True
    """Any number of values, and all of them at first; otherwise one."""
    every: str = ".*"
    """What stands for all values; ".+" leaves out what has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    uid: str
    title: str
    about: str
    rows: tuple[Row, ...]
    variables: tuple[Variable, ...] = ()
    since: str = "now-6h"

    @property
    def panels(self) -> tuple[Panel, ...]:
        return tuple(panel for row in self.rows for panel in row.panels)
