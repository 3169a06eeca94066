"""A later frame beside the first one, carried to the same place: what has been lost, and what has come in.

    first ──camera's motion──▶ ╮
    frame ─────────────────────┴▶ detail kept · burnt-out area gained · parts that wander on their own

Carrying the first frame along undoes the move: a push that shows less of the picture has not lost the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from farm.scoring.register import carried

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from farm.scoring.similarity import Similarity
    from farm.scoring.track import Grey

BLACK, WHITE = 2, 253
"""Luma beyond these holds no detail."""

_CELLS = (8, 5)
_BROAD = 8
"""Contrast is measured on a picture this much smaller: of mist it is as good a measure, and blur does not reach it."""
_FLAT = 9.0
_PLAIN = 0.4
_NOISE = 0.05
"""Variances, code values squared: contrast that is none, detail that a cell should have to be asked, and noise."""
_LEAST_COVER = 0.2 * 255
_COVERED = 0.9


@dataclass(frozen=True, slots=True)
class Sample:
    """What one frame has kept of the first."""

    frame: int
    sharpness: float
    """Its fine detail over the first frame's, as amplitudes."""
    clipped: float
    """Share of the area that is black or white without detail now, and was not."""
    wander: float | None
    """How far parts are from where a camera could have put them (`farm.scoring.rigid`), frame widths."""


def detail_kept(base: Grey, grey: Grey, place: Similarity) -> tuple[float, float]:
    """Detail of `grey` over that of `base` carried to its place, as amplitudes, and the clipped area gained.

    Detail is the spread of the Laplacian of the slightly smoothed picture, for its broad contrast: mist takes contrast,
    blur takes detail. It is compared cell by cell, and the median counts. Both pictures are as large as the frame;
    where they hardly overlap detail is 0.
    """
    moved, mask = carried(base, place)
    if cv2.mean(mask)[0] < _LEAST_COVER:
        return 0.0, 0.0
    before, after = _detail(moved), _detail(grey)
    contrast = (_contrast(grey) + _FLAT) / (_contrast(moved) + _FLAT)
    asked = (_mean(mask) >= _COVERED * 255) & (before > _PLAIN)
    kept = np.sqrt((after + _NOISE) / (before + _NOISE) / contrast)[asked]
    gained = _clipped(grey, mask) - _clipped(moved, mask)
    return float(np.median(kept)) if kept.size else 1.0, max(0.0, gained)


def _detail(grey: Grey) -> NDArray[np.float64]:
    """Variance of the Laplacian in each cell."""
    edges = cv2.Laplacian(cv2.GaussianBlur(grey, (0, 0), 1.0), cv2.CV_32F)
    return _mean(cv2.multiply(edges, edges))


def _contrast(grey: Grey) -> NDArray[np.float64]:
    """Variance of the much smaller picture in each cell."""
    height, width = grey.shape
    size = (max(_CELLS[0], width // _BROAD), max(_CELLS[1], height // _BROAD))
    broad = cv2.resize(grey, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    return np.maximum(0, _mean(broad * broad) - _mean(broad) ** 2)


def _mean(picture: np.ndarray) -> NDArray[np.float64]:
    """Mean of each cell."""
    return cv2.resize(picture, _CELLS, interpolation=cv2.INTER_AREA).astype(np.float64)


def _clipped(grey: Grey, mask: Grey) -> float:
    kept = cv2.bitwise_and(cv2.inRange(grey, BLACK + 1, WHITE - 1), mask)
    return 1 - cv2.countNonZero(kept) / max(1, cv2.countNonZero(mask))
