"""Clips as a viewer gets them: the right frames, the asked motion, no seam, no pumping."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from trial_attempt import TrialAttempt

from farm.cluster.attempt import Alone
from farm.errors import Cancelled, InputError
from farm.models.animatic import ADAPTER
from farm.shots.amounts import displacement
from farm.shots.intent import MotionIntent
from farm.shots.model import Fit

Picture = NDArray[np.uint8]


def grey(frame: Picture) -> NDArray[np.float32]:
    return cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(np.float32)


def similarity(first: Picture, last: Picture) -> tuple[float, float, float, float]:
    """Picture motion about the middle: x and y as fractions of the frame, log scale, degrees clockwise."""
    height, width = first.shape[:2]
    points = cv2.goodFeaturesToTrack(grey(first).astype(np.uint8), 400, 0.01, 5)
    one, two = (cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in (first, last))
    moved, found, _ = cv2.calcOpticalFlowPyrLK(one, two, points, None, winSize=(21, 21), maxLevel=4)
    back, again, _ = cv2.calcOpticalFlowPyrLK(two, one, moved, None, winSize=(21, 21), maxLevel=4)
    sure = (found & again)[:, 0].astype(bool) & (np.abs(back - points).max(axis=(1, 2)) < 0.3)
    middle = np.float32([width / 2 - 0.5, height / 2 - 0.5])
    matrix, _ = cv2.estimateAffinePartial2D(points[sure] - middle, moved[sure] - middle, ransacReprojThreshold=1.5)
    (a, _, x), (b, _, y) = matrix
    return x / width, y / height, math.log(math.hypot(a, b)), math.degrees(math.atan2(b, a))


MOVES = [
    ("pan", "left"), ("pan", "right"), ("tilt", "up"), ("tilt", "down"), ("truck", "left"), ("truck", "right"),
    ("pedestal", "up"), ("pedestal", "down"), ("zoom", "in"), ("zoom", "out"), ("push", "in"), ("pull", "out"),
    ("roll", "clockwise"), ("roll", "counterclockwise"),
]  # fmt: skip


@pytest.mark.parametrize("name", ["temple", "coffee"])
@pytest.mark.parametrize(("kind", "direction"), MOVES, ids=[" ".join(pair) for pair in MOVES])
def test_the_motion_measured_is_the_motion_asked(ask, shoot, move, stills, name, kind, direction) -> None:
    camera = move(kind, direction)
    frames = shoot(ask(camera, start=stills[name], width=480, height=270, frames=36))
    asked = displacement(camera, 3.0)
    x, y, log_scale, roll = similarity(frames[0], frames[-1])
    assert x == pytest.approx(asked.x, rel=0.15, abs=0.004)
    assert y == pytest.approx(asked.y, rel=0.15, abs=0.006)
    assert log_scale == pytest.approx(asked.log_scale, rel=0.15, abs=0.004)
    assert roll == pytest.approx(asked.roll_deg, rel=0.15, abs=0.4)


@pytest.mark.parametrize("fit", Fit, ids=str)
@pytest.mark.parametrize(("frames", "width", "height"), [(1, 320, 180), (2, 180, 320), (23, 250, 250)])
def test_frames_are_exact_in_number_size_and_kind(ask, shoot, move, fit, frames, width, height) -> None:
    made = shoot(ask(move("push"), frames=frames, width=width, height=height, fit=fit))
    assert len(made) == frames
    assert {(frame.shape, frame.dtype) for frame in made} == {((height, width, 3), np.dtype(np.uint8))}
    assert all(frame.flags.c_contiguous for frame in made)


def test_a_hold_is_the_still_itself_on_every_frame(ask, shoot, photographs, stills) -> None:
    still = photographs["coffee"]
    frames = shoot(ask(start=stills["coffee"], width=still.shape[1], height=still.shape[0], frames=5))
    assert all(np.array_equal(frame, still) for frame in frames)


def test_frames_can_be_kept_and_written_on(ask, shoot, move) -> None:
    static = MotionIntent(phases=((move("push"),), (move("static"),)))
    frames = shoot(ask(intent=static))
    frames[-1][:] = 0
    assert frames[-2].any()


def test_a_static_phase_gives_identical_frames(ask, shoot, move) -> None:
    frames = shoot(ask(intent=MotionIntent(phases=((move("push"),), (move("static"),)))))
    assert all(np.array_equal(frame, frames[-1]) for frame in frames[13:])


@pytest.mark.parametrize("kind", ["handheld", "push", "orbit"])
def test_the_same_request_gives_the_same_bytes(ask, shoot, move, kind) -> None:
    first, second = shoot(ask(move(kind))), shoot(ask(move(kind)))
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def test_another_seed_shakes_differently(ask, shoot, move) -> None:
    assert not np.array_equal(shoot(ask(move("handheld")))[9], shoot(ask(move("handheld"), seed=8))[9])


@pytest.mark.parametrize("kind", ["push", "pan", "truck", "orbit", "handheld"])
def test_a_loop_has_no_seam(ask, shoot, move, kind) -> None:
    frames = shoot(ask(move(kind, speed="medium"), loop=True, frames=36))
    steps = [float(np.abs(grey(a) - grey(b)).mean()) for a, b in pairwise([*frames, frames[0]])]
    assert steps[-1] <= max(steps[:-1]) * 1.02


@pytest.mark.parametrize("kind", ["pan", "tilt", "handheld"])
def test_sharpness_does_not_pump_in_a_slow_move(ask, shoot, move, stills, kind) -> None:
    request = ask(
        move(kind, speed="very slow"), start=stills["galaxies"], width=640, height=360, frames=36, fps=Fraction(24)
    )
    frames = [grey(frame)[40:-40, 40:-40] for frame in shoot(request)]
    sharpness = np.array([cv2.Laplacian(frame, cv2.CV_32F).var() for frame in frames])
    drift = np.polynomial.Polynomial.fit(range(len(sharpness)), sharpness, 3)(np.arange(len(sharpness)))
    assert np.abs(sharpness / drift - 1.0).max() < 0.04


def test_a_push_into_a_large_still_stays_sharp(ask, shoot, move, stills) -> None:
    request = ask(move("push", speed="fast"), start=stills["galaxies"], width=320, height=180, frames=48)
    last = shoot(request)[-1]
    soft = cv2.resize(shoot(ask(start=stills["galaxies"]))[0], None, fx=1.35, fy=1.35, interpolation=cv2.INTER_CUBIC)
    top, left = (soft.shape[0] - 180) // 2, (soft.shape[1] - 320) // 2
    enlarged = soft[top : top + 180, left : left + 320]
    assert cv2.Laplacian(grey(last), cv2.CV_32F).var() > 1.5 * cv2.Laplacian(grey(enlarged), cv2.CV_32F).var()


def test_a_fast_pan_is_blurred_along_its_way_and_at_rest_is_not(ask, shoot, move, stills) -> None:
    request = ask(
        move("pan", "left", "fast"), start=stills["galaxies"], width=640, height=360, frames=24, fps=Fraction(24)
    )
    frames = [grey(frame) for frame in shoot(request)]
    across = [float(np.abs(np.diff(frame, axis=1)).mean()) for frame in frames]
    down = [float(np.abs(np.diff(frame, axis=0)).mean()) for frame in frames]
    assert across[12] / down[12] < 0.9 * across[0] / down[0]


def test_bars_are_black_and_the_whole_still_is_between_them(ask, shoot, move, stills) -> None:
    for frame in shoot(ask(move("push"), start=stills["astronaut"], fit=Fit.PAD)):
        assert not frame[:, :70].any()
        assert not frame[:, 250:].any()
        assert frame[:, 70:250].std() > 20.0


def test_overscan_is_the_same_for_what_needs_it_and_what_does_not(ask, shoot, move, attempt) -> None:
    used = []
    for kind in ("push", "pan"):
        shoot(ask(move(kind), fit=Fit.OVERSCAN, overscan=1.2, frames=2))
        used.append(attempt.facts["overscan"]["used"])
    assert used == [1.2, 1.2]


def test_a_wide_still_is_panned_without_overscan(ask, shoot, move, attempt) -> None:
    shoot(ask(move("pan", "left"), width=180, height=320))
    assert attempt.facts["overscan"]["used"] == 1.0


def test_the_camera_tells_what_it_did(ask, shoot, move, attempt) -> None:
    shoot(ask(move("pull"), options={"variant": "gentler", "amount": 0.6}))
    camera = attempt.facts["camera"]
    assert camera["variant"] == "gentler"
    assert camera["phases"][0]["log_scale"] == pytest.approx(0.6 * displacement(move("pull"), 2.0).log_scale)
    assert camera["first"]["height"] < camera["last"]["height"]


def test_a_cancelled_take_stops(ask, move) -> None:
    with pytest.raises(Cancelled):
        next(ADAPTER.open(Alone(), ADAPTER.lane).generate(ask(move("push")), TrialAttempt(cancel_after=0)))


def test_a_file_that_is_no_picture_is_named(ask, shoot, tmp_path) -> None:
    broken = tmp_path / "sh010.png"
    broken.write_bytes(b"not a picture")
    with pytest.raises(InputError, match=r"sh010\.png: .* picture"):
        shoot(ask(start=broken))


def test_a_depth_map_of_another_shape_is_refused(ask, shoot, stills) -> None:
    with pytest.raises(InputError, match=r"astronaut\.png: the depth map has another shape"):
        shoot(ask(depth=stills["astronaut"]))
