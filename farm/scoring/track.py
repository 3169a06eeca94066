"""The camera's path, measured: the global motion of each frame against the first.

    frame ─▶ features followed from a key frame (pyramidal Lucas-Kanade) ─▶ similarity by RANSAC ─▶ path

Following from a key frame, not from neighbour to neighbour, keeps the error from growing with every frame; a new key
is taken when the view has moved on. What moves by itself (mist, a subject) is outvoted by the rest of the picture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from farm.scoring.similarity import Similarity

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Grey = NDArray[np.uint8]

CELLS = (9, 16)
PER_CELL = 3
MOST_FEATURES = CELLS[0] * CELLS[1] * PER_CELL
FEWEST_FEATURES = 12
"""With fewer the picture is too smooth to follow: only a shift is estimated, by phase correlation."""

_REKEY_SHIFT = 0.10
_REKEY_SCALE = 0.12
_REKEY_SHARE = 0.5
_NEAR_PX = 1.0
_NEAR_SHARE = 0.25
"""Points agree on a motion within this many pixels, or this share of it: parallax makes planes differ."""

_ROUNDS = 4
_WINDOW = (21, 21)


class Tracker:
    """Fed one grey (h, w) uint8 frame after another, all of one size; gives each one's motion since the first."""

    def __init__(self) -> None:
        self._key: Grey | None = None
        self._points: NDArray[np.float32] = np.empty((0, 1, 2), np.float32)
        self._key_path = Similarity()
        self._since_key = Similarity()

    def add(self, grey: Grey) -> Similarity:
        """The similarity that carries the first frame onto this one."""
        if self._key is None:
            self._rekey(grey)
            return self._key_path
        grey = as_bright_as(self._key, grey)
        self._since_key, followed = _motion(self._key, grey, self._points, self._since_key)
        path = self._since_key.after(self._key_path)
        moved = max(abs(self._since_key.shift) / _REKEY_SHIFT, abs(self._since_key.log_scale) / _REKEY_SCALE)
        if moved > 1 or followed < _REKEY_SHARE:
            self._key_path = path
            self._rekey(grey)
        return path

    def _rekey(self, grey: Grey) -> None:
        self._key, self._since_key = grey, Similarity()
        self._points = features(grey)


def as_bright_as(key: Grey, grey: Grey) -> Grey:
    """`grey` at the key's mean brightness: optical flow takes flicker for motion."""
    factor = (float(key.mean()) + 1) / (float(grey.mean()) + 1)
    return np.asarray(cv2.convertScaleAbs(grey, alpha=factor), np.uint8) if 0.5 < factor < 2 else grey


def features(grey: Grey) -> NDArray[np.float32]:
    """Corners worth following, (n, 1, 2) pixels: the best few of every cell, so that a busy foreground, which moves
    more than the pivot plane, has no more say than its area.
    """
    found = cv2.goodFeaturesToTrack(grey, 4 * MOST_FEATURES, qualityLevel=0.002, minDistance=6, blockSize=5)
    if found is None:
        return np.empty((0, 1, 2), np.float32)
    height, width = grey.shape
    kept: list[NDArray[np.float32]] = []
    taken = np.zeros(CELLS, np.int32)
    for point in np.asarray(found, np.float32):  # best first
        cell = int(point[0, 1] * CELLS[0] / height), int(point[0, 0] * CELLS[1] / width)
        if taken[cell] < PER_CELL:
            taken[cell] += 1
            kept.append(point)
    return np.asarray(kept, np.float32)


def motion(one: Grey, other: Grey, guess: Similarity) -> Similarity:
    """The similarity that carries `one` onto `other`, near `guess`."""
    return _motion(one, other, features(one), guess)[0]


def _motion(key: Grey, grey: Grey, points: NDArray[np.float32], guess: Similarity) -> tuple[Similarity, float]:
    """The similarity from `key` to `grey`, and the share of points that follow it."""
    height, width = grey.shape
    if len(points) < FEWEST_FEATURES:
        return _shift(key, grey), 1.0
    expected = np.asarray(cv2.transform(points, guess.matrix(width, height)), np.float32)
    flown, status, _ = cv2.calcOpticalFlowPyrLK(
        key, grey, points, expected, winSize=_WINDOW, maxLevel=3, flags=cv2.OPTFLOW_USE_INITIAL_FLOW
    )
    found = np.asarray(flown, np.float32)
    inside = ((found > 1) & (found < (width - 2, height - 2))).all(axis=(1, 2))
    good = (status.ravel() == 1) & inside
    if good.sum() < FEWEST_FEATURES:
        return guess, 0.0
    matrix, inliers = cv2.estimateAffinePartial2D(
        points[good],
        found[good],
        method=cv2.RANSAC,
        ransacReprojThreshold=_near(points[good], found[good]),
        maxIters=500,
        confidence=0.995,
    )
    if matrix is None:
        return guess, 0.0
    common = Similarity.of_matrix(np.asarray(matrix, np.float64), width, height)
    near = _near(points[good], found[good]) / width
    refined = _refined(common, _places(points[good], grey), _places(found[good], grey), near)
    return refined, float(inliers.sum()) / len(points)


def _places(points: NDArray[np.float32], grey: Grey) -> NDArray[np.complex128]:
    """(n, 1, 2) pixels as centred complex numbers, in frame widths."""
    height, width = grey.shape
    x, y = points[:, 0].astype(np.float64).T
    return (x - (width - 1) / 2 + 1j * (y - (height - 1) / 2)) / width


def _refined(guess: Similarity, one: NDArray[np.complex128], other: NDArray[np.complex128], near: float) -> Similarity:
    """The weighted least-squares similarity around `guess`: weights fade with distance, so that no point comes or goes
    from one frame to the next, as RANSAC's do, and the path does not tremble.
    """
    for _ in range(_ROUNDS):
        apart = np.abs(guess.turn * one + guess.shift - other)
        weights = 1 / (1 + (apart / near) ** 2) ** 2
        weights /= weights.sum()
        middle, goal = (weights * one).sum(), (weights * other).sum()
        spread = (weights * np.abs(one - middle) ** 2).sum()
        turn = (weights * (other - goal) * np.conj(one - middle)).sum() / max(spread, 1e-12)
        guess = Similarity(complex(turn), complex(goal - turn * middle))
    return guess


def _near(points: NDArray[np.float32], found: NDArray[np.float32]) -> float:
    """How far from the common motion a point may be, pixels."""
    return max(_NEAR_PX, _NEAR_SHARE * float(np.median(np.linalg.norm(found - points, axis=2))))


def _shift(key: Grey, grey: Grey) -> Similarity:
    height, width = grey.shape
    window = np.asarray(cv2.createHanningWindow((width, height), cv2.CV_32F), np.float32)
    (x, y), response = cv2.phaseCorrelate(key.astype(np.float32), grey.astype(np.float32), window)
    return Similarity(shift=complex(x, y) / width) if response > 0.3 else Similarity()
