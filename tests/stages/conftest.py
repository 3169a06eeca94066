"""A context without a farm, and models that move photographs by known amounts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import skimage
from numpy.typing import NDArray

from farm.errors import Cancelled

PHOTOS = Path(skimage.__file__).parent / "data"


@dataclass
class FakeContext:
    """What a stage may ask for, remembered. `cancel_after` checks, the next one raises."""

    scratch: Path
    models: dict[str, Any] = field(default_factory=dict)
    threads: int = 1
    cancel_after: int = 10**9
    fractions: list[float] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    checks: int = 0

    def model(self, name: str) -> Any:
        return self.models[name]

    def progress(self, fraction: float) -> None:
        self.fractions.append(fraction)

    def check(self) -> None:
        self.checks += 1
        if self.checks > self.cancel_after:
            raise Cancelled("asked to stop")

    def fact(self, name: str, value: Any) -> None:
        self.facts[name] = value

    def journal(self, _name: str, document: Mapping[str, Any]) -> Mapping[str, Any]:
        return document


@dataclass
class FakeModel:
    """A model that yields what it was given, whatever is asked."""

    frames: list[NDArray[np.uint8]]
    request: Any = None

    def generate(self, request: Any, _ctx: Any) -> Iterator[NDArray[np.uint8]]:
        self.request = request
        yield from self.frames


@pytest.fixture
def ctx(tmp_path: Path) -> FakeContext:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    return FakeContext(scratch)


@pytest.fixture
def fake_model() -> type[FakeModel]:
    return FakeModel


@pytest.fixture(scope="session")
def photo() -> Callable[[str], NDArray[np.uint8]]:
    """A photograph that ships with scikit-image, RGB."""
    return lambda name: cv2.imread(str(PHOTOS / name), cv2.IMREAD_COLOR_RGB)
