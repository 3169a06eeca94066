"""Is this frame the still? The declared framing is undone first, then what is left is compared.

    still ─▶ framings that may have been meant ─▶ the one that explains the frame best ─▶ Registered

A take may begin anywhere inside its overscan, and a pull-back begins close: so scale and place are searched for, and
only what then still differs counts.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from farm.fitting import fitted
from farm.scoring.similarity import Similarity
from farm.scoring.track import motion
from farm.shots.model import Fit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from farm.models.spec import Frame
    from farm.scoring.track import Grey

_SCALES = (0.55, 2.2)
"""A registration outside these magnifications is a mismatch."""

_LEAST_COVER = 0.2 * 255
_SHRUNK = 0.99
_BLUR = 1.5
_FLAT = 3.0
"""Standard deviation in code values under which a picture has nothing to correlate."""


@dataclass(frozen=True, slots=True)
class Registered:
    """How a frame agrees with a still, framing undone."""

    correlation: float
    """-1 to 1, of slightly blurred luma where both have picture."""
    difference: float
    """Mean absolute difference there, in code values."""
    fit: Fit
    overscan: float
    """The framing that explains the frame."""
    place: Similarity
    """Carries the still, so framed, onto the frame."""

    def framed(self, still: Frame, frame: Frame) -> Frame:
        """The still as `frame` shows it, RGB; where it has no picture, that of the frame."""
        height, width = frame.shape[:2]
        moved, mask = carried(fitted(still, width, height, self.fit, self.overscan), self.place)
        return np.where(mask[:, :, None] > 0, moved, frame)


def register(still: Frame, grey: Grey, fit: Fit, overscan: float) -> Registered:
    """How a frame (grey, small) agrees with `still` (RGB, any size) in the best framing it can have been given."""
    height, width = grey.shape
    framings = {(fit, overscan if fit is Fit.OVERSCAN else 1.0), (Fit.CROP, 1.0), (Fit.OVERSCAN, max(1.0, overscan))}
    found: list[Registered] = []
    for framing, enlarged in sorted(framings):
        base = grey_of(fitted(still, width, height, framing, enlarged))
        found += [Registered(*agreement(base, grey, place), framing, enlarged, place) for place in _places(base, grey)]
    return max(found, key=lambda each: each.correlation)


def agreement(base: Grey, grey: Grey, place: Similarity) -> tuple[float, float]:
    """Correlation and mean difference of `grey` and `base` carried to its place; (-1, 255) where they hardly meet."""
    moved, mask = carried(base, place)
    if mask.mean() < _LEAST_COVER:
        return -1.0, 255.0
    one, other = (cv2.GaussianBlur(each, (0, 0), _BLUR).astype(np.float32)[mask > 0] for each in (moved, grey))
    return correlation(one, other), float(np.abs(one - other).mean())


def carried(base: NDArray[np.uint8], place: Similarity) -> tuple[NDArray[np.uint8], Grey]:
    """A picture (grey or RGB) under a motion, and where it has picture for certain (255, elsewhere 0).

    One that is made smaller is smoothed first: its finest detail has no place in the smaller picture.
    """
    height, width = base.shape[:2]
    matrix = place.matrix(width, height)
    scale = abs(place.turn)
    smooth = cv2.GaussianBlur(base, (0, 0), 0.5 * math.sqrt(scale**-2 - 1)) if scale < _SHRUNK else base
    moved = cv2.warpAffine(smooth, matrix, (width, height), flags=cv2.INTER_CUBIC)
    covered = cv2.warpAffine(np.full((height, width), 255, np.uint8), matrix, (width, height), flags=cv2.INTER_NEAREST)
    mask = cv2.erode(covered, np.ones((9, 9), np.uint8), borderValue=0)
    return np.asarray(moved, np.uint8), np.asarray(mask, np.uint8)


def grey_of(frame: Frame) -> Grey:
    return np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), np.uint8)


def correlation(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Pearson's correlation; for two flat pictures 1 where they are equally bright, 0 where not."""
    one_spread, other_spread = float(one.std()), float(other.std())
    if max(one_spread, other_spread) < _FLAT:
        return float(abs(float(one.mean()) - float(other.mean())) < 4 * _FLAT)
    covariance = float(((one - one.mean()) * (other - other.mean())).mean())
    return covariance / max(one_spread * other_spread, 1e-6)


def _places(base: Grey, grey: Grey) -> Iterator[Similarity]:
    yield Similarity()
    place = _by_features(base, grey)
    if place is not None:
        yield motion(base, grey, place)


def _by_features(base: Grey, grey: Grey) -> Similarity | None:
    """A first guess of how `base` lies in `grey`, from ORB features; None where they do not agree on one."""
    height, width = grey.shape
    orb = cv2.ORB.create(nfeatures=700, fastThreshold=8)
    one, one_words = orb.detectAndCompute(base, None)
    other, other_words = orb.detectAndCompute(grey, None)
    if one_words is None or other_words is None:  # pyright: ignore[reportUnnecessaryComparison]  stubs are hopeful
        return None
    matches = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(one_words, other_words)
    if len(matches) < 12:
        return None
    source = np.array([one[match.queryIdx].pt for match in matches], np.float32)
    target = np.array([other[match.trainIdx].pt for match in matches], np.float32)
    matrix, inliers = cv2.estimateAffinePartial2D(source, target, method=cv2.RANSAC, ransacReprojThreshold=3.0)
    if matrix is None or inliers.sum() < 10:
        return None
    place = Similarity.of_matrix(np.asarray(matrix, np.float64), width, height)
    return place if _SCALES[0] < abs(place.turn) < _SCALES[1] else None
