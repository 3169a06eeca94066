"""One day under one policy: what waits, which nodes are paid for, and how many of their GPUs work.

▒ takes that wait   █ spot   █ on-demand (stacked; pale while they start)   ─ GPUs that work
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate

from farm.scheduler.policy import SPOT
from farm.simulator.plot import FAINT, GRID, INK
from farm.simulator.study.canvas import Box, Scale, Sheet
from farm.simulator.study.day import BEGIN_HOUR
from farm.simulator.study.playing import Played
from farm.simulator.trace import NodeRow, seconds

WAITING, SPOT_COLOUR, STEADY_COLOUR, PALE, BUSY = "#e9c7a1", "#57a06b", "#3b77b0", "#cdd9d0", "#22262b"
EVERY_S = 2 * 3600.0
QUEUE_PART = 0.34
"""Of the height, for what waits."""
HOUR_S = 3600.0

Interval = tuple[float, float]


def levels(intervals: Iterable[Interval], columns: int, end_s: float) -> list[int]:
    """How many intervals cover the middle of each column."""
    steps = [0] * (columns + 1)
    for from_s, to_s in intervals:
        first, behind = (round(columns * moment_s / end_s) for moment_s in (from_s, to_s))
        steps[max(0, min(columns, first))] += 1
        steps[max(0, min(columns, behind))] -= 1
    return list(accumulate(steps))[:columns]


def legend(sheet: Sheet, x: float, y: float) -> None:
    for words, colour in (
        ("takes that wait", WAITING),
        ("spot nodes", SPOT_COLOUR),
        ("on-demand nodes", STEADY_COLOUR),
        ("starting, paid for", PALE),
    ):
        sheet.pen.rectangle((x, y + 4, x + 26, y + 28), fill=colour)
        sheet.text(x + 38, y, words, 25)
        x += 38 + sheet.extent(words, 25)[0] + 40
    sheet.pen.line((x, y + 16, x + 34, y + 16), fill=BUSY, width=4)
    sheet.text(x + 46, y, "GPUs that work", 25)


class Timeline:
    """One day's panel."""

    def __init__(self, sheet: Sheet, box: Box, played: Played, *, end_s: float, most_nodes: int, most_waiting: int):
        self._sheet = sheet
        self._box = box
        self._played = played
        self._end_s = end_s
        left, top, right, bottom = box
        middle = top + QUEUE_PART * (bottom - top)
        self._columns = int(right - left)
        self._nodes = Scale(0, most_nodes * 1.08, bottom, middle + 12)
        self._waits = Scale(0, most_waiting * 1.08, middle, top)

    def draw(self, colour: str) -> None:
        self._grid()
        self._waiting()
        self._stacked()
        self._words(colour)

    def _grid(self) -> None:
        left, top, right, bottom = self._box
        pen = self._sheet.pen
        moment_s = 0.0
        while moment_s <= self._end_s:
            x = left + (right - left) * moment_s / self._end_s
            pen.line((x, top, x, bottom), fill=GRID, width=1)
            clock = int(BEGIN_HOUR + moment_s / HOUR_S) % 24
            self._sheet.text(x, bottom + 12, f"{clock}:00", 22, FAINT, "ma")
            moment_s += EVERY_S
        for scale in (self._nodes, self._waits):
            for figure in scale.ticks(4):
                self._sheet.text(left - 14, scale.at(figure), f"{figure:g}", 20, FAINT, "rm")
                pen.line((left, scale.at(figure), right, scale.at(figure)), fill=GRID, width=1)
        self._sheet.text(left - 74, (top + self._waits.begins) / 2, "waiting", 23, INK, "rm")
        self._sheet.text(left - 74, (self._nodes.begins + self._nodes.ends) / 2, "nodes", 23, INK, "rm")

    def _waiting(self) -> None:
        spans = ((wait.ready_s, wait.started_s) for wait in self._played.waits)
        for column, count in enumerate(levels(spans, self._columns, self._end_s)):
            if count:
                x = self._box[0] + column
                self._sheet.pen.line((x, self._waits.at(count), x, self._waits.begins), fill=WAITING)

    def _stacked(self) -> None:
        rows = [row for row in self._played.trace.nodes if row.market]
        layers = [
            (self._levels(_ready(row) for row in rows if row.market == SPOT), SPOT_COLOUR),
            (self._levels(_ready(row) for row in rows if row.market != SPOT), STEADY_COLOUR),
            (self._levels((seconds(row.granted_us), seconds(row.started_us)) for row in rows), PALE),
        ]
        attempts = (row for row in self._played.trace.attempts if row.gpus)
        busy = self._levels((seconds(row.started_us), seconds(row.ended_us)) for row in attempts)
        left, pen = self._box[0], self._sheet.pen
        for column in range(self._columns):
            level = 0
            for counts, colour in layers:
                if counts[column]:
                    y = self._nodes.at(level)
                    pen.line((left + column, self._nodes.at(level + counts[column]), left + column, y), fill=colour)
                level += counts[column]
        points = [(left + column, self._nodes.at(count)) for column, count in enumerate(busy)]
        pen.line(points, fill=BUSY, width=3)
        pen.line((left, self._nodes.begins, self._box[2], self._nodes.begins), fill=FAINT, width=2)

    def _levels(self, intervals: Iterable[Interval]) -> list[int]:
        return levels(intervals, self._columns, self._end_s)

    def _words(self, colour: str) -> None:
        figures, left, top = self._played.figures, self._box[0], self._box[1]
        name = self._played.candidate.name
        self._sheet.text(left, top - 50, name, 32, colour)
        words = (
            f"{figures.cost_per_clip:.2f} a clip · {figures.used:.0%} of the paid GPU time works · a take waits "
            f"{figures.wait_mean_s / 60:.1f} min on average · urgent ones {figures.urgent_p95_s / 60:.1f} min "
            f"(19 of 20) · {figures.nodes:.0f} nodes came"
        )
        self._sheet.text(left + self._sheet.extent(name, 32)[0] + 30, top - 44, words, 25, FAINT)


def _ready(row: NodeRow) -> Interval:
    return (seconds(row.started_us), seconds(row.ended_us))
