"""A later frame beside the first one, carried to the same place: what has been lost, and what has come in.

    first ──camera's motion──▶ ╮
    frame ─────────────────────┴▶ detail kept · burnt-out area gained · parts that wander on their own

Carrying the first frame along undoes the move: a push that shows less of the picture has not lost the rest.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from farm.scoring.register import carried

if TYPE_CHECKING:
    from farm.scoring.similarity import Similarity
    from farm.scoring.track import Grey

BLACK, WHITE = 2, 253
"""Luma beyond these holds no detail."""

_FLAT = 3.0
_LEAST_COVER = 0.2 * 255
_LEAST_DETAIL = 0.05


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

    Detail is the spread of the Laplacian of the slightly smoothed picture, for its contrast: mist takes contrast, blur
    takes detail. Both are grey and as large as the frame; where they hardly overlap detail is 0.
    """
    moved, mask = carried(base, place)
    if cv2.mean(mask)[0] < _LEAST_COVER:
        return 0.0, 0.0
    contrast = (_spread(grey, mask) + _FLAT) / (_spread(moved, mask) + _FLAT)
    kept = (_detail(grey, mask) + _LEAST_DETAIL) / (_detail(moved, mask) + _LEAST_DETAIL)
    gained = _clipped(grey, mask) - _clipped(moved, mask)
    return math.sqrt(kept / contrast), max(0.0, gained)


def _detail(grey: Grey, mask: Grey) -> float:
    smooth = cv2.GaussianBlur(grey, (0, 0), 1.0)
    return _spread(np.asarray(cv2.Laplacian(smooth, cv2.CV_16S), np.int16), mask)


def _spread(picture: np.ndarray, mask: Grey) -> float:
    """Variance over `mask`."""
    _, deviation = cv2.meanStdDev(picture, mask=mask)
    return float(deviation[0, 0]) ** 2


def _clipped(grey: Grey, mask: Grey) -> float:
    kept = cv2.bitwise_and(cv2.inRange(grey, BLACK + 1, WHITE - 1), mask)
    return 1 - cv2.countNonZero(kept) / max(1, cv2.countNonZero(mask))
