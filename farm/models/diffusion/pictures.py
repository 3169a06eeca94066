"""Pictures as a pipeline takes them: decoded, and fitted to the frame as the take will be judged.

The geometry is that of `farm.media.fit`, which lies on a higher floor; a test holds the two to the same pixels.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image

from farm.errors import InputError
from farm.shots.model import Fit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from farm.models.spec import Request

    Pixels = NDArray[np.uint8]


def fitted_picture(path: Path, request: Request) -> Image.Image:
    """The picture at the request's size and under its framing; InputError when the file is no picture."""
    pixels = fitted(_decoded(path), request.width, request.height, request.fit, request.overscan)
    return Image.fromarray(pixels)


def fitted(picture: Pixels, width: int, height: int, fit: Fit, overscan: float) -> Pixels:
    """(height, width, 3): cut to fill, whole on black bars, or cut after enlarging by `overscan`."""
    high, wide = picture.shape[:2]
    across, down = width / wide, height / high
    if fit is Fit.PAD:
        return _on_bars(picture, width, height, min(across, down))
    factor = max(across, down) * (overscan if fit is Fit.OVERSCAN else 1.0)
    keep_wide, keep_high = min(wide, round(width / factor)), min(high, round(height / factor))
    left, top = (wide - keep_wide) // 2, (high - keep_high) // 2
    return _scaled(picture[top : top + keep_high, left : left + keep_wide], width, height)


def _on_bars(picture: Pixels, width: int, height: int, factor: float) -> Pixels:
    wide, high = (
        min(limit, max(1, round(side * factor)))
        for limit, side in zip((width, height), picture.shape[1::-1], strict=True)
    )
    frame = np.zeros((height, width, 3), np.uint8)
    left, top = (width - wide) // 2, (height - high) // 2
    frame[top : top + high, left : left + wide] = _scaled(picture, wide, high)
    return frame


def _scaled(picture: Pixels, width: int, height: int) -> Pixels:
    if picture.shape[:2] == (height, width):
        return np.ascontiguousarray(picture)
    kernel = cv2.INTER_AREA if width < picture.shape[1] else cv2.INTER_LANCZOS4
    return np.asarray(cv2.resize(picture, (width, height), interpolation=kernel), np.uint8)


def _decoded(path: Path) -> Pixels:
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
    if picture is None:
        raise InputError(f"{path.name}: this is not a picture that can be read; hand in a PNG, JPEG, TIFF or WebP")
    return np.asarray(picture, np.uint8)
