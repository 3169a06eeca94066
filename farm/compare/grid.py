"""Where takes stand beside each other: as many columns and rows as show them largest.

2 takes 16:9 ─▶ 2x1      4 ─▶ 2x2      6 ─▶ 3x2      2 takes 9:16 ─▶ 2x1      4 takes 9:16 ─▶ 4x1
"""

from __future__ import annotations

import math
from dataclasses import dataclass

WIDEST, HIGHEST = 1920, 1080
"""Pixels: what fits a screen. Three proxies of 640 in a row are shown as they are, and the gaps come on top."""

GAP = 8
"""Between cells, and around them."""

HEADER, STRIP = 72, 58
"""About what the words above all pictures, and those below each, take of the height."""

EMPTY = 0.1
"""Of a picture's width, what an empty cell is worth: a row of three small ones, or two and one with a hole."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Columns and rows of cells of one size, in pixels."""

    columns: int
    rows: int
    width: int
    height: int

    @classmethod
    def of(cls, count: int, aspect: float, largest: int) -> Grid:
        """For `count` pictures of `aspect` (width over height), none wider than `largest`; of equal ones the wider."""
        layouts = [
            cls._laid_out(columns, math.ceil(count / columns), aspect, largest) for columns in range(1, count + 1)
        ]
        return max(layouts, key=lambda grid: (grid.width * (1 - EMPTY * (grid.cells - count)), grid.columns))

    @classmethod
    def _laid_out(cls, columns: int, rows: int, aspect: float, largest: int) -> Grid:
        wide = WIDEST / columns
        high = (HIGHEST - HEADER - rows * (STRIP + GAP)) / rows
        width = min(wide, high * aspect, largest)
        return cls(columns, rows, even(width), even(width / aspect))

    @property
    def cells(self) -> int:
        return self.columns * self.rows

    def place(self, number: int) -> tuple[int, int]:
        """Column and row of a picture, from 0, row by row."""
        return number % self.columns, number // self.columns


def even(length: float) -> int:
    """The even length that fits: colours are kept for pixels by twos."""
    return max(2, 2 * int(length / 2))
