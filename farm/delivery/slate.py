"""The slate before the picture: what this clip is, at a glance and in full, beside the still it was made from.

heading (show · sequence)
SHOT CODE                      ┌───────────┐
────                           │   still   │
take, model, seed, …           └───────────┘
frames, timecode, …            the prompt
                                              A wide picture has two columns, a tall one puts the still on top.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

from farm.chain import Credit
from farm.cut.slate import AMBER, GREY, WHITE
from farm.cut.text import Style, draw_line, draw_lines, line_width
from farm.delivery.burnin import AI_GENERATED, side_by_side
from farm.fitting import Framing, fitted
from farm.shots.model import Fit

if TYPE_CHECKING:
    from farm.models.spec import Frame

_GROUND = (24, 26, 29)
_RULE = (62, 66, 72)
_MOST_PROMPT = 4


@dataclass(frozen=True, slots=True)
class _Page:
    """The picture being drawn, and the sizes of what stands on it."""

    image: Image.Image
    draw: ImageDraw.ImageDraw
    unit: float

    @classmethod
    def blank(cls, width: int, height: int) -> _Page:
        image = Image.new("RGB", (width, height), _GROUND)
        return cls(image, ImageDraw.Draw(image), min(width, height) / 100)

    def style(self, size: float, colour: tuple[int, int, int] = WHITE, *, strong: bool = False) -> Style:
        return Style(max(9, round(self.unit * size)), colour, strong=strong)


def leader(credit: Credit, facts: Mapping[str, str], still: Frame | None, width: int, height: int) -> Frame:
    """A slate of (`height`, `width`, 3). `facts` are lines for below the take's own, by what they are called."""
    page = _Page.blank(width, height)
    margin = round(page.unit * 7)
    if width >= height:
        column = round(width * 0.5) - margin
        _still(page, credit, still, (round(width * 0.55), margin), (width - margin, height - margin))
        _words(page, credit, facts, (margin, margin), column, height - margin)
    else:
        middle = round(height * 0.42)
        _still(page, credit, still, (margin, margin), (width - margin, middle))
        _words(page, credit, facts, (margin, middle + margin // 2), width - 2 * margin, height - margin)
    return np.asarray(page.image, np.uint8)


def _words(page: _Page, credit: Credit, facts: Mapping[str, str], at: tuple[int, int], room: int, bottom: int) -> None:
    left, top = at
    heading, code = page.style(3.4, GREY), page.style(11, WHITE, strong=True)
    draw_line(page.draw, (left, top), side_by_side((credit.show, credit.sequence)), heading, room)
    top += round(heading.line_height * 1.2)
    while line_width(credit.shot, code) > room and code.size > heading.size:
        code = Style(code.size * 9 // 10, WHITE, strong=True)
    draw_line(page.draw, (left, top), credit.shot, code, room)
    top += code.line_height + round(page.unit * 1.5)
    page.draw.rectangle((left, top, left + round(page.unit * 9), top + max(1, round(page.unit / 3))), fill=AMBER)
    top += round(page.unit * 4)
    if credit.trained:
        top += _tag(page, left, top)
    rows = {name: words for name, words in {**_take(credit), **facts}.items() if words}
    _table(page, rows, (left, top), room, bottom)


def _take(credit: Credit) -> dict[str, str]:
    take = side_by_side((str(credit.take or ""), credit.label))
    return {
        "Take": take,
        "Model": credit.model,
        "Seed": str(credit.seed) if credit.model else "",
    }


def _tag(page: _Page, left: int, top: int) -> int:
    style = page.style(3.2, AMBER, strong=True)
    width, pad = round(line_width(AI_GENERATED, style)), round(page.unit * 1.2)
    box = (left, top, left + width + 2 * pad, top + style.line_height + pad)
    page.draw.rounded_rectangle(box, radius=pad, outline=AMBER, width=max(1, round(page.unit / 4)))
    draw_line(page.draw, (left + pad, top + pad // 2), AI_GENERATED, style, width + pad)
    return box[3] - top + round(page.unit * 3)


def _table(page: _Page, rows: Mapping[str, str], at: tuple[int, int], room: int, bottom: int) -> None:
    """Names on the left, values beside them, a thin rule between the lines, as high as there is room for."""
    left, top = at
    each = min(round(page.unit * 7.4), (bottom - top) // max(1, len(rows)))
    size = min(3.5, each / page.unit * 0.5)
    name, value = page.style(size, GREY), page.style(size, WHITE)
    column = round(max((line_width(words, name) for words in rows), default=0) + page.unit * 4)
    for number, (words, said) in enumerate(rows.items()):
        line = top + number * each
        text = line + (each - value.line_height) // 2
        if number:
            page.draw.line((left, line, left + room, line), fill=_RULE, width=max(1, round(page.unit / 8)))
        draw_line(page.draw, (left, text), words, name, column)
        draw_line(page.draw, (left + column, text), said, value, room - column)


def _still(page: _Page, credit: Credit, still: Frame | None, at: tuple[int, int], end: tuple[int, int]) -> None:
    """The still, whole, in the middle of its place, and the prompt below it."""
    room = (end[0] - at[0], end[1] - at[1])
    style = page.style(3.0, GREY)
    below = _MOST_PROMPT * style.line_height + round(page.unit * 2) if credit.prompt else 0
    width, height, top = room[0], 0, at[1]
    if still is not None:
        framing = Framing.of((still.shape[1], still.shape[0]), (room[0], max(1, room[1] - below)), Fit.PAD)
        width, height = framing.width, framing.height
        left = at[0] + (room[0] - width) // 2
        page.image.paste(Image.fromarray(fitted(still, width, height, Fit.CROP)), (left, top))
    if credit.prompt:
        text = (at[0], top + height + round(page.unit * 2))
        draw_lines(page.draw, text, credit.prompt, style, room[0], _MOST_PROMPT)
