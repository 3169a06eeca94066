"""Photographs, requests and a context that keeps facts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from skimage import data
from sklearn.datasets import load_sample_images
from trial_attempt import TrialAttempt

from farm.cluster.attempt import Alone
from farm.models.animatic import ADAPTER
from farm.models.spec import Request
from farm.shots.intent import Camera, CameraMove, Direction, MotionIntent, Speed

Frames = list[NDArray[np.uint8]]

PHOTOGRAPHS: dict[str, Callable[[], NDArray[np.uint8]]] = {
    "temple": lambda: load_sample_images().images[0],
    "flower": lambda: load_sample_images().images[1],
    "astronaut": data.astronaut,
    "cat": data.chelsea,
    "coffee": data.coffee,
    "rocket": data.rocket,
    "cameraman": lambda: np.dstack([data.camera()] * 3),
    "motorcycle": lambda: np.asarray(data.stereo_motorcycle()[0]),
    "coins": lambda: np.dstack([data.coins()] * 3),
    "galaxies": data.hubble_deep_field,
}
"""All of them ship with scikit-image and scikit-learn."""


@pytest.fixture(scope="session")
def photographs() -> dict[str, NDArray[np.uint8]]:
    return {name: np.ascontiguousarray(load()) for name, load in PHOTOGRAPHS.items()}


@pytest.fixture(scope="session")
def stills(photographs: dict[str, NDArray[np.uint8]], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The photographs as files."""
    folder = tmp_path_factory.mktemp("stills")
    for name, picture in photographs.items():
        cv2.imwrite(str(folder / f"{name}.png"), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    return {name: folder / f"{name}.png" for name in photographs}


@pytest.fixture
def attempt() -> TrialAttempt:
    return TrialAttempt()


@pytest.fixture
def ask(stills: dict[str, Path]) -> Callable[..., Request]:
    """A request for a small clip of the temple; any field can be given."""

    def make(*moves: CameraMove, **fields: Any) -> Request:
        plain = {
            "start": stills["temple"],
            "intent": MotionIntent(phases=(moves,) if moves else ()),
            "width": 320,
            "height": 180,
            "frames": 24,
            "fps": Fraction(12),
            "seed": 7,
        }
        return Request(**(plain | fields))

    return make


@pytest.fixture
def shoot(attempt: TrialAttempt) -> Callable[[Request], Frames]:
    """All frames of a request."""

    def run(request: Request) -> Frames:
        frames: Iterator[NDArray[np.uint8]] = ADAPTER.open(Alone(), ADAPTER.lane).generate(request, attempt)
        return list(frames)

    return run


@pytest.fixture
def move() -> Callable[..., CameraMove]:
    """A move by its words: move("pan", "left", "fast")."""

    def make(kind: str, direction: str = "none", speed: str = "slow") -> CameraMove:
        return CameraMove(kind=Camera(kind), direction=Direction(direction), speed=Speed(speed))

    return make
