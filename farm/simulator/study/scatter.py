"""Cost against wait: a point for each policy, a cross for how far its days lie apart.

y: cost per clip   x: a wait in minutes     filled: may be the default   ring: picked   hollow: for comparison
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from farm.simulator.plot import FAINT, GRID, INK
from farm.simulator.study.canvas import Box, Scale, Sheet, spanning
from farm.simulator.study.figures import Figures
from farm.simulator.study.studying import Row

CHOSEN, CANDIDATE, BESIDE, CROSS = "#2f7d4a", "#3b77b0", "#a7652a", "#c9c4b8"
RADIUS = 13
LABEL = 25


@dataclass(frozen=True, slots=True)
class Panel:
    """One of the plots."""

    box: Box
    says: str
    of: Callable[[Figures], float]
    """The wait along it, in seconds."""


def scatter(sheet: Sheet, panel: Panel, rows: Sequence[Row], picked: Row) -> None:
    """Draw one plot."""
    left, top, right, bottom = panel.box
    days = [day for row in rows for day in row.days]
    across = spanning([panel.of(day) / 60 for day in days], left, right)
    along = spanning([day.cost_per_clip for day in days], bottom, top)
    _axes(sheet, panel, across, along)
    taken = [_cross(sheet, panel, row, across, along) for row in rows]
    for row in rows:
        x, y = across.at(panel.of(row.mean) / 60), along.at(row.mean.cost_per_clip)
        taken.append((x - RADIUS, y - RADIUS, x + RADIUS, y + RADIUS))
    for row in sorted(rows, key=lambda row: row is not picked):
        x, y = across.at(panel.of(row.mean) / 60), along.at(row.mean.cost_per_clip)
        _point(sheet, row, x, y, is_picked=row is picked)
        _label(sheet, row.candidate.name, (x, y), panel.box, taken, colour=_colour(row, picked))


def _colour(row: Row, picked: Row) -> str:
    if row is picked:
        return CHOSEN
    return CANDIDATE if row.candidate.may_be_default else BESIDE


def _axes(sheet: Sheet, panel: Panel, across: Scale, along: Scale) -> None:
    left, top, right, bottom = panel.box
    for figure in along.ticks():
        y = along.at(figure)
        sheet.pen.line((left, y, right, y), fill=GRID, width=1)
        sheet.text(left - 16, y, f"{figure:.2f}", 23, FAINT, "rm")
    for figure in across.ticks():
        x = across.at(figure)
        sheet.pen.line((x, top, x, bottom), fill=GRID, width=1)
        sheet.text(x, bottom + 14, f"{figure:g}", 23, FAINT, "ma")
    sheet.pen.line((left, bottom, right, bottom), fill=FAINT, width=2)
    sheet.pen.line((left, top, left, bottom), fill=FAINT, width=2)
    sheet.text((left + right) / 2, bottom + 50, panel.says, 27, INK, "ma")


def _cross(sheet: Sheet, panel: Panel, row: Row, across: Scale, along: Scale) -> Box:
    """From the least to the most of its days, both ways; gives where the line along the waits lies."""
    waits = [panel.of(day) / 60 for day in row.days]
    costs = [day.cost_per_clip for day in row.days]
    x, y = across.at(panel.of(row.mean) / 60), along.at(row.mean.cost_per_clip)
    sheet.pen.line((across.at(min(waits)), y, across.at(max(waits)), y), fill=CROSS, width=4)
    sheet.pen.line((x, along.at(min(costs)), x, along.at(max(costs))), fill=CROSS, width=4)
    return (across.at(min(waits)), y - 3, across.at(max(waits)), y + 3)


def _point(sheet: Sheet, row: Row, x: float, y: float, *, is_picked: bool) -> None:
    if row.candidate.may_be_default:
        sheet.pen.ellipse(_round(x, y, RADIUS), fill=CHOSEN if is_picked else CANDIDATE)
    else:
        sheet.pen.ellipse(_round(x, y, RADIUS - 2), fill="white", outline=BESIDE, width=4)
    if is_picked:
        sheet.pen.ellipse(_round(x, y, RADIUS + 9), outline=CHOSEN, width=4)


def _round(x: float, y: float, radius: float) -> Box:
    return (x - radius, y - radius, x + radius, y + radius)


def _label(sheet: Sheet, words: str, at: tuple[float, float], frame: Box, taken: list[Box], colour: str) -> None:
    """A point's name where there is room: beside, above or below it."""
    x, y = at
    width, height = sheet.extent(words, LABEL)
    away = RADIUS + 18
    places = [
        (x + away, y - height / 2),
        (x - away - width, y - height / 2),
        *((x - width / 2 + shift, y - away - height - 8) for shift in (0, width / 2, -width / 2)),
        *((x - width / 2 + shift, y + away) for shift in (0, width / 2, -width / 2)),
        (x + away, y - 2.4 * height),
        (x + away, y + 1.2 * height),
        (x - away - width, y - 2.4 * height),
        (x - away - width, y + 1.2 * height),
    ]
    boxes = [(left - 4, top - 4, left + width + 4, top + height + 4) for left, top in places]
    inside = [box for box in boxes if frame[0] < box[0] and box[2] < frame[2] + 60 and frame[1] < box[1]]
    free = (box for box in inside if not any(_meet(box, other) for other in taken))
    best = next(free, boxes[0])
    taken.append(best)
    sheet.text(best[0] + 4, best[1] + 4, words, LABEL, colour, "lt")


def _meet(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
