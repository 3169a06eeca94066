"""The geometry of one view, both ways; every function works on floats and on arrays alike.

    still  q ──relief──▶ u ──yaw──▶ v ──similarity──▶ screen        project
    still  q ◀─relief─── u ◀──yaw── v ◀─similarity─── screen        plane_at, then still_at

Lengths are frame heights, origins the approved centre and the middle of the screen. Relief δ is relative inverse
distance, 0 on the pivot plane, positive nearer: a camera that travels beside and towards such a plane sees it through
(q + parallax·δ) / (1 - dolly·δ), which for a tilted plane (δ affine in q) is a homography: straight lines stay so.
An orbit turns the pivot plane about its upright axis, so that verticals stay upright.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from farm.models.animatic.path import Pose

Number = TypeVar("Number", float, "NDArray[np.float32]")

FOCAL_WIDTHS = 1.3
"""Focal length of the orbit's lens in frame widths: a normal lens, about 42 degrees across."""


def project(pose: Pose, x: Number, y: Number, delta: Number | float, aspect: float) -> tuple[Number, Number]:
    """Where a point of the still with relief `delta` lands on screen."""
    near = 1.0 - pose.dolly * delta
    u, v = (x + pose.parallax_x * delta) / near, (y + pose.parallax_y * delta) / near
    away = 1.0 - _lean(pose, aspect) * u
    u, v = u * math.cos(pose.yaw) / away - pose.x, v / away - pose.y
    size = math.exp(pose.log_scale)
    cos, sin = size * math.cos(pose.roll), size * math.sin(pose.roll)
    return cos * u - sin * v, sin * u + cos * v  # pyright: ignore[reportReturnType]


def plane_at(pose: Pose, x: Number, y: Number, aspect: float) -> tuple[Number, Number]:
    """The point of the pivot plane that lands on screen at (x, y)."""
    shrink = math.exp(-pose.log_scale)
    cos, sin = shrink * math.cos(pose.roll), shrink * math.sin(pose.roll)
    u, v = cos * x + sin * y + pose.x, cos * y - sin * x + pose.y
    lean = _lean(pose, aspect)
    u = u / (math.cos(pose.yaw) + lean * u)
    return u, v * (1.0 - lean * u)  # pyright: ignore[reportReturnType]


def still_at(pose: Pose, u: Number, v: Number, delta: Number | float) -> tuple[Number, Number]:
    """The point of the still with relief `delta` that is seen where the pivot plane's (u, v) is."""
    near = 1.0 - pose.dolly * delta
    return u * near - pose.parallax_x * delta, v * near - pose.parallax_y * delta  # pyright: ignore[reportReturnType]


def _lean(pose: Pose, aspect: float) -> float:
    return math.sin(pose.yaw) / (FOCAL_WIDTHS * aspect)
