"""Pictures as the camera samples them.

    file ──read──▶ still ──part the path sees──▶ limited to the detail the tightest frame can show ──▶ twice as fine

Bilinear sampling of a picture twice as fine as the frame is nearly the same at every sub-pixel phase, so that a slow
pan does not pump between sharp and soft; limiting the detail first keeps fine texture from shimmering. A still larger
than the frame keeps its detail for a push-in.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from farm.errors import InputError
from farm.models.animatic.framing import Bounds, Framing

if TYPE_CHECKING:
    from numpy.typing import NDArray

FINENESS = 2.5
"""Samples per frame pixel of a prepared source, at the path's widest frame. The half makes neighbouring pixels fall on
opposite sub-pixel phases, so that what is lost at one is kept at the next."""
_SHARPEN, _SHARPEN_SIGMA = 0.22, 1.0
"""What bilinear sampling softens, given back beforehand: strength, and radius in fine pixels."""
_LIMIT_SIGMA = 0.375
"""Of the Gaussian that limits detail to every n-th pixel, per root of n²-1: half contrast at the finest detail."""
_MARGIN = 4
"""Still pixels kept around what the path sees, for the resampling filters."""


def read_picture(path: Path) -> NDArray[np.uint8]:
    """(height, width, 3) uint8 RGB; InputError when the file is no picture."""
    return cv2.cvtColor(_decode(path, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB).astype(np.uint8, copy=False)


def read_grey(path: Path) -> NDArray[np.float32]:
    """(height, width) float32 between 0 and 1, from 8 or 16 bits; InputError when the file is no picture."""
    grey = _decode(path, cv2.IMREAD_GRAYSCALE | cv2.IMREAD_ANYDEPTH)
    most = np.iinfo(grey.dtype).max if np.issubdtype(grey.dtype, np.integer) else 1.0
    return np.clip(grey.astype(np.float32) / np.float32(most), 0.0, 1.0)


def _decode(path: Path, flags: int) -> NDArray[np.uint8]:
    picture = cv2.imread(str(path), flags)
    if picture is None:
        raise InputError(f"{path.name}: this is not a picture that can be read; hand in a PNG, JPEG, TIFF or WebP")
    return picture  # pyright: ignore[reportReturnType]


@dataclass(frozen=True, slots=True)
class Source:
    """A prepared picture and where it lies: pixel = scale * point + offset, points in frame heights."""

    pixels: NDArray[np.uint8]
    """(height, width, 3) RGB, or 4 channels with premultiplied alpha."""
    scale_x: float
    scale_y: float
    offset_x: float
    offset_y: float


def prepare(picture: NDArray[np.uint8], framing: Framing, bounds: Bounds, tightest: float) -> Source:
    """The part of `picture` that `bounds` covers, made ready for sampling; `tightest` is the largest magnification."""
    height, width = picture.shape[:2]
    low_x, high_x = _span(bounds.left, bounds.right, framing.pixels, framing.centre_x, width)
    low_y, high_y = _span(bounds.top, bounds.bottom, framing.pixels, framing.centre_y, height)
    part = picture[low_y:high_y, low_x:high_x]
    density = framing.pixels / framing.height
    fine = _sharpened(_scaled(_limited(part, density / tightest), FINENESS / density))
    factor_x, factor_y = fine.shape[1] / part.shape[1], fine.shape[0] / part.shape[0]
    return Source(
        fine,
        framing.pixels * factor_x,
        framing.pixels * factor_y,
        (framing.centre_x - low_x) * factor_x - 0.5,
        (framing.centre_y - low_y) * factor_y - 0.5,
    )


def _span(low: float, high: float, pixels: float, centre: float, size: int) -> tuple[int, int]:
    """First and one-past-last still pixel of a span of points."""
    return (
        max(0, math.floor(centre + low * pixels) - _MARGIN),
        min(size, math.ceil(centre + high * pixels) + _MARGIN),
    )


def _limited(picture: NDArray[np.uint8], ratio: float) -> NDArray[np.uint8]:
    """The picture without detail finer than every `ratio`-th pixel can show."""
    if ratio <= 1.0:
        return picture
    return cv2.GaussianBlur(picture, (0, 0), _LIMIT_SIGMA * math.sqrt(ratio**2 - 1.0)).astype(np.uint8, copy=False)


def _sharpened(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture a little crisper; as it is where it has premultiplied alpha, whose edges would glow."""
    if picture.shape[2] == 4:
        return picture
    soft = cv2.GaussianBlur(picture, (0, 0), _SHARPEN_SIGMA)
    return cv2.addWeighted(picture, 1.0 + _SHARPEN, soft, -_SHARPEN, 0.0).astype(np.uint8, copy=False)


def _scaled(picture: NDArray[np.uint8], factor: float) -> NDArray[np.uint8]:
    return _resized(picture, (max(1, round(picture.shape[1] * factor)), max(1, round(picture.shape[0] * factor))))


def _resized(picture: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """The picture at (width, height); down by much as an average, else cubic."""
    kernel = cv2.INTER_AREA if picture.shape[1] > 2 * size[0] else cv2.INTER_CUBIC
    return cv2.resize(picture, size, interpolation=kernel).astype(np.uint8, copy=False)


def framed(picture: NDArray[np.uint8], framing: Framing) -> NDArray[np.uint8]:
    """The approved frame itself, (height, width, channels) of the framing: the still's own pixels where sizes agree."""
    height, width = picture.shape[:2]
    wide, high = min(width, round(framing.pixels * framing.aspect)), min(height, round(framing.pixels))
    left = min(max(0, round(framing.centre_x - wide / 2.0)), width - wide)
    top = min(max(0, round(framing.centre_y - high / 2.0)), height - high)
    part = picture[top : top + high, left : left + wide]
    if (wide, high) == (framing.width, framing.height):
        return part.copy()
    return _resized(_limited(part, wide / framing.width), (framing.width, framing.height))
