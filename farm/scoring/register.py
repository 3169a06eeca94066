"""Is this frame the still? The declared framing is undone first, then what is left is compared.

    still ─▶ framings that may have been meant ─▶ the one that explains the frame best ─▶ likeness

A take may begin anywhere inside its overscan, and a pull-back begins close: so scale and place are searched for, and
only what then still differs counts.
"""

from __future__ import annotations

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

_BLUR = 1.5
_FLAT = 3.0
"""Standard deviation in code values under which a picture has nothing to correlate."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """How well a frame agrees with a still, framing undone."""

    correlation: float
    """-1 to 1, of slightly blurred luma where both have picture."""
    difference: float
    """Mean absolute difference there, in code values."""
    sharpness: float
    """The frame's fine detail over the still's, for its contrast: mist takes contrast, blur takes detail."""


def likeness(still: Frame, grey: Grey, fit: Fit, overscan: float) -> Likeness:
    """How well a frame (grey, small) agrees with `still` (RGB, any size) in the best framing it can have been given."""
    height, width = grey.shape
    found = [compare(base, grey, place) for base, place in _places(still, width, height, grey, fit, overscan)]
    return max(found, key=lambda each: each.correlation)


def compare(base: Grey, grey: Grey, place: Similarity) -> Likeness:
    """Likeness of `grey` and `base` carried to its place."""
    height, width = grey.shape
    matrix = place.matrix(width, height)
    moved = np.asarray(cv2.warpAffine(base, matrix, (width, height), flags=cv2.INTER_CUBIC), np.uint8)
    covered = cv2.warpAffine(np.full_like(base, 255), matrix, (width, height), flags=cv2.INTER_NEAREST)
    mask = np.asarray(cv2.erode(covered, np.ones((9, 9), np.uint8), borderValue=0), np.uint8) > 0
    if mask.mean() < 0.2:
        return Likeness(-1.0, 255.0, 0.0)
    one, other = (cv2.GaussianBlur(each, (0, 0), _BLUR).astype(np.float32)[mask] for each in (moved, grey))
    contrast = (float(other.var()) + _FLAT) / (float(one.var()) + _FLAT)
    return Likeness(
        correlation=correlation(one, other),
        difference=float(np.abs(one - other).mean()),
        sharpness=detail(grey, mask) / detail(moved, mask) / contrast,
    )


def correlation(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Pearson's correlation; for two flat pictures 1 where they are equally bright, 0 where not."""
    one_spread, other_spread = float(one.std()), float(other.std())
    if max(one_spread, other_spread) < _FLAT:
        return float(abs(float(one.mean()) - float(other.mean())) < 4 * _FLAT)
    covariance = float(((one - one.mean()) * (other - other.mean())).mean())
    return covariance / max(one_spread * other_spread, 1e-6)


def detail(grey: Grey, mask: NDArray[np.bool_]) -> float:
    """Fine detail: the variance of the Laplacian of a slightly smoothed picture, over `mask`; never 0."""
    smooth = cv2.GaussianBlur(grey, (0, 0), 1.0)
    edges = np.asarray(cv2.Laplacian(smooth, cv2.CV_32F), np.float32)
    return float(edges[mask].var()) + 0.05


def _places(
    still: Frame, width: int, height: int, grey: Grey, fit: Fit, overscan: float
) -> Iterator[tuple[Grey, Similarity]]:
    framings = {(fit, overscan if fit is Fit.OVERSCAN else 1.0), (Fit.CROP, 1.0), (Fit.OVERSCAN, max(1.0, overscan))}
    for framing, enlarged in sorted(framings):
        base = cv2.cvtColor(fitted(still, width, height, framing, enlarged), cv2.COLOR_RGB2GRAY)
        base = np.asarray(base, np.uint8)
        yield base, Similarity()
        place = _by_features(base, grey)
        if place is not None:
            yield base, motion(base, grey, place)


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
