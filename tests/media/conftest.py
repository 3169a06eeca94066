"""Moving pictures to test with: photographs that ship with scikit-image, moved by a known amount."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage
from numpy.typing import NDArray

Frames = list[NDArray[np.uint8]]

PHOTOS = Path(skimage.__file__).parent / "data"


@pytest.fixture(scope="session")
def photo() -> NDArray[np.uint8]:
    """A sharp photograph, (300, 451, 3)."""
    return cv2.imread(str(PHOTOS / "chelsea.png"), cv2.IMREAD_COLOR_RGB)


@pytest.fixture(scope="session")
def panned(photo: NDArray[np.uint8]) -> Callable[..., Frames]:
    """`panned(12)` gives that many frames of 192x108 out of the photograph, moving one pixel a frame."""

    def make(count: int = 12, width: int = 192, height: int = 108) -> Frames:
        return [photo[60 : 60 + height, 40 + n : 40 + n + width].copy() for n in range(count)]

    return make
