"""Takes in numbers, without a frame."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise

import pytest

from farm.chain import ScoreParams
from farm.models.animatic.ease import Ease
from farm.scoring.measure import Edge, Measured
from farm.scoring.sample import Sample
from farm.scoring.similarity import Similarity
from farm.shots.intent import Camera, CameraMove, Direction, MotionIntent

FRAMES = 48
PAN = MotionIntent(phases=((CameraMove(kind=Camera.PAN, direction=Direction.LEFT),),))
ASKED = 0.025 * FRAMES / 24


@pytest.fixture
def params() -> ScoreParams:
    """A slow pan to the left over two seconds."""
    return ScoreParams(width=1280, height=720, frames=FRAMES, fps=Fraction(24), intent=PAN)


@pytest.fixture
def take() -> Callable[..., Measured]:
    """`take(far=..., **changed)`: a clean take that pans by `far` of the width, but for what is changed."""

    def make(far: float = ASKED, frames: int = FRAMES, **changed) -> Measured:
        ease = Ease()
        path = tuple(Similarity(shift=complex(far * ease(number / max(1, frames - 1)))) for number in range(frames))
        moved = [abs(other.shift - one.shift) for one, other in pairwise(path)]
        edge = Edge(correlation=0.99, difference=2.0, sharpness=0.98, clipped=0.0)
        given = {
            "width": 1280,
            "height": 720,
            "fps": Fraction(24),
            "still_brightest": 240.0,
            "path": path,
            "luma": (110.0,) * frames,
            "brightest": (235.0,) * frames,
            "steps": tuple(0.2 + 1000 * step for step in moved),
            "residuals": (0.4,) * (frames - 1),
            "agreements": (0.995,) * (frames - 1),
            "repeats": (False,) * (frames - 1),
            "samples": tuple(Sample(number, 0.97, 0.0, 0.0003) for number in range(4, frames, 4)),
            "likeness": 0.99,
            "activity": 20.0 if frames > 1 else 0.0,
            "stirring": 2.0,
            "seam": 20.0,
            "start": edge,
            "end": None,
            "colours": (100.0,) * 36,
        }
        return Measured(**(given | changed))

    return make
