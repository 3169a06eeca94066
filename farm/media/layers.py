"""Layers of a Photoshop document, back to front, each on a canvas the size of the picture.

Only plain pixel layers make planes: visible, in order, with their opacity. Where they do not add up to the document's
own composite (adjustment layers, blend modes, effects, masks) the composite is the truth and the layers are left out.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
from PIL import Image
from psd_tools import PSDImage

from farm.media.picture import Picture, normalised, opened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from psd_tools.api.layers import Layer

MOST_LAYERS = 8
"""More planes than this are merged from the back: each is a full picture in the model's memory."""

SAME_PICTURE = 3.0
"""Mean difference in code values up to which layers are taken to add up to the composite."""


def read_layered(path: Path, what: str) -> tuple[Picture, list[NDArray[np.uint8]]]:
    """A PSD's composite, and its layers as (h, w, 4) uint8 RGBA, empty where fewer than two add up to it.

    Raises `InputError` as `read_picture` does.
    """
    with opened(path, what) as image:
        composite = normalised(image)
        planes = _planes(path)
    if len(planes) < 2:
        return composite, []
    error = np.abs(flattened(planes).astype(np.int16) - over_black(composite)).mean()
    if error > SAME_PICTURE:
        return _noted(composite, "its layers do not add up to its composite, which is used alone"), []
    return _noted(composite, f"{len(planes)} layers"), _merged(planes)


def over_black(picture: Picture) -> NDArray[np.uint8]:
    """The picture as seen over black, (h, w, 3) uint8."""
    if picture.alpha is None:
        return picture.pixels
    return _blend(np.zeros_like(picture.pixels), picture.pixels, picture.alpha)


def flattened(planes: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """RGBA planes laid over one another over black, back to front."""
    seen = np.zeros((*planes[0].shape[:2], 3), np.uint8)
    for plane in planes:
        seen = _blend(seen, plane[..., :3], plane[..., 3])
    return seen


def _blend(back: NDArray[np.uint8], front: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> NDArray[np.uint8]:
    weight = alpha[..., None].astype(np.float32) / 255
    return np.round(back + (front.astype(np.float32) - back) * weight).astype(np.uint8)


def _planes(path: Path) -> list[NDArray[np.uint8]]:
    document = PSDImage.open(path)
    return [
        _plane(document, layer)
        for layer in document.descendants()
        if layer.kind == "pixel" and layer.is_visible() and layer.has_pixels()
    ]


def _plane(document: PSDImage, layer: Layer) -> NDArray[np.uint8]:
    own = cast("Image.Image", layer.topil())  # it has pixels
    canvas = Image.new("RGBA", document.size)
    canvas.paste(own.convert("RGBA"), (layer.left, layer.top))
    plane = np.array(canvas)
    plane[..., 3] = np.round(plane[..., 3] * (layer.opacity / 255))
    return plane


def _merged(planes: list[NDArray[np.uint8]]) -> list[NDArray[np.uint8]]:
    """At most `MOST_LAYERS` planes: those at the back become one, which stays as transparent as it was."""
    surplus = len(planes) - MOST_LAYERS + 1
    if surplus <= 1:
        return planes
    back = Image.fromarray(planes[0])
    for plane in planes[1:surplus]:
        back = Image.alpha_composite(back, Image.fromarray(plane))
    return [np.array(back), *planes[surplus:]]


def _noted(picture: Picture, note: str) -> Picture:
    return Picture(picture.pixels, picture.alpha, (*picture.notes, note))
