"""Guessed depth on real photographs: no line bends, nothing tears, nothing leans; measured from the displacement field.

The field is sampled here independently of `strain`: through the inverse mapping that the pixels really take.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from farm.models.animatic import depth as depths
from farm.models.animatic import strain, warp
from farm.models.animatic.framing import frame_still, path_bounds
from farm.models.animatic.path import Pose, plan_path
from farm.models.animatic.warp import Mesh, Relief
from farm.shots.intent import MotionIntent

WIDTH, HEIGHT = 1920, 1080
ASPECT = WIDTH / HEIGHT
NAMES = ["temple", "flower", "astronaut", "cat", "coffee", "rocket", "cameraman", "motorcycle", "coins", "galaxies"]


def scene(move, kind, photograph):
    camera = move(kind, "right" if kind != "push" else "none", "medium")
    path = plan_path(MotionIntent(phases=((camera,),)), frames=96, fps=24.0, aspect=ASPECT)
    size = (photograph.shape[1], photograph.shape[0])
    framing = frame_still(size, (WIDTH, HEIGHT), path_bounds(path, ASPECT))
    view = depths.View(photograph, framing, strain.extremes(path))
    return path, depths.guessed(view)


def flat_screen(pose: Pose, relief: Relief | None, cell: int):
    """Where each vertex's content would be on screen without relief, and where it is, in pixels."""
    mesh = Mesh(WIDTH, HEIGHT, cell)
    x, y = warp.points_seen(pose, mesh, ASPECT, relief or 0.0)
    flat_x, flat_y = warp.points_seen(pose, mesh, ASPECT, 0.0)
    return mesh.x * HEIGHT, mesh.y * HEIGHT, (x - flat_x) * HEIGHT, (y - flat_y) * HEIGHT


@pytest.mark.parametrize("kind", ["push", "orbit", "truck"])
@pytest.mark.parametrize("name", NAMES)
def test_no_pixel_is_stretched_and_nothing_folds(move, photographs, name, kind) -> None:
    path, depth = scene(move, kind, photographs[name])
    x, y, right, down = flat_screen(path[95], depth.relief, 8)
    x_down, x_right = np.gradient(x + right * math.exp(path[95].log_scale), 8.0)
    y_down, y_right = np.gradient(y + down * math.exp(path[95].log_scale), 8.0)
    determinant = x_right * y_down - x_down * y_right
    assert determinant.min() > 0.0
    jacobian = np.stack([np.stack([x_right, x_down], -1), np.stack([y_right, y_down], -1)], -2)
    stretch = np.linalg.svd(jacobian, compute_uv=False)
    assert stretch.min() > 0.8
    assert stretch.max() < 1.2


@pytest.mark.parametrize("kind", ["push", "orbit", "truck"])
@pytest.mark.parametrize("name", NAMES)
def test_no_straight_line_across_the_picture_bends(move, photographs, name, kind) -> None:
    path, depth = scene(move, kind, photographs[name])
    _, _, right, down = (field.astype(np.float32) for field in flat_screen(path[95], depth.relief, 8))
    rng = np.random.default_rng(1)
    worst = 0.0
    for _ in range(80):
        start, end = rng.uniform((0, 0), (WIDTH, HEIGHT), (2, 2))
        if np.linalg.norm(end - start) < 0.5 * HEIGHT:
            continue
        along = start + np.linspace(0.0, 1.0, 60)[:, None] * (end - start)
        where = (along / 8.0).astype(np.float32)
        aside = [cv2.remap(field, where[:, :1], where[:, 1:], cv2.INTER_LINEAR)[:, 0] for field in (right, down)]
        bent = along + np.stack(aside, -1) * math.exp(path[95].log_scale)
        centred = bent - bent.mean(axis=0)
        normal = np.linalg.svd(centred, full_matrices=False)[2][1]
        worst = max(worst, float(np.abs(centred @ normal).max()))
    assert worst < 2.0


@pytest.mark.parametrize("name", ["temple", "rocket", "motorcycle"])
def test_uprights_in_the_picture_do_not_lean(move, photographs, name) -> None:
    _, depth = scene(move, "truck", photographs[name])
    assert depth.strain.lean_deg <= strain.LEAN_LIMIT_DEG
    assert "lean" in depth.reason


def test_without_straight_lines_the_parallax_is_what_was_asked(move, photographs) -> None:
    _, depth = scene(move, "push", photographs["flower"])
    assert depth.strength > 0.6


def test_a_flat_move_needs_no_relief(move, photographs) -> None:
    _, depth = scene(move, "pan", photographs["flower"])
    assert depth.relief is None


@pytest.mark.parametrize("kind", ["push", "truck"])
def test_a_given_map_with_hard_edges_is_softened_until_nothing_tears(move, photographs, kind) -> None:
    photograph = photographs["astronaut"]
    path = plan_path(MotionIntent(phases=((move(kind, speed="medium"),),)), frames=96, fps=24.0, aspect=ASPECT)
    framing = frame_still((512, 512), (WIDTH, HEIGHT), path_bounds(path, ASPECT))
    disc = cv2.circle(np.zeros((512, 512), np.float32), (256, 256), 120, 1.0, -1)
    depth = depths.given(disc, depths.View(photograph, framing, strain.extremes(path)))
    _, _, right, down = flat_screen(path[95], depth.relief, 8)
    assert depth.source == "map"
    assert max(np.abs(np.diff(field, axis=axis)).max() for field in (right, down) for axis in (0, 1)) < 0.25 * 8


def test_near_things_grow_faster_in_a_push_and_not_in_a_zoom(ask, shoot, move, tmp_path) -> None:
    noise = np.random.default_rng(1).normal(0.0, 1.0, (427, 640, 3)).astype(np.float32)
    texture = cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 3.0), None, 0, 255, cv2.NORM_MINMAX)
    cv2.imwrite(str(tmp_path / "still.png"), texture.astype(np.uint8))
    near_below = np.repeat(np.linspace(0, 255, 427)[:, None], 640, axis=1).astype(np.uint8)
    cv2.imwrite(str(tmp_path / "depth.png"), near_below)
    grown = {}
    for kind in ("push", "zoom"):
        fields = {
            "start": tmp_path / "still.png",
            "depth": tmp_path / "depth.png",
            "width": 480,
            "height": 270,
            "frames": 48,
        }
        frames = shoot(ask(move(kind, speed="medium"), **fields))
        flow = cv2.calcOpticalFlowFarneback(
            *(cv2.cvtColor(frames[index], cv2.COLOR_RGB2GRAY) for index in (0, -1)), None, 0.5, 5, 41, 5, 7, 1.5, 0
        )
        columns = np.arange(480)[None] - 239.5
        growth = (flow[..., 0] * columns).mean(axis=1) / (columns**2).mean()
        grown[kind] = growth[200:250].mean() - growth[20:70].mean()
    assert grown["push"] > grown["zoom"] + 0.01


def test_a_horizon_is_seen_where_there_is_a_sky() -> None:
    sky = np.full((120, 160, 3), 200, np.uint8)
    sky[50:] = np.random.default_rng(1).integers(0, 255, (70, 160, 3), np.uint8)
    assert depths.horizon(sky) == pytest.approx(50 / 120, abs=0.05)
    assert depths.horizon(sky[50:]) == 0.0


def test_extremes_leave_out_poses_without_parallax() -> None:
    still = plan_path(MotionIntent(), frames=10, fps=24.0, aspect=ASPECT)
    assert strain.extremes(still) == ()
