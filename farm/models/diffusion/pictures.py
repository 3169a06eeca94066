"""Pictures as a pipeline takes them: decoded, and fitted to the frame as the take will be judged.

The geometry is that of `farm.fitting`, by which the take is scored too.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image

from farm.errors import InputError
from farm.fitting import fitted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from farm.models.spec import Request

    Pixels = NDArray[np.uint8]


def fitted_picture(path: Path, request: Request) -> Image.Image:
    """The picture at the request's size and under its framing; InputError when the file is no picture."""
    pixels = fitted(_decoded(path), request.width, request.height, request.fit, request.overscan)
    return Image.fromarray(np.ascontiguousarray(pixels))


def _decoded(path: Path) -> Pixels:
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
    if picture is None:
        raise InputError(f"{path.name}: this is not a picture that can be read; hand in a PNG, JPEG, TIFF or WebP")
    return np.asarray(picture, np.uint8)
