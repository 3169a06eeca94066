"""What a frame looks like, as a short vector: a colour grid and a gradient histogram, for when no network is installed.

    frame ─▶ 16 x 9 colours, mean taken out ─────────────────┐
    grey  ─▶ gradients in 8 directions, summed in 16 x 9 cells ┴▶ each of length 1, joined ─▶ cosine of two looks

The cosine is 1 for equal pictures and about 0 for unrelated ones; how bright a picture is and how strong its contrast
do not enter. i2v-likeness has VBench's form (Huang et al. 2024, "VBench++", I2V subject consistency) over these.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from farm.models.spec import Frame

    Vector = NDArray[np.float32]
    Bytes = NDArray[np.uint8]

GRID = (16, 9)
"""Cells across and down."""

_FINE = (160, 90)
_DIRECTIONS = np.array([[math.cos(turn), math.sin(turn)] for turn in np.arange(8) * math.pi / 4], np.float32)
_FLAT = 1.0
"""Length under which a part holds nothing but noise, code values."""


def look(colours: Frame, grey: Bytes) -> Vector:
    """The look of a frame, float32 of unit length or less; `colours` may be a thinned-out copy of it."""
    grid = cv2.resize(colours, GRID, interpolation=cv2.INTER_AREA).astype(np.float32)
    grid -= grid.mean(axis=(0, 1))
    return np.concatenate([_unit(grid.ravel()), _unit(_gradients(grey))]) / np.float32(math.sqrt(2))


def _gradients(grey: Bytes) -> Vector:
    """How much the picture rises toward each of 8 directions, per cell, the mean over all cells taken out."""
    fine = cv2.resize(grey, _FINE, interpolation=cv2.INTER_AREA)
    across = cv2.Sobel(fine, cv2.CV_32F, 1, 0, scale=1 / 8)
    down = cv2.Sobel(fine, cv2.CV_32F, 0, 1, scale=1 / 8)
    cells = [
        cv2.resize(np.maximum(across * x + down * y, 0), GRID, interpolation=cv2.INTER_AREA) for x, y in _DIRECTIONS
    ]
    found = np.stack(cells).astype(np.float32)
    return np.asarray((found - found.mean()).ravel(), np.float32)


def _unit(vector: Vector) -> Vector:
    length = float(np.linalg.norm(vector))
    return vector / np.float32(max(length, _FLAT * math.sqrt(vector.size)))


def cosine(one: Vector, other: Vector) -> float:
    """1 for equal looks; two pictures without any contrast count as equal."""
    product, size = float(one @ other), float(max(one @ one, other @ other))
    return product / size if size > 0.05 else 1.0


@dataclass(slots=True)
class I2VLikeness:
    """Gathers i2v-likeness over a take: 0.4 max cos(still, f) + 0.3 mean cos(f, before) + 0.3 min cos(f, before)."""

    still: Vector
    best: float = -1.0
    least: float = 1.0
    total: float = 0.0
    steps: int = 0
    last: Vector | None = field(default=None)

    def add(self, vector: Vector) -> float:
        """Take in the next frame; gives its cosine with the one before."""
        self.best = max(self.best, cosine(self.still, vector))
        alike = 1.0 if self.last is None else cosine(self.last, vector)
        if self.last is not None:
            self.least, self.total, self.steps = min(self.least, alike), self.total + alike, self.steps + 1
        self.last = vector
        return alike

    @property
    def value(self) -> float:
        """-1 to 1; of a single frame its cosine with the still."""
        if not self.steps:
            return self.best
        return 0.4 * self.best + 0.3 * self.total / self.steps + 0.3 * self.least
