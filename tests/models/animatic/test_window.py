"""Air that is kept in a mask: where the mask is on screen, and nowhere else."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from farm.shots.intent import Air, Atmosphere, MotionIntent, SubjectMotion

WIDE, HIGH = 480, 270
FALLING = [Air.RAIN, Air.SNOW, Air.MIST, Air.STEAM, Air.DUST]


@pytest.fixture
def pane(tmp_path):
    """A textured wall with a window in it: white in the mask from 30 % to 70 % across, above 80 % down."""
    rng = np.random.default_rng(2)
    wall = cv2.GaussianBlur(rng.integers(60, 160, (HIGH, WIDE, 3), np.uint8), (0, 0), 2.0)
    mask = np.zeros((HIGH, WIDE), np.uint8)
    mask[: int(0.8 * HIGH), int(0.3 * WIDE) : int(0.7 * WIDE)] = 255
    cv2.imwrite(str(tmp_path / "wall.png"), wall)
    cv2.imwrite(str(tmp_path / "mask.png"), mask)
    return {"start": tmp_path / "wall.png", "mask": tmp_path / "mask.png", "width": WIDE, "height": HIGH}


def intent(*kinds: Air, moves=(), subject=()) -> MotionIntent:
    return MotionIntent(
        phases=(moves,) if moves else (), atmosphere=tuple(Atmosphere(kind=kind) for kind in kinds), subject=subject
    )


def changed(ask, shoot, fields, with_air: MotionIntent, without: MotionIntent):
    """How much air changes each pixel of the last frame, (height, width)."""
    there = shoot(ask(intent=with_air, frames=12, **fields))[-1].astype(int)
    return np.abs(there - shoot(ask(intent=without, frames=12, **fields))[-1]).max(axis=2)


@pytest.mark.parametrize("kind", FALLING, ids=str)
def test_what_falls_or_drifts_stays_in_the_mask(ask, shoot, pane, kind) -> None:
    change = changed(ask, shoot, pane, intent(kind), intent())
    outside = np.ones((HIGH, WIDE), bool)
    outside[: int(0.8 * HIGH) + 14, int(0.3 * WIDE) - 14 : int(0.7 * WIDE) + 14] = False
    assert change[outside].max() == 0
    assert change[: int(0.8 * HIGH), int(0.3 * WIDE) : int(0.7 * WIDE)].max() > 6


def test_light_is_not_kept_in(ask, shoot, pane) -> None:
    fields = pane | {"frames": 48}
    lit, plain = (shoot(ask(intent=each, **fields))[-1].astype(int) for each in (intent(Air.LIGHT), intent()))
    assert np.abs(lit - plain)[:, : int(0.25 * WIDE)].max() > 2


def test_the_mask_goes_with_the_picture(ask, shoot, pane, move) -> None:
    pan = (move("pan", "left", "fast"),)
    change = changed(ask, shoot, pane, intent(Air.SNOW, moves=pan), intent(moves=pan))
    columns = np.flatnonzero(change.max(axis=0) > 3)
    still = np.flatnonzero(changed(ask, shoot, pane, intent(Air.SNOW), intent()).max(axis=0) > 3)
    shown = shoot(ask(intent=intent(moves=pan), frames=12, **pane))
    (shift, _), _ = cv2.phaseCorrelate(*(cv2.cvtColor(shown[i], cv2.COLOR_RGB2GRAY).astype(np.float32) for i in (0, -1)))
    assert columns.max() - still.max() == pytest.approx(shift, abs=0.35 * abs(shift) + 8)
    assert abs(shift) > 10


def test_a_mask_drawn_for_something_that_moves_leaves_the_air_alone(ask, shoot, pane) -> None:
    grass = (SubjectMotion(element="grass", action="swaying"),)
    change = changed(ask, shoot, pane, intent(Air.SNOW, subject=grass), intent(subject=grass))
    assert change[:, : int(0.25 * WIDE)].max() > 6


def test_rain_is_there_at_every_size(ask, shoot, pane) -> None:
    seen = []
    for height in (180, 360, 720):
        fields = pane | {"width": height * 16 // 9, "height": height, "frames": 4}
        wet, dry = (shoot(ask(intent=each, **fields))[-1].astype(int) for each in (intent(Air.RAIN), intent()))
        seen.append(float(np.abs(wet - dry)[: int(0.7 * height)].mean()))
    assert min(seen) > 0.35 * max(seen)
