"""Layers as they were given, back to front: pictures with alpha, each at its own depth.

    sky.png · hills.png · boat_d75.png  ->  Layer(depth 0.0) · Layer(0.5) · Layer(0.75)

Depths lie evenly from 0 (the first, far) to 1 (the last, near), but a file name that ends in `_d` and two digits says
its own, in hundredths: `boat_d75.png` stands at 0.75 (and `_d100` at 1). Alpha is used as given, never sharpened or
guessed. Only colours that nobody sees are changed: those under full transparency, so that sampling between pixels does
not darken an edge, and those in holes of the bottom layer, which a few pixels of parallax may uncover.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from farm.errors import InputError
from farm.models.animatic.veil import Floats

_DEPTH = re.compile(r"_d(\d\d|100)$")

Rgba = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """One layer. `rgba` is (height, width, 4) sRGB, alpha not multiplied in; `depth` is 0 far .. 1 near."""

    rgba: Rgba
    depth: float


def load(paths: tuple[Path, ...]) -> tuple[Layer, ...]:
    """Read layers back to front, the first one made opaque.

    Raises `InputError` for a file that is no picture, and for layers of different sizes.
    """
    pictures = [_read(path) for path in paths]
    for path, picture in zip(paths, pictures, strict=True):
        if picture.shape != pictures[0].shape:
            raise InputError(
                f"layer {path.name} is {picture.shape[1]}x{picture.shape[0]}, {paths[0].name} is "
                f"{pictures[0].shape[1]}x{pictures[0].shape[0]}: export all layers at the size of the still"
            )
    last = max(1, len(paths) - 1)
    return tuple(
        Layer(fill_background(picture) if number == 0 else extend_colour(picture), _depth(path, number / last))
        for number, (path, picture) in enumerate(zip(paths, pictures, strict=True))
    )


def extend_colour(rgba: Rgba) -> Rgba:
    """`rgba` with the colour of the nearest visible pixel wherever alpha is 0; nothing that can be seen changes."""
    unseen = rgba[..., 3] == 0
    if not unseen.any() or unseen.all():
        return rgba
    _, labels = cv2.distanceTransformWithLabels(unseen.astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    seen = np.flatnonzero(~unseen)
    nearest = np.zeros(int(labels.max()) + 1, np.intp)
    nearest[labels.ravel()[seen]] = seen
    extended = rgba.copy()
    extended[..., :3][unseen] = rgba.reshape(-1, 4)[nearest[labels[unseen]], :3]
    return extended


def fill_background(rgba: Rgba) -> Rgba:
    """`rgba` made opaque: holes take the colours around them, smoothly, what is there already stays."""
    if (rgba[..., 3] == 255).all():
        return rgba
    alpha = rgba[..., 3].astype(np.float32) / np.float32(255.0)
    colour = rgba[..., :3].astype(np.float32) * alpha[..., None]
    around = pulled(colour, alpha)
    mixed = colour + around * (1.0 - alpha[..., None])
    opaque = np.full_like(rgba, 255)
    opaque[..., :3] = np.clip(np.rint(mixed), 0, 255).astype(np.uint8)
    return opaque


def pulled(colour: Floats, weight: Floats) -> Floats:
    """Colour for every pixel, from weighted ones: averaged to ever coarser pictures and pushed back into the gaps."""
    height, width = weight.shape
    if height <= 2 or width <= 2:
        total = float(weight.sum())
        mean = colour.reshape(-1, 3).sum(axis=0) / np.float32(total) if total > 0 else np.zeros(3, np.float32)
        return np.broadcast_to(mean, colour.shape).astype(np.float32)
    size = ((width + 1) // 2, (height + 1) // 2)
    coarse_colour = np.asarray(cv2.resize(colour, size, interpolation=cv2.INTER_AREA), np.float32)
    coarse_weight = np.asarray(cv2.resize(weight, size, interpolation=cv2.INTER_AREA), np.float32)
    full = np.minimum(coarse_weight * np.float32(4.0), 1.0)  # one known pixel of four is enough to go by
    scale = full / np.maximum(coarse_weight, np.float32(1e-6))
    below = pulled(coarse_colour * scale[..., None], full)
    known = coarse_colour * scale[..., None] + below * (1.0 - full[..., None])
    return np.asarray(cv2.resize(known, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def _depth(path: Path, otherwise: float) -> float:
    said = _DEPTH.search(path.stem)
    return int(said.group(1)) / 100 if said else otherwise


def _read(path: Path) -> Rgba:
    try:
        with Image.open(path) as picture:
            return np.array(picture.convert("RGBA"))
    except OSError as error:
        raise InputError(f"layer {path} cannot be read as a picture: export it again as PNG ({error})") from error
