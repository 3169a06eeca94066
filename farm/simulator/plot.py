"""The GPU timeline as a picture: who worked on what, when, on which GPU; and how much of the farm that was.

    title, verdict, legend
    node ┃ one row per GPU ──▶ time       coloured: work · hatched: loading · pale: idle · red: it failed
    GPUs at work, stacked by colour
    what the verdict says

Drawn from the trace alone. A farm without GPUs shows its CPUs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from farm.simulator.slots import Placed, place
from farm.simulator.trace import AttemptRow, Stretch, seconds
from farm.simulator.verdict import Verdict

WIDTH = 2400
LEFT, RIGHT, TOP = 190, 60, 210
ROWS_HEIGHT = 1000
"""For all rows together, if they are so many."""
ROW_MOST, ROW_LEAST = 22, 1
NODE_GAP = 8
AREA_HEIGHT = 150
SECTION_GAP = 64
LINE = 34

PAPER, INK, FAINT, GRID = "#fbfaf7", "#22262b", "#6d747d", "#e2dfd8"
ABSENT, EMPTY, WARM, HATCH, THIN = "#f3f1eb", "#e9e6de", "#d6d2c7", "#8f9399", "#b4b3ae"
WRONG, RIGHT_ = "#c8322b", "#2f7d4a"
PALETTE = ("#3b77b0", "#e0913f", "#57a06b", "#b4587c", "#8069b5", "#b9a52e", "#3fa1a3", "#8c5b3f")
STEPS_S = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200)

_Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Axis:
    """Time along the picture."""

    end_s: float

    def x(self, moment_s: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * moment_s / self.end_s

    def ticks(self) -> Iterator[float]:
        step_s = next((step for step in STEPS_S if self.end_s / step <= 16), STEPS_S[-1])
        moment_s = 0.0
        while moment_s <= self.end_s:
            yield moment_s
            moment_s += step_s


def draw(verdict: Verdict, says: str, path: Path) -> None:
    """Draw what happened into a PNG file. `says` is what the scenario arranges."""
    _Picture(verdict, says).image().save(path)


class _Picture:
    def __init__(self, verdict: Verdict, says: str) -> None:
        self._verdict = verdict
        self._says = says
        self._trace = verdict.trace
        self._has_gpus = any(node.gpus for node in self._trace.nodes)
        self._axis = Axis(max(verdict.simulated_s, 1.0))
        self._by, names = _colouring(self._shown_attempts())
        self._colours = {name: PALETTE[at % len(PALETTE)] for at, name in enumerate(names)}
        self._placed = place(self._trace, gpus=self._has_gpus)
        rows = max(1, sum(node.rows for node in self._placed))
        gaps = NODE_GAP * len(self._placed)
        self._row = max(ROW_LEAST, min(ROW_MOST, (ROWS_HEIGHT - gaps) // rows))
        self._rows_height = rows * self._row + gaps
        height = (
            TOP + self._rows_height + SECTION_GAP + AREA_HEIGHT + SECTION_GAP + 20 + LINE * len(verdict.sentences) + 30
        )
        self._image = Image.new("RGB", (WIDTH, height), PAPER)
        self._draw = ImageDraw.Draw(self._image)

    def image(self) -> Image.Image:
        self._title()
        self._legend()
        self._grid()
        self._nodes()
        self._marks()
        self._area()
        self._sentences()
        return self._image

    # -- words -------------------------------------------------------------------------------------------------------

    def _title(self) -> None:
        verdict = self._verdict
        self._text(LEFT, 30, verdict.scenario, 46)
        width = self._width(verdict.scenario, 46)
        word, colour = ("holds", RIGHT_) if verdict.passed else ("broken", WRONG)
        chip: _Box = (LEFT + width + 28, 36, LEFT + width + 56 + self._width(word, 28), 82)
        self._draw.rounded_rectangle(chip, 10, fill=colour)
        self._text(chip[0] + 14, 42, word, 28, "white")
        scale = "" if verdict.scale == 1 else f" · scale {verdict.scale:g}"
        self._text(chip[2] + 24, 46, f"seed {verdict.seed}{scale}", 26, FAINT)
        self._text(LEFT, 94, self._says, 26, FAINT)

    def _legend(self) -> None:
        x, y = float(LEFT), 150.0
        entries = [(name, colour, False) for name, colour in self._colours.items()]
        entries += [("loading", "", True), ("warm, idle", WARM, False), ("free", EMPTY, False)]
        for name, colour, hatched in entries:
            box: _Box = (x, y, x + 34, y + 22)
            if hatched:
                self._hatch(box)
            else:
                self._draw.rectangle(box, fill=colour)
            self._text(x + 44, y - 4, name, 24)
            x += 44 + self._width(name, 24) + 40
        self._draw.rectangle((x + 28, y, x + 34, y + 22), fill=WRONG)
        self._text(x + 44, y - 4, "failed or lost", 24)

    def _sentences(self) -> None:
        y = TOP + self._rows_height + 2 * SECTION_GAP + AREA_HEIGHT + 20
        for sentence in self._verdict.sentences:
            wrong = sentence.startswith(("audit:", "broken:"))
            self._draw.ellipse((LEFT, y + 8, LEFT + 14, y + 22), fill=WRONG if wrong else RIGHT_)
            self._text(LEFT + 28, y, sentence, 24)
            y += LINE

    # -- rows --------------------------------------------------------------------------------------------------------

    def _grid(self) -> None:
        foot = TOP + self._rows_height
        for moment_s in self._axis.ticks():
            x = self._axis.x(moment_s)
            self._draw.line((x, TOP, x, foot + SECTION_GAP + AREA_HEIGHT), fill=GRID, width=1)
            self._text(x, foot + 8, _clock(moment_s), 22, FAINT, anchor="ma")

    def _nodes(self) -> None:
        top = float(TOP)
        for node in self._placed:
            height = node.rows * self._row
            self._text(LEFT - 14, top + height / 2, node.node, 20, INK, anchor="rm")
            for start_us, end_us in node.there:
                self._draw.rectangle(self._box(start_us, end_us, top, height), fill=EMPTY)
            for row in node.stretches:
                self._stretch(row, top)
            top += height + NODE_GAP

    def _stretch(self, placed: Placed, top: float) -> None:
        row = placed.row
        for first, count in placed.runs:
            box = self._box(row.started_us, row.ended_us, top + first * self._row, count * self._row)
            gap = 1 if self._row > 4 else 0
            box = (box[0], box[1], max(box[0], box[2] - gap), box[3] - gap)
            match row.state:
                case Stretch.BUSY:
                    attempt = placed.attempt
                    colour = self._colours[str(getattr(attempt, self._by))] if attempt else WARM
                    self._draw.rectangle(box, fill=colour)
                    if attempt and attempt.outcome in {"failed", "lost"}:
                        self._draw.rectangle((max(box[0], box[2] - 6), box[1], box[2], box[3]), fill=WRONG)
                case Stretch.LOADING:
                    self._hatch(box)
                case _:
                    self._draw.rectangle(box, fill=WARM)

    def _marks(self) -> None:
        foot = TOP + self._rows_height
        free_from = 0.0
        for at_us, marks in groupby(self._trace.marks, key=attrgetter("at_us")):
            x = self._axis.x(seconds(at_us))
            words = ", ".join(mark.says for mark in marks)
            self._draw.line((x, TOP - 8, x, foot), fill=INK, width=2)
            if x >= free_from:
                self._text(
                    x + 6 if x < WIDTH - 300 else x - 6, TOP - 30, words, 20, INK, "la" if x < WIDTH - 300 else "ra"
                )
                free_from = x + self._width(words, 20) + 20

    def _box(self, started_us: int, ended_us: int, top: float, height: float) -> _Box:
        left = self._axis.x(seconds(started_us))
        return (left, top, max(left, self._axis.x(seconds(ended_us)) - 1), top + height - 1)

    def _hatch(self, box: _Box) -> None:
        """Diagonal lines, clipped to the box."""
        left, top, right, bottom = (round(edge) for edge in box)
        if right <= left or bottom < top + 4:  # too thin for lines
            self._draw.rectangle(box, fill=THIN)
            return
        tile = Image.new("RGB", (right - left + 1, bottom - top + 1), EMPTY)
        pen = ImageDraw.Draw(tile)
        for x in range(-(bottom - top) - left % 8, right - left + 8, 8):
            pen.line((x, bottom - top, x + bottom - top, 0), fill=HATCH, width=2)
        self._image.paste(tile, (left, top))

    # -- the farm as a whole -------------------------------------------------------------------------------------------

    def _area(self) -> None:
        """How many GPUs work, stacked by colour, and how many there are."""
        top = TOP + self._rows_height + SECTION_GAP
        foot = top + AREA_HEIGHT
        columns = WIDTH - LEFT - RIGHT
        depth = {name: _per_column(self._attempts_of(name), columns, self._axis, self._size) for name in self._colours}
        there = [0.0] * columns
        for node in self._trace.nodes:
            count = node.gpus if self._has_gpus else node.cpus
            _add(there, seconds(node.started_us), seconds(node.ended_us), count, self._axis)
        most = max([*there, 1.0])
        for column in range(columns):
            x, level = LEFT + column, float(foot)
            self._draw.line((x, foot - AREA_HEIGHT * there[column] / most, x, foot), fill=ABSENT)
            for name, colour in self._colours.items():
                height = AREA_HEIGHT * depth[name][column] / most
                if height >= 0.5:
                    self._draw.line((x, level - height, x, level), fill=colour)
                level -= height
        self._draw.line((LEFT, foot, WIDTH - RIGHT, foot), fill=FAINT, width=1)
        self._text(LEFT - 14, top, f"{most:.0f}", 20, FAINT, anchor="rt")
        self._text(LEFT - 14, foot, "0", 20, FAINT, anchor="rb")
        what = "GPUs at work" if self._has_gpus else "CPUs at work"
        self._text(LEFT - 14, (top + foot) / 2, what, 20, INK, anchor="rm")

    def _shown_attempts(self) -> list[AttemptRow]:
        return [row for row in self._trace.attempts if row.gpus or not self._has_gpus]

    def _attempts_of(self, name: str) -> list[AttemptRow]:
        return [row for row in self._shown_attempts() if str(getattr(row, self._by)) == name]

    def _size(self, row: AttemptRow) -> int:
        return row.gpus if self._has_gpus else row.cpus

    # -- letters -------------------------------------------------------------------------------------------------------

    def _text(self, x: float, y: float, words: str, size: int, colour: str = INK, anchor: str = "la") -> None:
        self._draw.text((x, y), words, colour, ImageFont.load_default(size), anchor)

    def _width(self, words: str, size: int) -> float:
        return self._draw.textlength(words, ImageFont.load_default(size))


def _colouring(attempts: Sequence[AttemptRow]) -> tuple[str, list[str]]:
    """What colours tell apart: projects where there are several, else lanes, else kinds of work."""
    names: Mapping[str, list[str]] = {
        by: sorted({str(getattr(row, by)) for row in attempts}) for by in ("project", "lane", "stage")
    }
    by = next((by for by in names if len(names[by]) > 1), "lane")
    return by, names[by]


def _per_column(
    attempts: Sequence[AttemptRow], columns: int, axis: Axis, size: Callable[[AttemptRow], int]
) -> list[float]:
    level = [0.0] * columns
    for row in attempts:
        _add(level, seconds(row.started_us), seconds(row.ended_us), size(row), axis)
    return level


def _add(level: list[float], from_s: float, to_s: float, amount: float, axis: Axis) -> None:
    """Raise `level` between two moments; at the edges by the part of the column that is covered."""
    left, right = axis.x(from_s) - LEFT, min(axis.x(to_s) - LEFT, float(len(level)))
    for column in range(int(left), min(len(level), int(right) + 1)):
        level[column] += amount * max(0.0, min(right, column + 1) - max(left, column))


def _clock(moment_s: float) -> str:
    """`90` as `1:30`."""
    return f"{int(moment_s) // 60}:{int(moment_s) % 60:02d}"
