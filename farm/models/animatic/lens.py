"""The geometry of one view, both ways; every function works on floats and on arrays alike, of points or of poses.

    still  q ──relief──▶ u ──yaw──▶ v ──similarity──▶ screen        project
    still  q ◀─relief─── u ◀──yaw── v ◀─similarity─── screen        plane_at, then still_at

Lengths are frame heights, origins the approved centre and the middle of the screen. Relief δ is relative inverse
distance, 0 on the pivot plane, positive nearer: a camera that travels beside and towards such a plane sees it through
(q + parallax·δ) / (1 - dolly·δ), which for a tilted plane (δ affine in q) is a homography: straight lines stay so.
An orbit turns the pivot plane about its upright axis, so that verticals stay upright.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from farm.models.animatic.path import Pose

Number = TypeVar("Number", float, "NDArray[np.float32]", "NDArray[np.float64]")
Amount = TypeVar("Amount", float, "NDArray[np.float64]")

FOCAL_WIDTHS = 1.3
"""Focal length of the orbit's lens in frame widths: a normal lens, about 42 degrees across."""


def project(pose: Pose, x: Number, y: Number, delta: Number | float, aspect: float) -> tuple[Number, Number]:
    """Where a point of the still with relief `delta` lands on screen."""
    near = 1.0 - pose.dolly * delta
    u, v = (x + pose.parallax_x * delta) / near, (y + pose.parallax_y * delta) / near
    away = 1.0 - _lean(pose, aspect) * u
    u, v = u * each(math.cos, pose.yaw) / away - pose.x, v / away - pose.y
    size = each(math.exp, pose.log_scale)
    cos, sin = size * each(math.cos, pose.roll), size * each(math.sin, pose.roll)
    return cos * u - sin * v, sin * u + cos * v  # pyright: ignore[reportReturnType]


def plane_at(pose: Pose, x: Number, y: Number, aspect: float) -> tuple[Number, Number]:
    """The point of the pivot plane that lands on screen at (x, y)."""
    shrink = each(math.exp, -pose.log_scale)
    cos, sin = shrink * each(math.cos, pose.roll), shrink * each(math.sin, pose.roll)
    u, v = cos * x + sin * y + pose.x, cos * y - sin * x + pose.y
    lean = _lean(pose, aspect)
    u = u / (each(math.cos, pose.yaw) + lean * u)
    return u, v * (1.0 - lean * u)  # pyright: ignore[reportReturnType]


def still_at(pose: Pose, u: Number, v: Number, delta: Number | float) -> tuple[Number, Number]:
    """The point of the still with relief `delta` that is seen where the pivot plane's (u, v) is."""
    near = 1.0 - pose.dolly * delta
    return u * near - pose.parallax_x * delta, v * near - pose.parallax_y * delta  # pyright: ignore[reportReturnType]


def _lean(pose: Pose, aspect: float) -> float:
    return each(math.sin, pose.yaw) / (FOCAL_WIDTHS * aspect)


def each(function: Callable[[float], float], amount: Amount) -> Amount:
    """A function of `math` of a number, or of every value of a column; a column of zeros, the usual thing, is one call.

    Not numpy's function of that name, whose last bit depends on the processor: what a path needs is part of task ids.
    """
    if not isinstance(amount, np.ndarray):
        return function(amount)
    if not amount.any():
        return np.full_like(amount, function(0.0))
    return np.array([*map(function, amount.tolist())])
