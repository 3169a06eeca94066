"""The sheet of a shot: a row for each take, its moments from left to right, and in words why it scores as it does.

           0.00 s   0.76 s   1.52 s   …
1   99   │ ▢        ▢        ▢
2   84   │ ▢        ▢        ▢
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

from farm.compare.judged import Judged
from farm.cut.sheet import GROUND, PANEL, PILL
from farm.cut.slate import AMBER, GREY, WHITE
from farm.cut.text import Style, draw_line, draw_lines, line_width

if TYPE_CHECKING:
    from farm.models.spec import Frame

MOMENTS = 6

AREA = 384 * 216
"""Pixels of one picture, whatever its shape."""

_WORDS = 460
_GAP = 4
_PADDING = 22
_MARGIN = 56
_BETWEEN = 20

_TITLE = Style(52, WHITE, strong=True)
_UNDER_TITLE = Style(24, GREY)
_CLOCK = Style(18, GREY)
_NUMBER = Style(44, WHITE, strong=True)
_FACTS = Style(19, GREY)
_WHY = Style(20, WHITE)
_FAILS = Style(20, AMBER)
_PICKED = Style(17, GROUND, strong=True)
_HEADER = _MARGIN + _TITLE.line_height + 2 * _UNDER_TITLE.line_height + 24
_LEAST = _PADDING + _NUMBER.line_height + 2 * _FACTS.line_height + 3 * _WHY.line_height
"""Of a row: what its words take."""


@dataclass(frozen=True, slots=True)
class Row:
    """One take, and what it looks like at each of the moments."""

    take: Judged
    pictures: tuple[Frame, ...]


def moments(frames: int) -> tuple[int, ...]:
    """Which frames of a shot are shown: its first, its last, and some evenly between."""
    steps = min(MOMENTS, frames) - 1
    return tuple(round(step * (frames - 1) / steps) for step in range(steps + 1)) if steps else (0,)


def size(aspect: float) -> tuple[int, int]:
    """Width and height of one picture on the sheet; `aspect` is width over height."""
    width = round((AREA * aspect) ** 0.5)
    return width, round(width / aspect)


def takes_sheet(title: str, subtitle: str, note: str, rows: Sequence[Row], fps: Fraction, frames: int) -> Frame:
    """The sheet as one (h, w, 3) picture. Every row holds a picture, of one size, for each of `moments(frames)`."""
    high, wide = rows[0].pictures[0].shape[:2]
    shown = moments(frames)
    row_height = max(high, _LEAST)
    width = 2 * _MARGIN + _WORDS + len(shown) * (wide + _GAP) - _GAP
    height = _HEADER + _CLOCK.line_height + len(rows) * (row_height + _BETWEEN) - _BETWEEN + _MARGIN
    image = Image.new("RGB", (width, height), GROUND)
    draw = ImageDraw.Draw(image)
    top = _MARGIN - 16
    for words, style in ((title, _TITLE), (subtitle, _UNDER_TITLE), (note, _UNDER_TITLE)):
        draw_line(draw, (_MARGIN, top), words, style, width - 2 * _MARGIN)
        top += style.line_height
    for number, frame in enumerate(shown):
        left = _MARGIN + _WORDS + number * (wide + _GAP)
        draw_line(draw, (left, _HEADER - 8), f"{float(frame / fps):.2f} s · frame {frame + 1}", _CLOCK, wide)
    for number, row in enumerate(rows):
        top = _HEADER + _CLOCK.line_height + number * (row_height + _BETWEEN)
        _draw_row(image, draw, row, top, row_height)
    return np.asarray(image, np.uint8)


def _draw_row(image: Image.Image, draw: ImageDraw.ImageDraw, row: Row, top: int, height: int) -> None:
    high, wide = row.pictures[0].shape[:2]
    right = image.width - _MARGIN
    draw.rectangle((_MARGIN, top, right - 1, top + height - 1), fill=PANEL)
    if row.take.picked:
        draw.rectangle((_MARGIN - 6, top - 6, right + 5, top + height + 5), outline=AMBER, width=4)
    for number, picture in enumerate(row.pictures):
        left = _MARGIN + _WORDS + number * (wide + _GAP)
        image.paste(Image.fromarray(picture), (left, top + (height - high) // 2))
    _words(draw, row.take, _MARGIN + _PADDING, top + _PADDING - 8, _WORDS - 2 * _PADDING)


def _words(draw: ImageDraw.ImageDraw, take: Judged, left: int, top: int, room: int) -> None:
    used = draw_line(draw, (left, top), str(take.number), _NUMBER, room // 3)
    if take.picked:
        width = round(line_width("picked", _PICKED))
        start, middle = left + used + 18, top + _NUMBER.size // 2 + 4
        draw.rounded_rectangle((start, middle - 15, start + width + 20, middle + 15), radius=15, fill=AMBER)
        draw_line(draw, (start + 10, middle - 11), "picked", _PICKED, width + 2)
    score = Style(_NUMBER.size, WHITE if take.passed else AMBER, strong=True)
    wide = round(line_width(take.verdict, score))
    draw_line(draw, (left + room - wide, top), take.verdict, score, wide + 2)
    top += _NUMBER.line_height
    _bar(draw, take, left, top - 2, room)
    top += 8
    for words in (take.name, f"seed {take.seed}"):
        draw_line(draw, (left, top), words, _FACTS, room)
        top += _FACTS.line_height
    draw_lines(draw, (left, top), take.why, _WHY if take.passed else _FAILS, room, most=3)


def _bar(draw: ImageDraw.ImageDraw, take: Judged, left: int, top: int, room: int) -> None:
    """The score as a length."""
    draw.rectangle((left, top, left + room, top + 3), fill=PILL)
    filled = round(room * max(0.0, min(100.0, take.total)) / 100)
    if take.passed and filled:
        draw.rectangle((left, top, left + filled, top + 3), fill=AMBER if take.picked else GREY)
