"""Layers cut where the artist cut them: each is a flat plane at its own depth, seen by the same camera.

    layers, back to front ──premultiply──▶ one sheet each, at that plane's relief ──▶ Sheets

The plane that covers most of what is visible is the pivot. Under layers that leave a hole lies the still itself, at the
depth of the rearmost layer, so that a camera at rest shows the approved frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import cv2
import numpy as np

from farm.models.animatic.framing import Bounds, Framing
from farm.models.animatic.path import CameraPath
from farm.models.animatic.scene import parallax_px, tightest
from farm.models.animatic.sheets import Sheet, Sheets, over, premultiplied
from farm.models.animatic.source import prepare
from farm.models.animatic.warp import Relief
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


def multiplane(still: Bytes, layers: Sequence[Plane], framing: Framing, path: CameraPath, bounds: Bounds) -> Sheets:
    """A still in layers under a moving camera."""
    rear, *others = layers
    size = (still.shape[1], still.shape[0])
    whole = over(still, premultiplied(rear.rgba))
    pictures = [whole, *(premultiplied(layer.rgba) for layer in others)]
    return Sheets(
        [
            Sheet(
                prepare(picture, framing, bounds, tightest(path)),
                relief,
                Relief(_cover(layer.rgba), framing, size),
                Relief(np.full((2, 2), layer.depth, np.float32), framing, size),
            )
            for picture, layer, relief in zip(pictures, layers, reliefs(layers), strict=True)
        ],
        framing,
        path,
    )


def tell_layers(ctx: GenerateContext, layers: Sequence[Plane], path: CameraPath, framing: Framing) -> None:
    """Keep the planes and their parallax."""
    ctx.fact(
        "depth",
        {
            "source": "layers",
            "planes": [round(relief, 4) for relief in reliefs(layers)],
            "parallax_px": round(parallax_px(path, framing), 2),
            "reason": "",
        },
    )


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


def _cover(rgba: Bytes) -> Floats:
    """Alpha at low resolution, 0-1."""
    height, width = rgba.shape[:2]
    size = (240, max(2, round(240 * height / width)))
    return cv2.resize(rgba[..., 3], size, interpolation=cv2.INTER_AREA).astype(np.float32) / np.float32(255.0)
