"""Photographs under moves that are known, and small networks with random weights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage

PHOTOS = Path(skimage.__file__).parent / "data"
SIZE = (384, 216)


def photo(name: str) -> np.ndarray:
    """A photograph that ships with scikit-image, RGB."""
    return cv2.imread(str(PHOTOS / name), cv2.IMREAD_COLOR_RGB)


def view(picture: np.ndarray, x: float = 0, y: float = 0, degrees: float = 0, zoom: float = 1) -> np.ndarray:
    """The photograph through a window, moved by pixels of the window, turned and enlarged."""
    high, wide = picture.shape[:2]
    scale = 1.3 * max(SIZE[0] / wide, SIZE[1] / high) * zoom
    matrix = cv2.getRotationMatrix2D((wide / 2, high / 2), degrees, scale)
    matrix[:, 2] += (SIZE[0] / 2 - wide / 2 + x, SIZE[1] / 2 - high / 2 + y)
    return cv2.warpAffine(picture, matrix, SIZE, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)


def two_layers(behind: np.ndarray, x: float, y: float) -> np.ndarray:
    """A cat's face in an ellipse, at (x, y), in front of a picture."""
    face = cv2.resize(photo("chelsea.png"), (150, 104), interpolation=cv2.INTER_AREA)
    mask = cv2.ellipse(np.zeros((104, 150), np.float32), (75, 52), (58, 43), 0, 0, 360, 1.0, -1, cv2.LINE_AA)
    matrix = np.array([[1, 0, 115 + x], [0, 1, 55 + y]], np.float32)
    shown = cv2.warpAffine(face, matrix, SIZE, flags=cv2.INTER_CUBIC)
    alpha = cv2.warpAffine(cv2.GaussianBlur(mask, (0, 0), 0.7), matrix, SIZE)[..., np.newaxis]
    return np.clip(np.rint(behind * (1 - alpha) + shown * alpha), 0, 255).astype(np.uint8)


def moves() -> dict[str, Callable[[float], np.ndarray]]:
    """Known moves: the frame at any time from 0 to 1."""
    coffee, astronaut, rocket = (photo(name) for name in ("coffee.png", "astronaut.png", "rocket.jpg"))
    return {
        "pan a little": lambda t: view(coffee, x=4.5 * t, y=2 * t),
        "pan far": lambda t: view(coffee, x=19 * t, y=-6 * t),
        "turn": lambda t: view(astronaut, degrees=3 * t),
        "zoom": lambda t: view(astronaut, zoom=1.05**t),
        "pan, turn and zoom": lambda t: view(rocket, x=8 * t, degrees=1.5 * t, zoom=1.03**t),
        "something passes": lambda t: two_layers(view(coffee, x=-5 * t), 20 * t, 4 * t),
        "the ground moves behind": lambda t: two_layers(view(astronaut, x=14 * t), 0, 0),
    }


@pytest.fixture(scope="session")
def photograph() -> Callable[[str], np.ndarray]:
    return photo


@pytest.fixture(scope="session")
def window() -> Callable[..., np.ndarray]:
    return view
