"""Layers cut where the artist cut them: each is a flat plane at its own depth, seen by the same camera.

    layers, back to front ──premultiply──▶ one source each ──the camera at that plane's relief──▶ laid over one another

The plane that covers most of what is visible is the pivot. Under layers that leave a hole lies the still itself, at the
depth of the rearmost layer, so that a camera at rest shows the approved frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import cv2
import numpy as np

from farm.models.animatic import warp
from farm.models.animatic.framing import Bounds, Framing
from farm.models.animatic.path import CameraPath, Pose
from farm.models.animatic.scene import parallax_px, tightest
from farm.models.animatic.source import prepare
from farm.models.spec import GenerateContext

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]
    Floats = NDArray[np.float32]


class Plane(Protocol):
    """One layer: RGBA pixels the size of the still, and its depth, 0 far to 1 near."""

    @property
    def rgba(self) -> Bytes: ...

    @property
    def depth(self) -> float: ...


class Multiplane:
    """A still in layers under a moving camera."""

    def __init__(
        self, still: Bytes, layers: Sequence[Plane], framing: Framing, path: CameraPath, bounds: Bounds
    ) -> None:
        self._path, self._framing = path, framing
        self.reliefs = reliefs(layers)
        self._depths = [layer.depth for layer in layers]
        pictures = [premultiplied(layer.rgba) for layer in layers]
        self._sources = [prepare(picture, framing, bounds, tightest(path)) for picture in pictures]
        holes = int(layers[0].rgba[..., 3].min()) < 255
        self._below = prepare(still, framing, bounds, tightest(path)) if holes else None
        size = (still.shape[1], still.shape[0])
        self._covers = [warp.Relief(_cover(layer.rgba), framing, size) for layer in layers]
        self._mesh = warp.mesh_for(framing.width, framing.height)

    def view(self, frame: int) -> Bytes:
        return warp.mean([self._look(pose) for pose in warp.shutter(self._path, frame, self._framing)])

    def nearness(self, frame: int) -> Floats:
        near = np.full_like(self._mesh.x, self._depths[0])
        for depth, relief, cover in zip(self._depths, self.reliefs, self._covers, strict=True):
            there = cover.at(*self._seen(self._path[frame], relief))
            near += there * (np.float32(depth) - near)
        return near

    def tell(self, ctx: GenerateContext) -> None:
        """Keep the planes and their parallax."""
        ctx.fact(
            "depth",
            {
                "source": "layers",
                "planes": [round(relief, 4) for relief in self.reliefs],
                "parallax_px": round(parallax_px(self._path, self._framing), 2),
                "reason": "",
            },
        )

    def _look(self, pose: Pose) -> Bytes:
        rear, sources = self._below or self._sources[0], self._sources
        picture = warp.render(rear, self._mesh, *self._seen(pose, self.reliefs[0]))[..., :3]
        for source, relief in zip(sources, self.reliefs, strict=True):
            if source is not rear:
                picture = over(picture, warp.render(source, self._mesh, *self._seen(pose, relief)))
        return np.ascontiguousarray(picture)

    def _seen(self, pose: Pose, relief: float) -> tuple[Floats, Floats]:
        return warp.points_seen(pose, self._mesh, self._framing.aspect, relief)


def reliefs(layers: Sequence[Plane]) -> list[float]:
    """Relief of each layer about the pivot, within -1..1, the one farthest from it at ±1."""
    left = np.ones_like(_cover(layers[0].rgba))
    areas: list[float] = []
    for layer in reversed(layers):
        cover = _cover(layer.rgba)
        areas.append(float((cover * left).sum()))
        left = left * (1.0 - cover)
    pivot = max(zip(reversed(areas), layers, strict=True), key=lambda pair: pair[0])[1].depth
    reach = max(abs(layer.depth - pivot) for layer in layers)
    return [(layer.depth - pivot) / reach if reach else 0.0 for layer in layers]


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


def _cover(rgba: Bytes) -> Floats:
    """Alpha at low resolution, 0-1."""
    height, width = rgba.shape[:2]
    size = (240, max(2, round(240 * height / width)))
    return cv2.resize(rgba[..., 3], size, interpolation=cv2.INTER_AREA).astype(np.float32) / np.float32(255.0)
