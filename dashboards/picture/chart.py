"""Curves, areas, bars and heat maps over time, as SVG."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape

from dashboards.panel import Lines, Panel, Stacking, Unit
from dashboards.picture.answers import Asked, Points, Series
from dashboards.picture.colours import FAINT, GRID, heat, hexed, of_series
from dashboards.picture.numbers import ticks, written

_TICKS_S = (10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400)


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a chart lies in its panel, in pixels, and what its edges mean."""

    width: float
    height: float
    start_s: float
    end_s: float
    most: float
    left: float = 58.0
    foot: float = 22.0
    top: float = 8.0
    right: float = 8.0

    def x(self, at_s: float) -> float:
        return self.left + (self.width - self.left - self.right) * (at_s - self.start_s) / (self.end_s - self.start_s)

    def y(self, value: float) -> float:
        share = value / self.most if self.most else 0.0
        return self.height - self.foot - (self.height - self.foot - self.top) * min(share, 1.05)


def lines(panel: Panel, look: Lines, found: Sequence[Series], asked: Asked, width: float, height: float) -> str:
    """The chart of curves."""
    layers = _stacked(found, asked, look.stacking) if look.stacking is not Stacking.NONE else None
    tops = [value for layer in layers or () for _, value in layer[1]] or [v for one in found for _, v in one.points]
    limits = [step.start for step in panel.scale if step.start is not None] if look.limits else []
    most = 1.0 if look.stacking is Stacking.SHARE else panel.most or max([*tops, 1e-9]) * 1.08
    frame = Frame(width, height, asked.start_s, asked.end_s, most)
    unit = Unit.SHARE if look.stacking is Stacking.SHARE else panel.unit
    body = [*_axes(frame, unit)]
    body += [_dashes(frame, limit, hexed(panel.scale[-1].colour)) for limit in limits if limit <= most]
    for at, one in enumerate(found):
        colour = of_series(panel, one.name, at)
        if layers is None:
            body += _curves(frame, one.points, colour, asked.step_s)
        elif look.bars:
            body += _bars(frame, *layers[at], colour, asked.step_s)
        else:
            for lower, upper in _torn(*layers[at], asked.step_s):
                body += _area(frame, lower, upper, colour)
    return _svg(width, height, body)


