"""Layers: at rest the approved frame, in motion each at its own depth, edges without a fringe."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from farm.models.animatic.framing import frame_still, path_bounds
from farm.models.animatic.multiplane import multiplane, reliefs
from farm.models.animatic.path import plan_path
from farm.models.animatic.sheets import Sheets, over, premultiplied
from farm.shots.intent import MotionIntent


@dataclass(frozen=True)
class Card:
    rgba: NDArray[np.uint8]
    depth: float


def card(colour: tuple[int, int, int], depth: float, box: tuple[int, int, int, int] | None = None) -> Card:
    """A layer 320x180 of one colour, everywhere or in a box (left, top, right, bottom)."""
    left, top, right, bottom = box or (0, 0, 320, 180)
    rgba = np.zeros((180, 320, 4), np.uint8)
    rgba[top:bottom, left:right] = (*colour, 255)
    return Card(rgba, depth)


BACK, FRONT = card((40, 60, 80), 0.2), card((220, 30, 30), 0.9, (130, 60, 190, 120))
STILL = np.where(FRONT.rgba[..., 3:] > 0, FRONT.rgba[..., :3], BACK.rgba[..., :3])


def plan(camera, layers=(BACK, FRONT)) -> Sheets:
    path = plan_path(MotionIntent(phases=((camera,),)), frames=48, fps=24.0, aspect=320 / 180)
    bounds = path_bounds(path, 320 / 180)
    return multiplane(STILL, layers, frame_still((320, 180), (320, 180), bounds), path, bounds)


def red_box(frame: NDArray[np.uint8]) -> tuple[float, float]:
    """Middle and width of the red card on its middle row, in pixels."""
    row = frame[90, :, 0] > 130
    return float(np.flatnonzero(row).mean()), float(row.sum())


def test_at_rest_the_layers_are_the_still(move) -> None:
    apart = np.abs(plan(move("push")).view(0).astype(int) - STILL)
    assert np.percentile(apart, 97) <= 2


def test_the_pivot_is_the_plane_that_shows_most() -> None:
    assert reliefs((BACK, FRONT)) == [0.0, 1.0]
    assert reliefs((card((0, 0, 0), 0.2, (0, 0, 320, 60)), card((9, 9, 9), 0.9, (0, 60, 320, 180)))) == [-1.0, 0.0]


def test_a_single_layer_is_a_flat_picture() -> None:
    assert reliefs((BACK,)) == [0.0]


def test_a_near_layer_outruns_the_background_in_a_truck(move) -> None:
    scene = plan(move("truck", "left"))
    start, end = red_box(scene.view(0))[0], red_box(scene.view(47))[0]
    assert (end - start) / 320 == pytest.approx(0.04 + 0.01, rel=0.1)


def test_a_near_layer_grows_faster_in_a_push(move) -> None:
    scene = plan(move("push", speed="medium"))
    grown = red_box(scene.view(47))[1] / red_box(scene.view(0))[1]
    assert grown > 1.02 * 1.03 ** (1.8 * 2)


def test_an_edge_has_no_dark_fringe(move) -> None:
    frame = plan(move("truck", "left")).view(24)
    assert frame[..., 2].min() >= 28


def test_nearness_follows_the_layers(move) -> None:
    near = plan(move("truck", "left")).nearness(0)
    assert near.max() == pytest.approx(0.9, abs=0.05)
    assert near.min() == pytest.approx(0.2, abs=0.01)


def test_laying_over_is_exact_where_a_layer_is_clear_or_solid() -> None:
    below = np.random.default_rng(1).integers(0, 255, (180, 320, 3), np.uint8)
    made = over(below, premultiplied(FRONT.rgba))
    solid = FRONT.rgba[..., 3] > 0
    assert np.array_equal(made[~solid], below[~solid])
    assert np.array_equal(made[solid], FRONT.rgba[..., :3][solid])
