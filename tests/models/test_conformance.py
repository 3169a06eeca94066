"""What every model keeps, whatever its family: frames as asked, a function of request and seed, cancelled when told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import cv2
import numpy as np
import pytest
from skimage import data
from trial_attempt import TrialAttempt

from farm.cluster.attempt import Alone
from farm.errors import Cancelled
from farm.models.animatic import ADAPTER
from farm.models.diffusion.family import FAMILIES
from farm.models.diffusion.model import DiffusionModel
from farm.models.diffusion.parallel.plan import ParallelPlan
from farm.models.spec import Model, Request
from farm.shots.intent import Camera, CameraMove, MotionIntent

OPTIONS = {"num_inference_steps": 6, "dtype": "float32"}
PUSH = MotionIntent(phases=((CameraMove(kind=Camera.PUSH),),))

Open = Callable[[], tuple[Model, Request]]


@pytest.fixture(scope="module")
def still(tmp_path_factory):
    path = tmp_path_factory.mktemp("still") / "still.png"
    cv2.imwrite(str(path), cv2.cvtColor(data.coffee(), cv2.COLOR_RGB2BGR))
    return path


@pytest.fixture(scope="module", params=["animatic", "wan21"])
def opened(request, still, tiny_checkpoint) -> Iterator[tuple[Model, Request]]:
    """A model, and something to ask of it."""
    asked = Request(
        start=still, prompt="slow push in", intent=PUSH, width=64, height=32, frames=9, fps=Fraction(8), seed=3
    )
    if request.param == "animatic":
        yield ADAPTER.open(Alone(), ADAPTER.lane), asked
    else:
        family = FAMILIES[request.param.removesuffix("21")]
        model = DiffusionModel(family, tiny_checkpoint(request.param), Alone(), ParallelPlan())
        yield model, replace(asked, options=OPTIONS)


def frames(model: Model, request: Request, attempt: TrialAttempt | None = None) -> list[np.ndarray]:
    return list(model.generate(request, attempt or TrialAttempt()))


def test_frames_are_as_many_and_as_large_as_asked(opened):
    model, request = opened
    made = frames(model, request)
    assert len(made) == request.frames
    assert {(frame.shape, frame.dtype) for frame in made} == {((32, 64, 3), np.dtype(np.uint8))}


def test_the_same_request_makes_the_same_frames(opened):
    model, request = opened
    np.testing.assert_array_equal(frames(model, request), frames(model, request))


def test_progress_grows_to_the_end(opened):
    model, request = opened
    attempt = TrialAttempt()
    frames(model, request, attempt)
    assert all(before <= after for before, after in pairwise(attempt.fractions))
    assert 0 < attempt.fractions[0] < attempt.fractions[-1] == 1.0


def test_a_cancelled_take_stops_at_once_and_leaves_the_model_well(opened):
    model, request = opened
    whole = frames(model, request)
    attempt = TrialAttempt(cancel_after=1)
    with pytest.raises(Cancelled):
        frames(model, request, attempt)
    assert attempt.checks == 2
    np.testing.assert_array_equal(frames(model, request), whole)
