"""Pixels of one view: a coarse mesh is bent by pose and relief, then the source is sampled once per pixel.

    vertices every ~32 px ──lens──▶ points of the still ──upsampled linearly──▶ dense map ──bilinear──▶ frame

The relief under a pixel depends on the point of the still it shows, which depends on the relief: a few rounds of
substitution settle it, because the relief is smooth (`farm.models.animatic.strain` sees to that).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np

from farm.models.animatic import lens
from farm.models.animatic.framing import Framing
from farm.models.animatic.path import CameraPath, Pose
from farm.models.animatic.source import Source

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Bytes = NDArray[np.uint8]

_ROUNDS = 5
"""Of substitution; each leaves at most a fifth of the error, 2 % of the width to begin with."""
_SHUTTER = 0.5
"""Share of a frame the shutter is open: 180 degrees."""
_BLUR_FROM, _BLUR_FULL = 3.0, 6.0
"""Pixels per frame, on a frame 1920 wide, where motion blur begins and where it has the whole shutter."""


class Relief:
    """Relief over the whole still, at low resolution: (height, width) float32 within -1..1."""

    def __init__(self, values: Floats, framing: Framing, still: tuple[int, int]) -> None:
        self.values = values
        self._scale_x = framing.pixels * values.shape[1] / still[0]
        self._scale_y = framing.pixels * values.shape[0] / still[1]
        self._offset_x = framing.centre_x * values.shape[1] / still[0] - 0.5
        self._offset_y = framing.centre_y * values.shape[0] / still[1] - 0.5

    def at(self, x: Floats, y: Floats) -> Floats:
        """Relief at points in frame heights from the approved centre, any two-dimensional shape."""
        return sample(self.values, x * self._scale_x + self._offset_x, y * self._scale_y + self._offset_y)


def sample(field: Floats, x: Floats, y: Floats) -> Floats:
    """A field at pixel positions, bilinear, its edges continued; x and y are (rows, columns) float32."""
    return cv2.remap(
        field, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    ).astype(np.float32, copy=False)


class Mesh:
    """Vertices over a picture of (width, height) pixels, `cell` pixels apart, the first at its very corner."""

    def __init__(self, width: int, height: int, cell: int) -> None:
        self._size = (width, height)
        self._cell = cell
        columns, rows = math.ceil(width / cell) + 1, math.ceil(height / cell) + 1
        across = (np.arange(columns, dtype=np.float32) * cell - width / 2.0) / height
        down = (np.arange(rows, dtype=np.float32) * cell - height / 2.0) / height
        self.x, self.y = (axis.astype(np.float32) for axis in np.meshgrid(across, down))
        self._fine = np.empty((rows * cell, columns * cell, 2), np.float32)

    def middles(self, values: Floats) -> Floats:
        """Vertex values in the middle of every cell, as a small picture of the frame."""
        return cv2.blur(values, (2, 2), anchor=(0, 0))[:-1, :-1].astype(np.float32, copy=False)

    def dense(self, x: Floats, y: Floats) -> Floats:
        """Vertex values for every pixel: (height, width, 2) float32, good until the next call."""
        half, (width, height) = self._cell // 2, self._size
        size = (self._fine.shape[1], self._fine.shape[0])
        cv2.resize(np.dstack([x, y]), size, dst=self._fine, interpolation=cv2.INTER_LINEAR)
        return self._fine[half : half + height, half : half + width]


def mesh_for(width: int, height: int, fine: bool = False) -> Mesh:
    """A mesh fit for camera moves, or a `fine` one for movement inside the picture; cells are even."""
    cell = 8 if fine else 2 * max(4, min(16, round(height / 64)))
    return Mesh(width, height, cell)


def points_seen(pose: Pose, mesh: Mesh, aspect: float, relief: Relief | float) -> tuple[Floats, Floats]:
    """The point of the still that each vertex of the mesh looks at."""
    u, v = lens.plane_at(pose, mesh.x, mesh.y, aspect)
    if not isinstance(relief, Relief):
        return lens.still_at(pose, u, v, relief)
    x, y = u, v
    for _ in range(_ROUNDS):
        x, y = lens.still_at(pose, u, v, relief.at(x, y))
    return x, y


def render(source: Source, mesh: Mesh, x: Floats, y: Floats) -> Bytes:
    """The frame that shows the points (x, y) at the vertices of the mesh."""
    where = mesh.dense(x * source.scale_x + source.offset_x, y * source.scale_y + source.offset_y)
    return cv2.remap(source.pixels, where, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).astype(  # pyright: ignore[reportCallIssue, reportArgumentType]
        np.uint8, copy=False
    )


def shutter(path: CameraPath, frame: int, framing: Framing) -> Sequence[Pose]:
    """The poses whose mean is the frame: one, or several where the camera is fast enough to blur."""
    opens, closes = path.at(frame - _SHUTTER / 2.0), path.at(frame + _SHUTTER / 2.0)
    if opens == closes:
        return (path[frame],)
    streak = framing.height * _farthest(opens, closes, framing.aspect)
    speed = streak / _SHUTTER * 1920.0 / framing.width
    share = min(1.0, max(0.0, (speed - _BLUR_FROM) / (_BLUR_FULL - _BLUR_FROM)))
    count = math.ceil(streak * share) + 1
    if share == 0.0 or count == 1:
        return (path[frame],)
    spread = _SHUTTER * share
    return [path.at(frame + spread * ((step + 0.5) / count - 0.5)) for step in range(count)]


def _farthest(before: Pose, after: Pose, aspect: float) -> float:
    """How far a corner of the screen, or its middle, travels between two poses, in frame heights."""
    spots = [(0.0, 0.0), *((x * aspect / 2.0, y / 2.0) for x in (-1.0, 1.0) for y in (-1.0, 1.0))]
    return max(
        math.dist(spot, lens.project(after, *lens.plane_at(before, *spot, aspect), 0.0, aspect)) for spot in spots
    )


def mean(pictures: Sequence[Bytes]) -> Bytes:
    """The average of several pictures, rounded."""
    if len(pictures) == 1:
        return pictures[0]
    total = pictures[0].astype(np.uint16)
    for picture in pictures[1:]:
        total += picture
    return ((total + len(pictures) // 2) // len(pictures)).astype(np.uint8)
