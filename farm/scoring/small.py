"""Small pictures of a frame, and how two of them differ.

frame ─▶ fine grey (sharpness) ─▶ grey (motion) ─▶ thinned (change: grain is gone)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from farm.scoring.register import grey_of

if TYPE_CHECKING:
    from farm.models.spec import Frame
    from farm.scoring.similarity import Similarity
    from farm.scoring.track import Grey

LONG_EDGE = 512
"""Pixels of the grey pictures on which motion is measured."""

FINE_EDGE = 1280
"""Pixels of those on which sharpness is."""

_COARSE = 4
_CELLS = (8, 5)


def greys(frame: Frame) -> tuple[Grey, Grey]:
    """A frame's luma, fine and small."""
    fine = at_most(grey_of(frame), FINE_EDGE)
    return fine, at_most(fine, LONG_EDGE)


def at_most(grey: Grey, edge: int) -> Grey:
    height, width = grey.shape
    factor = edge / max(width, height)
    if factor >= 1:
        return grey
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)


def thinned(grey: Grey, by: int = _COARSE) -> Grey:
    """So small that grain is gone."""
    size = (max(1, grey.shape[1] // by), max(1, grey.shape[0] // by))
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)


def carried(grey: Grey, motion: Similarity) -> Grey:
    height, width = grey.shape
    matrix = motion.matrix(width, height)
    return np.asarray(
        cv2.warpAffine(grey, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


def brightest(grey: Grey) -> float:
    """99th percentile."""
    counts = np.cumsum(cv2.calcHist([grey], [0], None, [256], [0, 256]).ravel())
    return float(np.searchsorted(counts, 0.99 * counts[-1]))


def colours(frame: Frame) -> tuple[float, ...]:
    cells = cv2.resize(frame, (4, 3), interpolation=cv2.INTER_AREA)
    return tuple(float(value) for value in cells.ravel())


def liveliest(one: Grey, other: Grey) -> float:
    """Mean change in that cell where it is greatest: what moves may be small."""
    cells = cv2.resize(cv2.absdiff(one, other).astype(np.float32), _CELLS, interpolation=cv2.INTER_AREA)
    return float(cells.max())


def change(one: Grey, other: Grey) -> float:
    return float(cv2.mean(cv2.absdiff(one, other))[0])
