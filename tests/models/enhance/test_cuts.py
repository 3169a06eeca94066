"""A cut is told from a move, from grain, and from light that changes."""

from __future__ import annotations

from itertools import pairwise, permutations
from pathlib import Path

import cv2
import numpy as np
import pytest

from farm.models.enhance import interpolator
from farm.models.spec import Placement

from .conftest import SIZE, photo, view

STILLS = Path(__file__).parents[3] / "jobs" / "demo" / "stills"
NAMES = ("lake", "lake_night", "ridge", "street", "bottle")


@pytest.fixture(scope="module")
def retimer():
    return interpolator("flow").open(Placement())


def still(name: str) -> np.ndarray:
    picture = cv2.imread(str(STILLS / f"{name}.jpg"), cv2.IMREAD_COLOR_RGB)
    return cv2.resize(picture, SIZE, interpolation=cv2.INTER_AREA)


@pytest.mark.parametrize(("one", "other"), [*pairwise(NAMES), ("lake_night", "lake")])
def test_another_picture_is_a_cut(retimer, one, other):
    assert retimer.span(still(one), still(other)).is_cut


def test_dark_pictures_are_told_apart_too(retimer):
    dark = [np.rint(view(photo(name)) * 0.2).astype(np.uint8) for name in ("coffee.png", "astronaut.png", "rocket.jpg")]
    assert all(retimer.span(one, other).is_cut for one, other in permutations(dark, 2))


@pytest.mark.parametrize(
    "move", [{"x": 40}, {"y": 22}, {"zoom": 1.15}, {"degrees": 8}], ids=["pan", "tilt", "zoom", "roll"]
)
def test_a_fast_move_is_none(retimer, move):
    picture = photo("coffee.png")
    assert not retimer.span(view(picture), view(picture, **move)).is_cut


def test_grain_is_none(retimer):
    rng = np.random.default_rng(1)
    picture = view(photo("rocket.jpg"))
    grainy = [np.clip(picture + rng.normal(0, 8, picture.shape), 0, 255).astype(np.uint8) for _ in range(2)]
    assert not retimer.span(*grainy).is_cut


def test_light_that_fades_is_none(retimer):
    picture = view(photo("astronaut.png"))
    assert not retimer.span(picture, np.rint(picture * 0.93).astype(np.uint8)).is_cut


def test_plain_colours_that_follow_each_other_are_told_apart(retimer):
    grey, other = np.full((90, 160, 3), 90, np.uint8), np.full((90, 160, 3), 200, np.uint8)
    assert retimer.span(grey, other).is_cut
    assert not retimer.span(grey, grey + 2).is_cut
