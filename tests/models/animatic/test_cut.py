"""Cutting a still along its depth map: where, how the near part comes off, and what the camera then shows."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from farm.models.animatic.cut import levels
from farm.models.animatic.matte import lift

WIDE, HIGH = 480, 270
BOX = (slice(80, 200), slice(200, 280))
POLE = (slice(40, 220), slice(232, 244))


def disc(radius: float = 70.0) -> NDArray[np.float32]:
    """1 inside a disc amid the picture, its edge a pixel soft."""
    y, x = np.mgrid[:HIGH, :WIDE].astype(np.float32)
    return np.clip(radius + 0.5 - np.hypot(x - WIDE / 2, y - HIGH / 2), 0.0, 1.0)


def ramp() -> NDArray[np.float32]:
    return np.repeat(np.linspace(0.0, 0.9, HIGH, dtype=np.float32)[:, None], WIDE, axis=1)


def cards(*nearnesses: float) -> NDArray[np.float32]:
    """Upright strips side by side, each beside the next."""
    return np.repeat(np.repeat(np.array([nearnesses], np.float32), HIGH, axis=0), WIDE // len(nearnesses), axis=1)


@pytest.fixture(scope="module")
def scene() -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """A dark disc before a bright, grainy sky."""
    rng = np.random.default_rng(4)
    grain = rng.normal(0.0, 3.0, (HIGH, WIDE, 1)).astype(np.float32)
    sky = np.array([200.0, 180.0, 150.0], np.float32) + grain
    near = disc()[..., None]
    picture = sky * (1.0 - near) + np.array([30.0, 35.0, 60.0], np.float32) * near
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8), 0.1 + 0.7 * near[..., 0]


@pytest.mark.parametrize("depth", [ramp(), np.full((HIGH, WIDE), 0.4, np.float32)], ids=["ramp", "flat"])
def test_a_map_without_gaps_is_not_cut(depth) -> None:
    assert levels(depth) == ()


def test_one_gap_is_cut_inside_it() -> None:
    (level,) = levels(0.1 + 0.7 * disc())
    assert 0.15 < level < 0.75


def test_each_gap_gets_its_level() -> None:
    first, second, third = levels(cards(0.05, 0.3, 0.55, 0.8))
    assert 0.05 < first < 0.3 < second < 0.55 < third < 0.8


def test_there_are_never_more_than_four_sheets() -> None:
    assert len(levels(cards(0.05, 0.25, 0.45, 0.65, 0.85))) == 3


def test_a_speck_is_not_worth_a_sheet() -> None:
    assert levels(0.1 + 0.7 * disc(2.0)) == ()


def test_a_thing_on_a_ramp_is_cut_off_what_is_behind_it() -> None:
    depth = 0.5 * ramp()
    depth[BOX] = depth[BOX[0].stop, 0]
    (level,) = levels(depth)
    assert depth[100, 0] < level < depth[BOX].max()


def test_near_over_behind_is_the_picture_again(scene) -> None:
    picture, depth = scene
    lifted = lift(picture, depth, 0.45, 40)
    clear = 1.0 - lifted.near[..., 3:] / 255.0
    again = lifted.near[..., :3] + lifted.behind * clear
    assert np.abs(again - picture).max() <= 2.0


def test_nothing_of_the_near_part_stays_behind_as_far_as_parallax_shows(scene) -> None:
    picture, depth = scene
    behind = lift(picture, depth, 0.45, 40).behind
    shown = (disc(78.0) > 0) & (disc(35.0) == 0)
    assert behind[shown].min() > 130
    assert np.abs(behind[shown].mean(axis=0) - (200, 180, 150)).max() < 4.0


def test_what_is_made_up_keeps_the_grain_of_its_surroundings(scene) -> None:
    picture, depth = scene
    behind = lift(picture, depth, 0.45, 40).behind
    shown = (disc(66.0) > 0) & (disc(45.0) == 0)
    beside = disc(90.0) == 0

    def grain(where: NDArray[np.bool_]) -> float:
        return float((behind - cv2.GaussianBlur(behind.astype(np.float32), (0, 0), 3.0))[where].std())

    assert grain(shown) == pytest.approx(grain(beside), rel=0.35)


def test_the_picture_away_from_the_cut_is_untouched(scene) -> None:
    picture, depth = scene
    away = disc(95.0) == 0
    assert np.array_equal(lift(picture, depth, 0.45, 40).behind[away], picture[away])


def test_the_map_behind_knows_the_near_part_is_gone(scene) -> None:
    picture, depth = scene
    nearness = lift(picture, depth, 0.45, 40).nearness
    assert nearness[(disc(78.0) > 0) & (disc(35.0) == 0)].max() < 0.2


def test_a_map_may_be_coarser_than_the_picture(scene) -> None:
    picture, depth = scene
    large = cv2.resize(picture, (2 * WIDE, 2 * HIGH), interpolation=cv2.INTER_CUBIC)
    lifted = lift(large, depth, 0.45, 40)
    assert lifted.near.shape == (2 * HIGH, 2 * WIDE, 4)
    clear = 1.0 - lifted.near[..., 3:] / 255.0
    assert np.abs(lifted.near[..., :3] + lifted.behind * clear - large).max() <= 2.0


def at(frame: NDArray[np.uint8]) -> float:
    """Where the dark disc is on the middle row, in pixels."""
    return float(np.flatnonzero(frame[frame.shape[0] // 2, :, 0] < 110).mean())


@pytest.fixture
def files(scene, tmp_path):
    """The scene and its map as files."""
    picture, depth = scene
    cv2.imwrite(str(tmp_path / "still.png"), picture[..., ::-1])
    cv2.imwrite(str(tmp_path / "depth.png"), np.rint(depth * 255.0))
    return {"start": tmp_path / "still.png", "depth": tmp_path / "depth.png"}


def test_a_truck_shows_the_whole_parallax_it_asked_for(ask, shoot, move, attempt, files) -> None:
    frames = shoot(ask(move("truck", "left", "medium"), width=WIDE, height=HIGH, frames=24, **files))
    told = attempt.facts["depth"]
    assert (told["source"], told["planes"], told["reason"]) == ("map", 2, "")
    assert told["parallax_px"] == told["asked_parallax_px"] > 4.0
    camera = attempt.facts["camera"]["phases"][0]
    assert at(frames[-1]) - at(frames[0]) == pytest.approx(camera["x"] * WIDE + told["parallax_px"], abs=1.5)


def test_a_cut_shape_keeps_its_form(ask, shoot, move, files) -> None:
    frames = shoot(ask(move("truck", "left", "medium"), width=WIDE, height=HIGH, frames=24, **files))
    areas = [int((frame[..., 0] < 110).sum()) for frame in (frames[0], frames[12], frames[-1])]
    assert max(areas) / min(areas) < 1.02


def test_no_ghost_of_the_cut_stays_on_the_background(ask, shoot, move, files) -> None:
    """Away from the disc the sky is as even at the end as it was at the start."""
    frames = shoot(ask(move("orbit", "right", "fast"), width=WIDE, height=HIGH, frames=36, **files))
    unrest = []
    for frame in (frames[0], frames[-1]):
        disc_there = cv2.dilate((frame[..., 0] < 150).astype(np.uint8), np.ones((11, 11), np.uint8)) > 0
        soft = cv2.GaussianBlur(frame[..., 0].astype(np.float32), (0, 0), 2.0)
        unrest.append(float(np.abs(soft[~disc_there] - 200.0).max()))
    assert unrest[1] < unrest[0] + 4.0


def test_a_push_ends_nearer_to_the_near_part(ask, shoot, move, files) -> None:
    frames = shoot(ask(move("push", "in", "medium"), width=WIDE, height=HIGH, frames=48, **files))
    first, last = (np.sqrt((frame[..., 0] < 110).sum()) for frame in (frames[0], frames[-1]))
    assert last / first > 1.03 * np.exp(0.03 * 1.8 * 4)


def test_the_first_frame_is_what_a_camera_at_rest_shows(ask, shoot, move, files) -> None:
    held = shoot(ask(width=WIDE, height=HIGH, frames=2, **files))[0].astype(int)
    moved = shoot(ask(move("push", "in"), width=WIDE, height=HIGH, frames=12, **files))[0]
    assert np.abs(moved - held).mean() < 1.5
    assert np.percentile(np.abs(moved - held), 99.5) <= 10