def heat_map(found: Sequence[Series], asked: Asked, width: float, height: float) -> str:
    """Buckets over time: `found` are cumulative, by their bound."""
    bounds = sorted(found, key=lambda one: float(one.labels["le"].replace("+Inf", "inf")))
    cells: list[tuple[int, float, float]] = []
    below: dict[float, float] = {}
    for row, one in enumerate(bounds):
        cells += [(row, at, value - below.get(at, 0.0)) for at, value in one.points]
        below = dict(one.points)
    used = [row for row, _, value in cells if value > 1e-9]
    first, last = (min(used), max(used)) if used else (0, 0)
    most = max([value for _, _, value in cells], default=1.0) or 1.0
    frame = Frame(width, height, asked.start_s, asked.end_s, last - first + 1.0)
    body = [*_time_axis(frame)]
    wide = frame.x(asked.start_s + asked.step_s) - frame.x(asked.start_s)
    for row, at, value in cells:
        if value > 1e-9:
            top = frame.y(row - first + 1)
            tall = frame.y(row - first) - top
            body.append(
                _box(frame.x(at) - wide / 2, top + 0.5, wide + 0.2, tall - 1, heat(0.2 + 0.8 * (value / most) ** 0.5))
            )
    for row in range(first, last + 1, max(1, (last - first) // 6)):
        bound = bounds[row].labels["le"]
        name = "more" if bound == "+Inf" else written(float(bound), Unit.SECONDS)
        body.append(_word(frame.left - 6, frame.y(row - first + 0.5) + 4, name, "end"))
    return _svg(width, height, body)


def spark(points: Points, colour: str, asked: Asked, width: float, height: float) -> str:
    """The small curve below a number."""
    most = max([value for _, value in points], default=0.0) or 1.0
    frame = Frame(width, height, asked.start_s, asked.end_s, most * 1.1, left=0, foot=0, top=2, right=0)
    return _svg(width, height, [*_area(frame, [(at, 0.0) for at, _ in points], points, colour)])


def _stacked(found: Sequence[Series], asked: Asked, stacking: Stacking) -> list[tuple[Points, Points]]:
    """The lower and the upper edge of each area."""
    count = round((asked.end_s - asked.start_s) / asked.step_s) + 1
    moments = [asked.start_s + index * asked.step_s for index in range(count)]
    values = [_sampled(one.points, asked, count) for one in found]
    known = {_place(at, asked) for one in found for at, _ in one.points}
    totals = [sum(each) or 1.0 for each in zip(*values, strict=True)] if values else []
    level, layers = [0.0] * count, []
    for each in values:
        shown = (
            [value / total for value, total in zip(each, totals, strict=True)] if stacking is Stacking.SHARE else each
        )
        upper = [low + value for low, value in zip(level, shown, strict=True)]
        edges = (tuple(zip(moments, edge, strict=True)) for edge in (level, upper))
        lower, higher = (tuple(point for at, point in enumerate(edge) if at in known) for edge in edges)
        layers.append((lower, higher))
        level = upper
    return layers


def _sampled(points: Points, asked: Asked, count: int) -> list[float]:
    values = [0.0] * count
    for at, value in points:
        index = _place(at, asked)
        if 0 <= index < count:
            values[index] = max(value, 0.0)
    return values


def _place(at_s: float, asked: Asked) -> int:
    """Which of the moments that is."""
    return round((at_s - asked.start_s) / asked.step_s)


# -- ink ---------------------------------------------------------------------------------------------------------------


def _axes(frame: Frame, unit: Unit) -> Iterator[str]:
    for value in ticks(frame.most, unit):
        y = frame.y(value)
        yield f'<line x1="{frame.left}" x2="{frame.width - frame.right}" y1="{y:.1f}" y2="{y:.1f}" stroke="{GRID}"/>'
        yield _word(frame.left - 6, y + 4, written(value, unit), "end")
    yield from _time_axis(frame)


def _time_axis(frame: Frame) -> Iterator[str]:
    span = frame.end_s - frame.start_s
    step = next((each for each in _TICKS_S if span / each <= (frame.width - frame.left) / 90), _TICKS_S[-1])
    moment = (frame.start_s // step + 1) * step
    while moment < frame.end_s - span * 0.02:
        x = frame.x(moment)
        yield f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{frame.top}" y2="{frame.height - frame.foot}" stroke="{GRID}"/>'
        form = "%H:%M:%S" if step < 60 else "%H:%M"
        yield _word(x, frame.height - 6, datetime.fromtimestamp(moment, UTC).strftime(form), "middle")
        moment += step


def _curves(frame: Frame, points: Points, colour: str, step_s: float) -> Iterator[str]:
    """A line, torn where nothing was known."""
    run: list[tuple[float, float]] = []
    for at, value in points:
        if run and at - run[-1][0] > 1.5 * step_s:
            yield _line(frame, run, colour)
            run = []
        run.append((at, value))
    if run:
        yield _line(frame, run, colour)


def _line(frame: Frame, run: Sequence[tuple[float, float]], colour: str) -> str:
    way = " ".join(f"{frame.x(at):.1f},{frame.y(value):.1f}" for at, value in run)
    if len(run) == 1:
        return f'<circle cx="{frame.x(run[0][0]):.1f}" cy="{frame.y(run[0][1]):.1f}" r="1.6" fill="{colour}"/>'
    return f'<polyline points="{way}" fill="none" stroke="{colour}" stroke-width="1.6" stroke-linejoin="round"/>'


def _torn(lower: Points, upper: Points, step_s: float) -> Iterator[tuple[Points, Points]]:
    """An area in pieces, where nothing was known in between."""
    begin = 0
    for at in range(1, len(upper) + 1):
        if at == len(upper) or upper[at][0] - upper[at - 1][0] > 1.5 * step_s:
            yield lower[begin:at], upper[begin:at]
            begin = at


def _area(frame: Frame, lower: Iterable[tuple[float, float]], upper: Points, colour: str) -> Iterator[str]:
    over = [f"{frame.x(at):.1f},{frame.y(value):.1f}" for at, value in upper]
    under = [f"{frame.x(at):.1f},{frame.y(value):.1f}" for at, value in lower]
    yield f'<polygon points="{" ".join([*over, *reversed(under)])}" fill="{colour}" fill-opacity=".45"/>'
    yield f'<polyline points="{" ".join(over)}" fill="none" stroke="{colour}" stroke-width="1"/>'


def _bars(frame: Frame, lower: Points, upper: Points, colour: str, step_s: float) -> Iterator[str]:
    wide = (frame.x(frame.start_s + step_s) - frame.x(frame.start_s)) * 0.86
    for (at, low), (_, high) in zip(lower, upper, strict=True):
        if high > low:
            top = frame.y(high)
            yield _box(frame.x(at) - wide / 2, top, wide, frame.y(low) - top, colour)


def _box(x: float, y: float, width: float, height: float, colour: str) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0.5):.1f}" height="{max(height, 0.5):.1f}" fill="{colour}"/>'
    )


def _dashes(frame: Frame, value: float, colour: str) -> str:
    y = frame.y(value)
    return (
        f'<line x1="{frame.left}" x2="{frame.width - frame.right}" y1="{y:.1f}" y2="{y:.1f}" '
        f'stroke="{colour}" stroke-dasharray="6 4"/>'
    )


def _word(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{FAINT}" font-size="11" text-anchor="{anchor}">{escape(text)}</text>'


def _svg(width: float, height: float, body: Iterable[str]) -> str:
    return f'<svg width="{width:.0f}" height="{height:.0f}">{"".join(body)}</svg>'
