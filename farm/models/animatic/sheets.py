"""A still on sheets, back to front, each with a relief of its own, under one moving camera.

    Sheet(source, relief, cover, nearness) ──the camera at that relief──▶ laid over one another ──▶ frame

The rearmost sheet is opaque. The others carry premultiplied alpha and are drawn only where they are: their box of the
still, seen through the camera, bounds what is computed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from farm.models.animatic import warp
from farm.models.animatic.framing import Framing
from farm.models.animatic.path import CameraPath, Pose
from farm.models.animatic.source import Source

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]
    Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """One sheet of a still."""

    source: Source
    """RGB for the rearmost, premultiplied RGBA for the others."""
    relief: warp.Relief | float
    cover: warp.Relief
    """Alpha over the still, low resolution, 0-1."""
    nearness: warp.Relief
    """Over the still, low resolution, 0 far .. 1 near."""


class Sheets:
    """The scene that sheets make; see `farm.models.animatic.scene.Scene`."""

    def __init__(self, sheets: Sequence[Sheet], framing: Framing, path: CameraPath) -> None:
        self._sheets = tuple(sheets)
        self._framing, self._path = framing, path
        self._mesh = warp.mesh_for(framing.width, framing.height)

    def view(self, frame: int) -> Bytes:
        return warp.mean([self._look(pose) for pose in warp.shutter(self._path, frame, self._framing)])

    def nearness(self, frame: int) -> Floats:
        return self._stacked(frame, self._mesh, [sheet.nearness for sheet in self._sheets])

    def carried(self, field: warp.Relief, frame: int, mesh: warp.Mesh) -> Floats:
        return self._stacked(frame, mesh, [field] * len(self._sheets))

    def _stacked(self, frame: int, mesh: warp.Mesh, fields: Sequence[warp.Relief]) -> Floats:
        """What each sheet says at the vertices of a mesh, by how much of it is there."""
        total = np.zeros_like(mesh.x)
        for number, (sheet, field) in enumerate(zip(self._sheets, fields, strict=True)):
            seen = warp.points_seen(self._path[frame], mesh, self._framing.aspect, sheet.relief)
            share = sheet.cover.at(*seen) if number else np.float32(1.0)
            total += share * (field.at(*seen) - total)
        return total

    def _look(self, pose: Pose) -> Bytes:
        rear, *others = self._sheets
        picture = warp.render(rear.source, self._mesh, *self._seen(pose, rear))
        for sheet in others:
            picture = over(picture, warp.render(sheet.source, self._mesh, *self._seen(pose, sheet)))
        return picture

    def _seen(self, pose: Pose, sheet: Sheet) -> tuple[Floats, Floats]:
        return warp.points_seen(pose, self._mesh, self._framing.aspect, sheet.relief)


def premultiplied(rgba: Bytes) -> Bytes:
    """Colours times alpha: edges filter without a fringe."""
    alpha = cv2.merge([rgba[..., 3]] * 3)
    colour = cv2.multiply(np.ascontiguousarray(rgba[..., :3]), alpha, scale=1.0 / 255.0)
    return np.dstack([colour, rgba[..., 3]]).astype(np.uint8, copy=False)


def over(below: Bytes, layer: Bytes) -> Bytes:
    """A layer with premultiplied alpha laid over an opaque picture: (h, w, 3) and (h, w, 4) uint8."""
    red, green, blue, alpha = cv2.split(layer)
    clear = cv2.bitwise_not(alpha)
    kept = cv2.multiply(np.ascontiguousarray(below), cv2.merge([clear] * 3), scale=1.0 / 255.0)
    return cv2.add(kept, cv2.merge([red, green, blue])).astype(np.uint8, copy=False)
