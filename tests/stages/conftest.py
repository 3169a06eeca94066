"""A context without a farm, and models that move photographs by known amounts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
import skimage
from numpy.typing import NDArray
from trial_attempt import TrialAttempt

from farm.delivery.identity import Identity, generated_identity
from farm.media import fitted
from farm.scoring.similarity import Similarity
from farm.shots.amounts import Displacement, displacements
from farm.shots.intent import MotionIntent
from farm.shots.model import Fit

FRAMES = 24

PHOTOS = Path(skimage.__file__).parent / "data"


@dataclass
class FakeContext(TrialAttempt):
    """What a stage may ask for, remembered."""

    scratch: Path = Path()
    models: dict[str, Any] = field(default_factory=dict)
    threads: int = 1

    def model(self, name: str) -> Any:
        return self.models[name]

    def upscaler(self, name: str, revision: str) -> Any:
        return self.models[name]

    def interpolator(self, name: str, revision: str) -> Any:
        return self.models[name]

    def identity(self) -> Identity:
        return generated_identity()

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
    return FakeContext(scratch=scratch)


@pytest.fixture
def fake_model() -> type[FakeModel]:
    return FakeModel


@pytest.fixture(scope="session")
def photo() -> Callable[[str], NDArray[np.uint8]]:
    """A photograph that ships with scikit-image, RGB."""
    return lambda name: cv2.imread(str(PHOTOS / name), cv2.IMREAD_COLOR_RGB)


@dataclass(frozen=True)
class Clip:
    """A still, and frames of it moved as asked."""

    still: NDArray[np.uint8]
    frames: list[NDArray[np.uint8]]


@pytest.fixture(scope="session")
def moved(photo: Callable[[str], NDArray[np.uint8]]) -> Callable[..., Clip]:
    """`moved(intent, name, factor=1.0)`: a photograph under an eased camera move, `factor` times what was asked.

    The move is symmetrical about the middle of the clip and takes place inside an overscan of 1.3.
    """

    def make(
        intent: MotionIntent, name: str = "coffee.png", factor: float = 1.0, width: int = 320, height: int = 180
    ) -> Clip:
        still = photo(name)
        count = FRAMES
        asked = displacements(intent, count / 24)
        total = asked[0].scaled(factor) if asked else Displacement()
        base = fitted(still, 2 * width, 2 * height, Fit.CROP)
        inside = np.array([[0.65, 0, width / 2 - 0.65 * width], [0, 0.65, height / 2 - 0.65 * height], [0, 0, 1]])
        frames = []
        for number in range(count):
            time = number / (count - 1)
            here = Similarity.asked(total.scaled(time * time * (3 - 2 * time) - 0.5), width / height)
            matrix = np.vstack([here.matrix(width, height), (0, 0, 1)]) @ inside
            frames.append(
                cv2.warpAffine(base, matrix[:2], (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
            )
        return Clip(still, frames)

    return make


@pytest.fixture(scope="session")
def heard() -> Callable[[Path], tuple[NDArray[np.float32], int]]:
    """The samples of a file with sound, (count, channels) float32, and their rate."""

    def read(path: Path) -> tuple[NDArray[np.float32], int]:
        with av.open(str(path)) as container:
            (stream,) = container.streams.audio
            resampler = av.AudioResampler(format="flt", layout=stream.layout, rate=stream.rate)
            blocks = [each.to_ndarray() for frame in container.decode(stream) for each in resampler.resample(frame)]
            channels = stream.codec_context.layout.nb_channels
            return np.concatenate([block.reshape(-1, channels) for block in blocks]), stream.rate

    return read
