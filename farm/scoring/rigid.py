"""Does the picture move as one? What moves otherwise, once every motion that a camera can cause has been taken out.

    first frame ─corners─▶ ╮ where they went in the frame (pyramidal Lucas-Kanade on the frame carried back)
    frame, carried back ─▶ ╯   ─ a quadratic motion ─ parallax: along lines through one point ─▶ what is left: wandering

Dense optical flow would follow a melting face and find nothing wrong. A camera leaves every point on the line through
the epipole (Longuet-Higgins and Prazdny 1980); what melts does not keep to lines. The epipole is fitted too: nothing
here needs to know which move was asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from farm.scoring.similarity import Similarity
from farm.scoring.track import as_bright_as, features

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from farm.scoring.track import Grey

    Points = NDArray[np.float64]

_STRONG = 3e-4
"""Least eigenvalue of a strong corner's gradients, as `cv2.cornerMinEigenVal` scales it: clouds have less."""
_ENOUGH = 40

FEWEST = 16
"""With fewer points nothing is said."""

_WINDOW = (17, 17)
_NEAR = 0.06
"""Frame widths: a point found further than this from its place was mistaken for another."""


def anchors(first: Grey) -> NDArray[np.float32]:
    """The strong corners of a frame, (n, 1, 2) pixels, or its strongest: a weak one is found again only roughly."""
    points = features(first)
    if not len(points):
        return points
    column, row = points[:, 0].astype(int).T
    strength = np.asarray(cv2.cornerMinEigenVal(first, 9))[row, column]
    enough = np.sort(strength)[-min(_ENOUGH, len(strength))]
    return points[strength >= min(_STRONG, enough)]


def wandering(first: Grey, points: NDArray[np.float32], grey: Grey, path: Similarity) -> float | None:
    """Median distance, in frame widths, of points from where a camera could have put them; None where too few are seen.

    `points` are (n, 1, 2) pixels of `first`; `path` carries `first` onto `grey`.
    """
    height, width = grey.shape
    seen = points[_inside(points, path, width, height)] if len(points) else points
    if len(seen) < FEWEST:
        return None
    home = path.inverse.matrix(width, height)
    back = cv2.warpAffine(grey, home, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    flown, status, _ = cv2.calcOpticalFlowPyrLK(
        first, as_bright_as(first, np.asarray(back, np.uint8)), seen, np.empty(0), winSize=_WINDOW, maxLevel=3
    )
    places = (seen[:, 0].astype(np.float64) - (width / 2, height / 2)) / width
    moved = (np.asarray(flown, np.float64)[:, 0] - seen[:, 0]) / width
    good = (status.ravel() == 1) & (np.abs(moved).max(axis=1) < _NEAR)
    if good.sum() < FEWEST:
        return None
    return float(np.median(unexplained(places[good], moved[good])))


def unexplained(places: Points, moved: Points) -> NDArray[np.float64]:
    """Length of what is left of each motion once a quadratic motion and parallax are taken out; (n, 2) each."""
    left = moved - _smooth(places, moved)
    return np.abs(_across(places, left))


def _smooth(places: Points, moved: Points) -> Points:
    """The quadratic motion through most of the points: least squares, twice reweighted against outliers.

    A plane seen by a camera that moves and turns moves so (Longuet-Higgins and Prazdny 1980).
    """
    x, y = places.T
    design = np.column_stack([np.ones(len(places)), x, y, x * x, x * y, y * y])
    weights = np.ones(len(places))
    fitted = np.zeros_like(moved)
    for _ in range(3):
        solution = np.linalg.lstsq(design * weights[:, None], moved * weights[:, None], rcond=None)[0]
        fitted = design @ solution
        apart = np.linalg.norm(moved - fitted, axis=1)
        weights = 1 / (1 + apart / max(float(np.median(apart)), 1e-5))
    return fitted


def _across(places: Points, left: Points) -> NDArray[np.float64]:
    """The part of each rest across its line through the epipole, which is where that is least."""
    x, y = places.T
    across = np.column_stack([left[:, 1], -left[:, 0], left[:, 0] * y - left[:, 1] * x])
    _, vectors = np.linalg.eigh(across.T @ across)
    epipole = vectors[:, 0]
    toward = np.column_stack([epipole[0] - epipole[2] * x, epipole[1] - epipole[2] * y])
    toward /= np.maximum(np.linalg.norm(toward, axis=1, keepdims=True), 1e-9)
    return left[:, 0] * toward[:, 1] - left[:, 1] * toward[:, 0]


def _inside(points: NDArray[np.float32], path: Similarity, width: int, height: int) -> NDArray[np.bool_]:
    """Which points the frame still shows, its margin left out."""
    x, y = np.asarray(cv2.transform(points, path.matrix(width, height)), np.float64)[:, 0].T
    margin = 6
    return (x > margin) & (x < width - margin) & (y > margin) & (y < height - margin)
