"""Photoshop documents: their composite as a picture, and their layers, back to front.

Only plain pixel layers make planes: visible, in order, with their opacity. Where they do not add up to the document's
own composite (adjustment layers, blend modes, effects, masks) the composite is the truth and the layers are left out.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
from PIL import Image
from psd_tools import PSDImage

from farm.errors import InputError
from farm.media.picture import MOST_PIXELS, Picture, decoding, normalised

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from psd_tools.api.layers import Layer

MOST_LAYERS = 8
"""More planes than this are merged from the back: each is a full picture in the model's memory."""

SAME_PICTURE = 3.0
"""Mean difference in code values up to which layers are taken to add up to the composite."""

_SIGNATURE = b"8BPS"
_HEADER = struct.Struct(">4sH6xHIIHH")
"""Signature, version, channels, height, width, depth, colour mode: Adobe's file format specification."""


def is_layered(path: Path) -> bool:
    """Whether the file is a Photoshop document, whatever its name says."""
    with path.open("rb") as file:
        return file.read(len(_SIGNATURE)) == _SIGNATURE


def read_layered(path: Path, what: str) -> tuple[Picture, list[NDArray[np.uint8]]]:
    """A document's composite, and its layers as (h, w, 4) uint8 RGBA, empty where fewer than two add up to it.

    Raises `InputError` as `read_picture` does.
    """
    with decoding(what):
        _check_size(path, what)
        document = PSDImage.open(path)
        planes = _planes(document)
        picture = _composite(document, planes)
    if len(planes) < 2:
        return picture, []
    error = np.abs(flattened(planes).astype(np.int16) - over_black(picture)).mean()
    if error > SAME_PICTURE:
        return _noted(picture, "its layers do not add up to its composite, which is used alone"), []
    return _noted(picture, f"{len(planes)} layers"), planes


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


def _check_size(path: Path, what: str) -> None:
    with path.open("rb") as file:
        _, _, _, height, width, _, _ = _HEADER.unpack(file.read(_HEADER.size))
    if width * height > MOST_PIXELS:
        raise InputError(f"{what} has more than {MOST_PIXELS // 1_000_000} million pixels: make it smaller")


def _composite(document: PSDImage, planes: Sequence[NDArray[np.uint8]]) -> Picture:
    """What Photoshop stored as the finished picture, or else the layers laid over one another."""
    stored = document.topil()
    notes = ("16 bits made 8",) if document.depth == 16 else ()
    if stored is not None:
        return _noted(normalised(stored), *notes)
    if not planes:
        raise ValueError("neither composite nor layers")
    return Picture(flattened(planes), None, (*notes, "put together from its layers"))


def _planes(document: PSDImage) -> list[NDArray[np.uint8]]:
    """At most `MOST_LAYERS` planes: those at the back become one, which stays as transparent as it was."""
    layers = [
        layer for layer in document.descendants() if layer.kind == "pixel" and layer.is_visible() and layer.has_pixels()
    ]
    surplus = max(0, len(layers) - MOST_LAYERS)
    planes: list[NDArray[np.uint8]] = []
    for number, layer in enumerate(layers):
        plane = _plane(document, layer)
        if 1 <= number <= surplus:
            plane = np.array(Image.alpha_composite(Image.fromarray(planes.pop()), Image.fromarray(plane)))
        planes.append(plane)
    return planes


def _plane(document: PSDImage, layer: Layer) -> NDArray[np.uint8]:
    own = cast("Image.Image", layer.topil())  # it has pixels
    canvas = Image.new("RGBA", document.size)
    canvas.paste(own.convert("RGBA"), (layer.left, layer.top))
    plane = np.array(canvas)
    plane[..., 3] = np.round(plane[..., 3] * (layer.opacity / 255))
    return plane


def _noted(picture: Picture, *notes: str) -> Picture:
    return Picture(picture.pixels, picture.alpha, (*picture.notes, *notes))
