"""Frames between frames, against the frames that were really there."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from farm.models.enhance import interpolator
from farm.models.spec import Placement

from .conftest import moves, photo, view

SCENES = moves()

AT_LEAST = {
    "pan a little": 35.5,
    "pan far": 35,
    "turn": 30,
    "zoom": 36,
    "pan, turn and zoom": 37,
    "something passes": 33,
    "the ground moves behind": 35,
}
"""PSNR in dB; what was measured, and what blending comes to, stands in docs/explanation/enhance.md."""

CLEARLY = 8
"""dB by which in-between frames are nearer the truth than a blend, and than the nearest frame."""


@pytest.fixture(scope="module")
def retimer():
    return interpolator("flow").open(Placement())


@pytest.mark.parametrize("time", [0.5, 1 / 3], ids=["half", "a third"])
@pytest.mark.parametrize("name", SCENES)
def test_a_known_move_is_met_far_better_than_by_repeating_or_blending(retimer, name, time):
    scene = SCENES[name]
    first, second, truth = scene(0), scene(1), scene(time)

    span = retimer.span(first, second)
    made = cv2.PSNR(span.at(time), truth)

    blend = np.rint((1 - time) * first + time * second).astype(np.uint8)
    assert not span.is_cut
    assert made >= AT_LEAST[name]
    assert made >= CLEARLY + max(cv2.PSNR(blend, truth), cv2.PSNR(first, truth), cv2.PSNR(second, truth))


def test_what_is_covered_in_one_frame_is_taken_from_the_other_without_a_ghost():
    """Beside an object that passes, where blends show it twice."""
    scene = SCENES["something passes"]
    first, second, truth = (scene(time).astype(int) for time in (0, 1, 0.5))
    passes = cv2.dilate((np.abs(first - second).max(axis=2) > 60).astype(np.uint8), np.ones((5, 5))) > 0
    made = interpolator("flow").open(Placement()).span(scene(0), scene(1)).at(0.5)

    off = np.abs(made - truth).max(axis=2)[passes]
    ghost = np.abs((first + second) // 2 - truth).max(axis=2)[passes]
    assert off.mean() < 0.25 * ghost.mean()
    assert (off > 40).mean() < 0.04


def test_large_frames_are_moved_as_well_as_small_ones(retimer):
    """Motion is sought at a reduced size, and applied at the full one."""
    picture = cv2.resize(photo("coffee.png"), (1500, 1000), interpolation=cv2.INTER_CUBIC)

    def frame(time: float) -> np.ndarray:
        matrix = np.array([[1, 0, -100 + 24 * time], [0, 1, -80 - 9 * time]], np.float32)
        return cv2.warpAffine(picture, matrix, (1280, 720), flags=cv2.INTER_CUBIC)

    assert cv2.PSNR(retimer.span(frame(0), frame(1)).at(0.5), frame(0.5)) > 38


@pytest.mark.parametrize("size", [(16, 16), (64, 2), (2, 48), (33, 97)], ids=str)
def test_frames_of_every_size_can_be_moved(retimer, size):
    rng = np.random.default_rng(3)
    first, second = (rng.integers(0, 255, (size[1], size[0], 3), np.uint8) for _ in range(2))
    made = retimer.span(first, second).at(0.4)
    assert (made.shape, made.dtype) == (first.shape, np.uint8)


def test_what_does_not_move_stays_what_it_is(retimer):
    frame = view(photo("rocket.jpg"))
    span = retimer.span(frame, frame.copy())
    assert not span.is_cut
    assert np.array_equal(span.at(0.5), frame)


def test_equal_frames_give_equal_results(retimer):
    scene = SCENES["something passes"]
    made = [retimer.span(scene(0), scene(1)).at(0.3) for _ in range(2)]
    assert np.array_equal(*made)
