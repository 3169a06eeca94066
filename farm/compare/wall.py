"""The wall: every take in its place under its name, at one moment.

All that stands still (names, scores, the outline of the picked take) is drawn once; a moment of the movie is that
picture with the takes' frames put into their places.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

from farm.compare.grid import GAP, Grid, even
from farm.compare.judged import Judged
from farm.cut.sheet import GROUND, PANEL
from farm.cut.slate import AMBER, GREY, WHITE
from farm.cut.text import Style, draw_line, line_width
from farm.fitting import fitted
from farm.shots.model import Fit

if TYPE_CHECKING:
    from farm.models.spec import Frame


class Wall:
    """Draws moments of (`height`, `width`, 3)."""

    def __init__(self, grid: Grid, takes: Sequence[Judged], title: str, subtitle: str) -> None:
        self._grid = grid
        unit = max(14, min(30, round(grid.width / 26)))
        self._name, self._fine = Style(unit, WHITE, strong=True), Style(max(11, round(unit * 0.78)), GREY)
        self._header, self._strip = even(unit * 2.4), even(unit * 1.9)
        self.width = even(grid.columns * (grid.width + GAP) + GAP)
        self.height = even(self._header + grid.rows * (grid.height + self._strip + GAP))
        self._still = self._drawn(takes, title, subtitle)

    def moment(self, frames: Sequence[Frame]) -> Frame:
        """The wall with a frame of each take, in the takes' order."""
        picture = self._still.copy()
        for number, frame in enumerate(frames):
            left, top = self._corner(number)
            picture[top : top + self._grid.height, left : left + self._grid.width] = fitted(
                frame, self._grid.width, self._grid.height, Fit.PAD
            )
        return picture

    def _corner(self, number: int) -> tuple[int, int]:
        """Where a take's picture begins, from the left and from the top."""
        column, row = self._grid.place(number)
        left = GAP + column * (self._grid.width + GAP)
        return left, self._header + row * (self._grid.height + self._strip + GAP)

    def _drawn(self, takes: Sequence[Judged], title: str, subtitle: str) -> Frame:
        image = Image.new("RGB", (self.width, self.height), GROUND)
        draw = ImageDraw.Draw(image)
        top = (self._header - self._name.line_height) // 2
        used = draw_line(draw, (GAP + 4, top), title, self._name, self.width // 2)
        left = 2 * GAP + used + 8
        drop = self._name.size - self._fine.size
        draw_line(draw, (left, top + drop), subtitle, self._fine, self.width - left - GAP)
        for number, take in enumerate(takes):
            self._write(draw, take, *self._corner(number))
        return np.asarray(image, np.uint8)

    def _write(self, draw: ImageDraw.ImageDraw, take: Judged, left: int, top: int) -> None:
        """A take's panel: an outline if it is picked, its name on the left, its score on the right."""
        right, bottom = left + self._grid.width - 1, top + self._grid.height + self._strip - 1
        draw.rectangle((left, top, right, bottom), fill=PANEL)
        if take.picked:
            draw.rectangle((left - 4, top - 4, right + 4, bottom + 4), outline=AMBER, width=4)
        verdict = f"picked · {take.verdict}" if take.picked else take.verdict
        style = Style(self._name.size, AMBER if take.picked or not take.passed else WHITE, strong=True)
        room = round(line_width(verdict, style))
        base = bottom - self._strip + (self._strip - self._name.line_height) // 2 + 1
        draw_line(draw, (right - 10 - room, base), verdict, style, room + 2)
        left, right = left + 10, right - 26 - room
        left += draw_line(draw, (left, base), f"take {take.number}", self._name, right - left) + self._name.size // 2
        drop = self._name.size - self._fine.size
        draw_line(draw, (left, base + drop), f"{take.name} · seed {take.seed}", self._fine, max(1, right - left))
