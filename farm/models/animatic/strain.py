"""What a relief does to the picture, measured from its displacement field and not guessed.

    screen point ──the flat camera──▶ still ──the camera with relief──▶ screen point, displaced

    stretch   largest and smallest singular value of the field's Jacobian, as a deviation from 1
    bend      how far a long straight line departs from straight, in pixels of a frame 1920 wide
    lean      how far an upright line in the picture tips over, in degrees

All against the flat camera, which keeps every straight line straight: the strain is what relief alone adds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from farm.models.animatic import lens
from farm.models.animatic.path import CameraPath, Pose

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    ReliefAt = Callable[[Floats, Floats], Floats]
    """Relief at points of the still, in frame heights from the approved centre."""

STRETCH_LIMIT = 0.20
BEND_LIMIT_PX = 2.0
LEAN_LIMIT_DEG = 0.6
_COLUMNS, _ROWS = 160, 90
_LINE_POINTS = 41
_EDGE_POINTS = 7
_UPRIGHT_DEG = 12.0
_LONG = 0.06
"""A detected line counts from this share of the frame's width on."""


@dataclass(frozen=True, slots=True)
class Strain:
    """The worst found anywhere."""

    stretch: float = 0.0
    bend_px: float = 0.0
    lean_deg: float = 0.0

    @property
    def worst(self) -> float:
        """The largest part of a limit that is used up; above 1 something shows."""
        return max(self.stretch / STRETCH_LIMIT, self.bend_px / BEND_LIMIT_PX, self.lean_deg / LEAN_LIMIT_DEG)

    def __str__(self) -> str:
        return f"stretch {self.stretch:.0%}, bend {self.bend_px:.1f} px, lean {self.lean_deg:.2f}°"


def extremes(path: CameraPath) -> tuple[Pose, ...]:
    """The poses where relief shows most."""
    picks = (
        max(path.poses, key=lambda pose: abs(pose.parallax_x)),
        max(path.poses, key=lambda pose: abs(pose.parallax_y)),
        max(path.poses, key=lambda pose: abs(pose.dolly)),
    )
    return tuple({pose for pose in picks if pose.parallax_x or pose.parallax_y or pose.dolly})


def measure(poses: Sequence[Pose], relief: ReliefAt, lines: Floats, uprights: Floats, *, aspect: float) -> Strain:
    """The worst strain over `poses`: bend over `lines`, lean over `uprights`.

    Both are (n, points, 2), in frame heights of the still.
    """
    strain = Strain()
    for pose in poses:
        strain = Strain(
            max(strain.stretch, _stretch(pose, relief, aspect)),
            max(strain.bend_px, _bend(pose, relief, lines, aspect) * 1920.0 / aspect),
            max(strain.lean_deg, _lean(pose, relief, uprights, aspect)),
        )
    return strain


def _stretch(pose: Pose, relief: ReliefAt, aspect: float) -> float:
    """How far a singular value of the Jacobian is from 1; 1 where the field folds over itself."""
    x, y = np.meshgrid(
        np.linspace(-aspect / 2.0, aspect / 2.0, _COLUMNS, dtype=np.float32),
        np.linspace(-0.5, 0.5, _ROWS, dtype=np.float32),
    )
    still_x, still_y = lens.plane_at(pose, x, y, aspect)
    right, down = lens.project(pose, still_x, still_y, relief(still_x, still_y), aspect)
    steps = (1.0 / (_ROWS - 1), aspect / (_COLUMNS - 1))
    (x_down, x_right), (y_down, y_right) = np.gradient(right, *steps), np.gradient(down, *steps)
    determinant = x_right * y_down - x_down * y_right
    squares = x_right**2 + x_down**2 + y_right**2 + y_down**2
    if float(determinant.min()) <= 0.0:
        return 1.0
    root = np.sqrt(np.maximum(squares**2 - 4.0 * determinant**2, 0.0))
    largest, smallest = np.sqrt((squares + root) / 2.0), np.sqrt(np.maximum(squares - root, 0.0) / 2.0)
    return float(max(largest.max() - 1.0, 1.0 - smallest.min()))


def _bend(pose: Pose, relief: ReliefAt, lines: Floats, aspect: float) -> float:
    """The farthest that a point of a line lands from the straight line fitted to it, in frame heights."""
    if not len(lines):
        return 0.0
    x, y = lines[..., 0], lines[..., 1]
    return float(_fit(lens.project(pose, x, y, relief(x, y), aspect))[1].max())


def _lean(pose: Pose, relief: ReliefAt, uprights: Floats, aspect: float) -> float:
    """The largest angle that relief turns a line by, in degrees."""
    if not len(uprights):
        return 0.0
    x, y = uprights[..., 0], uprights[..., 1]
    flat, _ = _fit(lens.project(pose, x, y, 0.0, aspect))
    made, _ = _fit(lens.project(pose, x, y, relief(x, y), aspect))
    cross = flat[:, 0] * made[:, 1] - flat[:, 1] * made[:, 0]
    return float(np.degrees(np.arcsin(np.clip(np.abs(cross), 0.0, 1.0))).max())


def upright(lines: Floats) -> Floats:
    """Those of the lines that stand nearly upright in the still."""
    across, down = np.abs(lines[:, -1] - lines[:, 0]).T
    return lines[across < math.tan(math.radians(_UPRIGHT_DEG)) * down]


def _fit(where: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """Direction of the line fitted to each row of points (x, y), and the farthest that a point stands off it."""
    points = np.stack(where, -1)
    centred = points - points.mean(axis=1, keepdims=True)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    off = np.abs(np.einsum("lpk,lk->lp", centred, axes[:, 1]))
    return axes[:, 0], off.max(axis=1)


def crossing_lines(half_width: float, half_height: float) -> Floats:
    """Straight lines across a still of that half size, from every part of its edge to every other."""
    steps = np.linspace(-1.0, 1.0, _EDGE_POINTS, dtype=np.float32)
    spots = [(side * half_width, step * half_height) for side in (-1.0, 1.0) for step in steps]
    spots += [(step * half_width, side * half_height) for side in (-1.0, 1.0) for step in steps]
    pairs = [(a, b) for index, a in enumerate(spots) for b in spots[index + 1 :] if math.dist(a, b) > half_height]
    return _sampled(np.array(pairs, dtype=np.float32))


def picture_lines(grey: NDArray[np.uint8], *, centre: tuple[float, float], height_px: float, aspect: float) -> Floats:
    """The straight lines that are in the picture (a line-segment detector), as (n, points, 2) in frame heights.

    `centre` is the approved centre and `height_px` one frame height, both in pixels of `grey`.
    """
    found = cv2.createLineSegmentDetector().detect(grey)[0]
    if found is None:
        return np.empty((0, _LINE_POINTS, 2), np.float32)
    ends = (found.reshape(-1, 2, 2) - np.array(centre, np.float32)) / height_px
    long = np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1) > _LONG * aspect
    return _sampled(ends[long].astype(np.float32))


def _sampled(ends: Floats) -> Floats:
    """Evenly spaced points on segments given by their ends, (n, 2, 2)."""
    share = np.linspace(0.0, 1.0, _LINE_POINTS, dtype=np.float32)[None, :, None]
    return (ends[:, :1] * (1.0 - share) + ends[:, 1:] * share).astype(np.float32)
