"""loop: exactly the cut's frames, and a seam that measures smaller than that of the take begun again."""

from __future__ import annotations

from fractions import Fraction

import cv2
import numpy as np
import pytest

from farm.chain import LoopParams
from farm.looping import looped
from farm.media import MEZZANINE, Encoder, Target, frames
from farm.models.enhance import interpolator
from farm.models.spec import Placement
from farm.shots.model import LoopMethod
from farm.stages.loop import run
from farm.stages.seam import SeamMeter, change

WIDTH, HEIGHT = 160, 90
CROSSFADE, PINGPONG, MODEL = LoopMethod.CROSSFADE, LoopMethod.PINGPONG, LoopMethod.MODEL


def drifting(still: np.ndarray, count: int, speed: float = 1.5) -> list[np.ndarray]:
    """A slow pan over a photograph."""
    return [_at(still, 40 + speed * n) for n in range(count)]


def _at(still: np.ndarray, left: float) -> np.ndarray:
    matrix = np.array([[1, 0, -left], [0, 1, -60]], np.float32)
    return cv2.warpAffine(still, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_CUBIC)


@pytest.fixture
def take(tmp_path):
    def make(pictures, fps=24):
        path = tmp_path / "take.mkv"
        with Encoder([Target(path, MEZZANINE)], width=WIDTH, height=HEIGHT, fps=Fraction(fps)) as encoder:
            for picture in pictures:
                encoder.write(picture)
        return path

    return make


def planned(method, count, wanted, fps=24, rate=24, handles=0, *, smooth=True) -> LoopParams:
    plan = looped(method, count, Fraction(fps), wanted, Fraction(rate), handles)
    return LoopParams(
        width=WIDTH,
        height=HEIGHT,
        frames=plan.total,
        fps=plan.fps,
        handles=handles,
        source_frames=count,
        source_fps=plan.source_fps,
        method=method,
        step=plan.step,
        overlap=plan.overlap,
        ease=plan.ease,
        interpolator="flow" if smooth else "",
        revision="1" if smooth else "",
    )


@pytest.fixture
def looping(ctx, take):
    ctx.models["flow"] = interpolator("flow").open(Placement())

    def make(pictures, params, fps=24):
        outputs = run({"mezzanine": take(pictures, fps)}, params, ctx)
        return list(frames(outputs.files["mezzanine"].path)), outputs

    return make


@pytest.mark.parametrize("name", ["coffee.png", "chelsea.png", "rocket.jpg"])
@pytest.mark.parametrize(("method", "count", "fps"), [(CROSSFADE, 48, 24), (CROSSFADE, 20, 16), (PINGPONG, 30, 24)])
def test_the_seam_is_smaller_than_it_was(looping, photo, name, method, count, fps):
    made, outputs = looping(drifting(photo(name), count, 0.75 * 24 / fps), planned(method, count, 36, fps), fps)
    assert len(made) == outputs.facts["frames"] == 36
    assert outputs.facts["seam_before"] > 2
    assert outputs.facts["seam_after"] < outputs.facts["seam_before"] / 2
    assert outputs.facts["seam_after"] < 1.5


def test_frames_that_do_not_meet_are_the_takes_own(looping, photo):
    pictures = drifting(photo("coffee.png"), 48, 0.4)
    made, outputs = looping(pictures, planned(CROSSFADE, 48, 36))
    assert all(np.array_equal(made[number], pictures[number + 12]) for number in range(24))
    assert (outputs.facts["overlap"], outputs.facts["morphed"], outputs.facts["dissolved"]) == (12, 12, 0)


def test_where_frames_meet_nothing_is_seen_double(looping, photo):
    """A pan of 18 pixels: a dissolve shows two pictures at once, what follows the motion shows one."""
    pictures = drifting(photo("chelsea.png"), 48, 0.5)
    followed, _ = looping(pictures, planned(CROSSFADE, 48, 36))
    dissolved, told = looping(pictures, planned(CROSSFADE, 48, 36, smooth=False))
    assert (told.facts["morphed"], told.facts["dissolved"]) == (0, 12)
    assert sharpness(followed[30]) > 1.2 * sharpness(dissolved[30])


def sharpness(frame: np.ndarray) -> float:
    return float(cv2.Laplacian(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), cv2.CV_64F).var())


def test_handles_go_on_around(looping, photo):
    pictures = drifting(photo("coffee.png"), 48)
    made, outputs = looping(pictures, planned(CROSSFADE, 48, 36, handles=5))
    assert len(made) == 46
    assert all(np.array_equal(made[number], made[number + 36]) for number in range(10))
    assert outputs.facts["handles"] == 5


def test_there_and_back_begins_on_the_approved_frame(looping, photo):
    pictures = drifting(photo("rocket.jpg"), 20)
    made, outputs = looping(pictures, planned(PINGPONG, 20, 36))
    assert np.array_equal(made[0], pictures[0])
    assert all(np.array_equal(made[number], made[36 - number]) for number in range(1, 18))
    assert outputs.facts["worst_step"] < 3


def test_a_models_loop_of_another_rate_goes_round_once(looping, photo):
    still = photo("coffee.png")
    swing = [_at(still, 60 + 12 * np.sin(2 * np.pi * number / 12)) for number in range(12)]
    made, outputs = looping(swing, planned(MODEL, 12, 36, fps=8), fps=8)
    assert all(np.array_equal(made[3 * number], swing[number]) for number in range(12))
    assert outputs.facts["seam_after"] < 2
    assert cv2.PSNR(made[35], _at(still, 60 + 12 * np.sin(2 * np.pi * (11 + 2 / 3) / 12))) > 28


def test_a_picture_that_does_not_move_has_no_seam(looping, photo):
    made, outputs = looping([_at(photo("coffee.png"), 40)] * 20, planned(CROSSFADE, 20, 15))
    assert outputs.facts["seam_before"] == outputs.facts["seam_after"] == 0
    assert all(np.array_equal(frame, made[0]) for frame in made)


def test_a_seam_is_counted_in_typical_steps():
    meter = SeamMeter()
    for value in (10, 12, 14, 16, 18):
        meter.add(np.full((4, 4, 3), value, np.uint8))
    assert (meter.typical, meter.seam, meter.worst) == (2, 4, 1)
    assert change(np.zeros((2, 2, 3), np.uint8), np.full((2, 2, 3), 9, np.uint8)) == 9


@pytest.mark.parametrize("wanted", [1, 2, 3])
def test_the_shortest_loops_come_out(looping, photo, wanted):
    made, _ = looping(drifting(photo("coffee.png"), 2), planned(CROSSFADE, 2, wanted))
    assert len(made) == wanted
