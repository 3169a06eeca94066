"""How the still lies in the frame, and how much room a path needs around it.

    crop      the still fills the frame; a move that looks past its edge takes overscan, as much as it needs
    pad       the whole still is shown on black bars; moves happen inside the picture, as with crop
    overscan  the room is taken up front, the same for every take of the shot

An overscan of 1.1 shows the still 10 % larger. Lengths are frame heights unless they say pixels (of the still, or of
the frame); points are measured from the approved centre.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from farm.models.animatic.lens import plane_at, still_at
from farm.models.animatic.path import CameraPath, Pose
from farm.models.animatic.shake import Shake
from farm.shots.model import Fit


@dataclass(frozen=True, slots=True)
class Bounds:
    """A box around everything the camera sees."""

    left: float
    top: float
    right: float
    bottom: float

    def grown(self, by: float) -> Bounds:
        """The box with a margin on each side."""
        return Bounds(self.left - by, self.top - by, self.right + by, self.bottom + by)


def seen(pose: Pose, aspect: float, relief: float = 1.0) -> Bounds:
    """The box of the still that `pose`, or a pose of columns, can look at, where relief is at most ±`relief`.

    Each plane of equal relief is seen through a homography, so the frame's corners at both extremes bound it.
    """
    planes = plane_at(pose, _CORNERS[0] * (aspect / 2.0), _CORNERS[1] / 2.0, aspect)
    across, down = still_at(pose, *planes, _EXTREMES * relief)
    return Bounds(float(across.min()), float(down.min()), float(across.max()), float(down.max()))


_CORNERS = np.array([[-1.0, -1.0, 1.0, 1.0], [-1.0, 1.0, -1.0, 1.0]])[:, :, None]
_EXTREMES = np.array([-1.0, 1.0])[:, None, None]


def path_bounds(path: CameraPath, aspect: float, relief: float = 1.0) -> Bounds:
    """The box of everything any half frame of `path` sees."""
    return seen(path.columns, aspect, relief)


def shake_margin(shake: Shake | None, aspect: float) -> float:
    """What handheld movement can add on each side."""
    return 0.0 if shake is None else shake.shift * math.sqrt(2.0) + shake.roll * math.hypot(aspect, 1.0) / 2.0


def overscan_for(bounds: Bounds, half_width: float, half_height: float) -> float:
    """How much larger a still of that half size must stand so that `bounds` fits in; at least 1."""
    wide = (bounds.right - bounds.left) / (2.0 * half_width)
    high = (bounds.bottom - bounds.top) / (2.0 * half_height)
    return max(1.0, wide, high)


@dataclass(frozen=True, slots=True)
class Framing:
    """Where the approved frame lies on one still."""

    width: int
    """Of the picture inside the frame, pixels; smaller than the frame only on bars."""
    height: int
    overscan: float
    pixels: float
    """Still pixels per frame height."""
    centre_x: float
    """Still pixel that the origin of the poses looks at, from the still's left edge."""
    centre_y: float

    @property
    def aspect(self) -> float:
        return self.width / self.height


def picture_size(still: tuple[int, int], frame: tuple[int, int], fit: Fit) -> tuple[int, int]:
    """Width and height of the picture inside the frame, even pixels; sizes are (width, height)."""
    if fit is not Fit.PAD:
        return frame
    factor = min(frame[0] / still[0], frame[1] / still[1])
    width, height = (
        min(limit, 2 * max(1, round(side * factor / 2.0))) for side, limit in zip(still, frame, strict=True)
    )
    return width, height


def frame_still(still: tuple[int, int], picture: tuple[int, int], bounds: Bounds, least: float = 1.0) -> Framing:
    """Lay a still under a picture (both (width, height) in pixels) so that `bounds` fits, at overscan `least` or more.

    Room the still has beyond the picture's shape is used before any overscan. The approved framing is the middle; it
    moves aside only as far as the path needs.
    """
    pixels = min(still[0] * picture[1] / picture[0], float(still[1]))
    half_width, half_height = still[0] / pixels / 2.0, still[1] / pixels / 2.0
    overscan = max(least, overscan_for(bounds, half_width, half_height))
    pixels /= overscan
    aside = _aside(bounds.left, bounds.right, half_width * overscan)
    down = _aside(bounds.top, bounds.bottom, half_height * overscan)
    return Framing(*picture, overscan, pixels, still[0] / 2.0 + aside * pixels, still[1] / 2.0 + down * pixels)


def _aside(low: float, high: float, half: float) -> float:
    """The smallest shift that brings low..high into -half..half."""
    if low < -half:
        return -half - low
    if high > half:
        return half - high
    return 0.0
