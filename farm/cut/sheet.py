"""The contact sheet: every shot of the cut at a glance, as first, middle and last frame with its words.

Card (one shot) ──▶ columns and rows that fit a screen and a printed page ──▶ one picture
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

from farm.cut.slate import AMBER, GREY, WHITE
from farm.cut.text import Style, draw_line, draw_lines, line_width, wrapped
from farm.fitting import fitted
from farm.shots.model import Fit

if TYPE_CHECKING:
    from farm.models.spec import Frame

GROUND = (20, 21, 23)
PANEL = (30, 32, 35)
PILL = (58, 62, 68)

THUMB_WIDTH = 384
"""Pixels; three stand side by side on a card."""

_GAP = 4
_PADDING = 20
_MARGIN = 56
_HEADER = 150

_TITLE = Style(52, WHITE, strong=True)
_UNDER_TITLE = Style(24, GREY)
_CODE = Style(28, WHITE, strong=True)
_FACTS = Style(20, GREY)
_TAKE = Style(18, WHITE)
_NOTE = Style(20, GREY)
_WARNING = Style(20, AMBER)
_NOTE_LINES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One shot on the sheet. `thumbs` are first, middle and last frame, or a single slate."""

    code: str
    facts: str
    """Length and place in the cut."""
    take: str = ""
    """The take's name, "" for a shot without a clip."""
    note: str = ""
    slated: bool = False
    """True where the shot has no clip: `note` says why, in amber."""
    thumbs: tuple[Frame, ...]


def thumb(frame: Frame, aspect: float) -> Frame:
    """`frame` as small as it stands on the sheet; `aspect` is the cut's width over its height."""
    return fitted(frame, THUMB_WIDTH, round(THUMB_WIDTH / aspect), Fit.PAD)


def contact_sheet(title: str, subtitle: str, cards: Sequence[Card]) -> Frame:
    """The sheet as one (h, w, 3) picture. Thumbs of all cards have one size, that of `thumb`."""
    thumb_height = cards[0].thumbs[0].shape[0] if cards else THUMB_WIDTH * 9 // 16
    card_width = 3 * THUMB_WIDTH + 2 * _GAP
    room = card_width - 2 * _PADDING
    lines = max((len(wrapped(card.note, _NOTE, room, _NOTE_LINES)) for card in cards), default=0)
    card_height = thumb_height + 2 * _PADDING + _CODE.line_height + 6 + lines * _NOTE.line_height
    columns = _columns(len(cards), card_height)
    rows = max(1, math.ceil(len(cards) / columns))
    width = 2 * _MARGIN + columns * card_width + (columns - 1) * _MARGIN // 2
    height = _HEADER + _MARGIN + rows * card_height + (rows - 1) * _MARGIN // 2
    image = Image.new("RGB", (width, height), GROUND)
    draw = ImageDraw.Draw(image)
    draw_line(draw, (_MARGIN, 34), title, _TITLE, width - 2 * _MARGIN)
    draw_line(draw, (_MARGIN, 34 + _TITLE.line_height), subtitle, _UNDER_TITLE, width - 2 * _MARGIN)
    for number, card in enumerate(cards):
        row, column = divmod(number, columns)
        left = _MARGIN + column * (card_width + _MARGIN // 2)
        top = _HEADER + row * (card_height + _MARGIN // 2)
        draw.rectangle((left, top, left + card_width - 1, top + card_height - 1), fill=PANEL)
        _place(image, card, left, top, thumb_height)
        _words(draw, card, left + _PADDING, top + thumb_height + _PADDING, room)
    return np.asarray(image, np.uint8)


def _columns(count: int, card_height: int) -> int:
    """Few shots stand under one another; many take as many columns as keep the sheet under a JPEG's 65,535 lines."""
    if count <= 3:
        return 1
    return max(2 if count <= 24 else 3, math.ceil(count * (card_height + _MARGIN) / 60_000))


def _place(image: Image.Image, card: Card, left: int, top: int, thumb_height: int) -> None:
    width = 3 * THUMB_WIDTH + 2 * _GAP
    if len(card.thumbs) == 1:
        image.paste((12, 13, 14), (left, top, left + width, top + thumb_height))
        image.paste(Image.fromarray(card.thumbs[0]), (left + (width - THUMB_WIDTH) // 2, top))
        return
    for number, picture in enumerate(card.thumbs):
        image.paste(Image.fromarray(picture), (left + number * (THUMB_WIDTH + _GAP), top))


def _words(draw: ImageDraw.ImageDraw, card: Card, left: int, top: int, room: int) -> None:
    used = draw_line(draw, (left, top), card.code, _CODE, room // 2) + 18
    baseline = top + _CODE.size - _FACTS.size
    draw_line(draw, (left + used, baseline), card.facts, _FACTS, room - used)
    if card.take:
        width = min(math.ceil(line_width(card.take, _TAKE)), room // 3)
        start = left + room - width - 20
        draw.rounded_rectangle((start, top - 2, left + room, top + 30), radius=16, fill=PILL)
        draw_line(draw, (start + 10, top + 4), card.take, _TAKE, width)
    style = _WARNING if card.slated else _NOTE
    draw_lines(draw, (left, top + _CODE.line_height + 6), card.note, style, room, most=_NOTE_LINES)
