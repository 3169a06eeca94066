"""Panels in few words: what each kind has in common, said once. The PromQL that they share is in `dashboards.ask`."""

from __future__ import annotations

from collections.abc import Mapping

from dashboards.panel import (
    PLAIN,
    Bars,
    Colour,
    Column,
    Heat,
    Lines,
    Panel,
    Query,
    Scale,
    Stacking,
    Stat,
    TableOf,
    Unit,
)

OUTCOMES = {
    "done": Colour.GOOD,
    "failed": Colour.BAD,
    "cancelled": Colour.FAINT,
    "running": Colour.CALM,
    "waiting": Colour.WARN,
}
"""Of attempts and tasks."""
STATES = {"busy": Colour.GOOD, "idle": Colour.WARN, "loading": Colour.LOADING, "pending": Colour.FAINT}
"""Of workers, and of the GPUs that they hold."""
REASONS = {
    "no capable worker": Colour.BAD,
    "backoff": Colour.ODD,
    "limit": Colour.LOADING,
    "capacity": Colour.CALM,
    "share": Colour.GOOD,
    "model loading": Colour.WARN,
    "held": Colour.PALE,
    "paused": Colour.PALE,
    "choice": Colour.PALE,
    "upstream": Colour.FAINT,
}
"""Why tasks wait."""
KINDS = {
    "reclaimed": Colour.FAINT,
    "input": Colour.CALM,
    "moderated": Colour.CALM,
    "transient": Colour.WARN,
    "quota": Colour.ODD,
    "oom": Colour.LOADING,
    "bug": Colour.BAD,
}
"""Of failures."""


def stat(
    title: str,
    question: str,
    expr: str,
    unit: Unit = Unit.COUNT,
    scale: Scale = PLAIN,
    *,
    words: Mapping[int, str] | None = None,
    width: int = 4,
    decimals: int | None = None,
) -> Panel:
    """One number with its colour."""
    return Panel(
        title=title,
        question=question,
        look=Stat(words or {}, spark=not words),
        queries=(Query(expr, title),),
        unit=unit,
        scale=scale,
        width=width,
        height=4,
        decimals=decimals,
    )


def lines(
    title: str,
    question: str,
    *queries: Query,
    unit: Unit = Unit.COUNT,
    scale: Scale = PLAIN,
    colours: Mapping[str, Colour] | None = None,
    width: int = 8,
    most: float | None = None,
) -> Panel:
    """Curves; those steps of `scale` that have a start are drawn as lines."""
    look = Lines(limits=any(step.start is not None for step in scale))
    return Panel(
        title=title,
        question=question,
        look=look,
        queries=queries,
        unit=unit,
        scale=scale,
        colours=colours or {},
        width=width,
        most=most,
    )


def stack(
    title: str,
    question: str,
    *queries: Query,
    unit: Unit = Unit.COUNT,
    colours: Mapping[str, Colour] | None = None,
    width: int = 8,
    share: bool = False,
    bars: bool = False,
) -> Panel:
    """Areas, or bars, on top of each other: they add up to something."""
    return Panel(
        title=title,
        question=question,
        look=Lines(Stacking.SHARE if share else Stacking.SUM, bars),
        queries=queries,
        unit=unit,
        colours=colours or {},
        width=width,
    )


def bars(
    title: str,
    question: str,
    query: Query,
    unit: Unit = Unit.COUNT,
    scale: Scale = PLAIN,
    *,
    width: int = 8,
    most: float | None = None,
) -> Panel:
    """One bar for each series, as it is now."""
    return Panel(
        title=title,
        question=question,
        look=Bars(),
        queries=(query,),
        unit=unit,
        scale=scale,
        width=width,
        most=most,
    )


def table(title: str, question: str, labels: tuple[str, ...], *columns: tuple[Column, str], width: int = 12) -> Panel:
    """A line for each value of `labels`; each column has its query."""
    return Panel(
        title=title,
        question=question,
        look=TableOf(labels, tuple(column for column, _ in columns)),
        queries=tuple(Query(expr) for _, expr in columns),
        width=width,
    )


def heat(title: str, question: str, histogram: str, *, width: int = 12) -> Panel:
    """How a histogram's observations spread over its buckets, over time. `histogram` may have matchers."""
    family, brace, matchers = histogram.partition("{")
    expr = f"sum by (le) (increase({family}_bucket{brace}{matchers}[$__rate_interval]))"
    return Panel(
        title=title, question=question, look=Heat(), queries=(Query(expr, "{{le}}"),), unit=Unit.SECONDS, width=width
    )
