"""Sway: inside the mask and nowhere else, from the still on, the way the wind blows."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from laws import tries
from skimage import data

from farm.models.animatic.sway import CELL, Sway
from farm.shots.intent import Direction, Speed, SubjectMotion

WIDTH, HEIGHT = 640, 360
WATER = SubjectMotion(element="lake", action="rippling", direction=Direction.LEFT)
HAIR = SubjectMotion(element="long hair", direction=Direction.RIGHT)
GRASS = SubjectMotion(element="tall grass", direction=Direction.LEFT)
FLAG = SubjectMotion(element="flag", direction=Direction.RIGHT)


def sway(mask, *subject, loop=False, frames=48, seed=3, size=(WIDTH, HEIGHT)):
    return Sway.of(mask, subject, size=size, fps=24, frames=frames, seed=seed, loop=loop)


def box(left=160, top=80, right=480, bottom=300):
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[top:bottom, left:right] = 255
    return mask


def warped(picture, offsets):
    height, width = picture.shape[:2]
    size = (offsets.shape[1] * CELL, offsets.shape[0] * CELL)
    full = cv2.resize(offsets, size, interpolation=cv2.INTER_LINEAR)[:height, :width]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return cv2.remap(picture, x - full[..., 0], y - full[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


@pytest.fixture(scope="module")
def photo():
    return cv2.resize(data.coffee(), (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)


@pytest.mark.parametrize(
    ("mask", "subject", "ignored"),
    [
        (None, (WATER,), ("lake",)),
        (box(), (), ()),
        (box(), (SubjectMotion(element="woman", action="blinks"),), ("woman",)),
        (np.zeros((HEIGHT, WIDTH), np.uint8), (HAIR,), ("long hair",)),
        (box(), (SubjectMotion(element="smoke", action="billowing"),), ()),
    ],
    ids=["no mask", "nothing asked", "a blink", "an empty mask", "what is air"],
)
def test_nothing_moves(mask, subject, ignored):
    still = sway(mask, *subject)
    assert still.offsets(5) is None
    assert still.ignored == ignored


def test_an_unknown_thing_moves_as_its_action_says():
    assert sway(box(), SubjectMotion(element="lampions", action="swaying gently")).offsets(9) is not None


@pytest.mark.parametrize("subject", [WATER, HAIR, GRASS, FLAG], ids=lambda each: each.element)
def test_the_first_frame_is_the_still_and_the_same_seed_the_same_motion(subject):
    one, other = sway(box(), subject), sway(box(), subject)
    assert not one.offsets(0).any()
    np.testing.assert_array_equal(one.offsets(17), other.offsets(17))
    assert np.abs(one.offsets(17)).max() > 0.3
    assert np.abs(one.offsets(17) - sway(box(), subject, seed=4).offsets(17)).max() > 0.1


@pytest.mark.parametrize("subject", [WATER, HAIR, GRASS, FLAG], ids=lambda each: each.element)
def test_a_loop_closes_exactly_and_smoothly(subject):
    looping = sway(box(), subject, loop=True, frames=50)
    np.testing.assert_array_equal(looping.offsets(50), looping.offsets(0))
    steps = [np.abs(looping.offsets(index + 1) - looping.offsets(index)).max() for index in range(50)]
    assert steps[-1] <= 1.2 * max(steps[:-1])


@pytest.mark.parametrize("subject", [WATER, HAIR, GRASS, FLAG], ids=lambda each: each.element)
def test_motion_is_smooth_in_time(subject):
    going = sway(box(), subject)
    largest = max(np.abs(going.offsets(index)).max() for index in range(48))
    steps = [np.abs(going.offsets(index + 1) - going.offsets(index)).max() for index in range(47)]
    assert max(steps) < 0.35 * largest


@settings(max_examples=tries(25), deadline=None)
@given(
    left=st.integers(0, 400),
    top=st.integers(0, 250),
    width=st.integers(20, 600),
    height=st.integers(20, 350),
    subject=st.sampled_from([WATER, HAIR, GRASS, FLAG]),
    speed=st.sampled_from(list(Speed)),
)
def test_outside_the_mask_nothing_changes_and_nothing_folds(left, top, width, height, subject, speed):
    photo = np.random.default_rng(1).integers(0, 255, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[top : top + height, left : left + width] = 255
    going = sway(mask, subject.model_copy(update={"speed": speed}))
    for index in (7, 31):
        offsets = going.offsets(index)
        if offsets is None:
            continue
        moved = warped(photo, offsets)
        np.testing.assert_array_equal(moved[mask == 0], photo[mask == 0])
        assert max(np.abs(np.diff(offsets, axis=axis)).max() for axis in (0, 1)) < 0.5 * CELL


def test_no_pixel_is_fetched_from_beyond_the_mask():
    mask = box()
    for subject in (WATER, HAIR, GRASS, FLAG):
        marked = warped(np.where(mask == 255, 0, 255).astype(np.uint8), sway(mask, subject).offsets(20))
        assert marked[mask == 255].max() == 0


def test_ripples_run_level_and_grow_away_from_the_horizon():
    going = sway(box(), WATER)
    seen = np.mean([np.abs(going.offsets(index)) for index in range(1, 48)], axis=0)
    across, down = seen[..., 0], seen[..., 1]
    assert across.max() > 3 * down.max()
    middle = slice(30, 50)
    assert across[28:32, middle].mean() > 2 * across[14:18, middle].mean()


@pytest.mark.parametrize(
    ("subject", "loose", "tied"),
    [
        (HAIR, np.s_[26:33, 30:50], np.s_[12:19, 30:50]),
        (GRASS, np.s_[13:20, 30:50], np.s_[28:35, 30:50]),
        (FLAG, np.s_[18:30, 48:56], np.s_[18:30, 24:32]),
    ],
    ids=["hair hangs", "grass stands", "a flag streams"],
)
def test_what_is_held_moves_least_where_it_is_held(subject, loose, tied):
    going = sway(box(), subject)
    seen = np.mean([np.abs(going.offsets(index)[..., 0]) for index in range(1, 48)], axis=0)
    assert seen[loose].mean() > 2 * seen[tied].mean()


@pytest.mark.parametrize(("direction", "sign"), [(Direction.LEFT, -1), (Direction.RIGHT, 1)])
def test_gusts_and_ripples_pass_along_the_wind(direction, sign):
    for element in ("grass", "water"):
        going = sway(box(), SubjectMotion(element=element, direction=direction))
        # how fast a wave passes: -d/dt over d/dx of what swings, by least squares
        stack = np.array([going.offsets(index)[16:34, 26:54, 0] for index in range(48)])
        stack -= stack.mean(axis=0)
        gt, _, gx = np.gradient(stack)
        assert sign * -np.sum(gx * gt) > 0, element


def test_a_mask_of_another_size_is_fitted(photo):
    small = cv2.resize(box(), (WIDTH // 3, HEIGHT // 3), interpolation=cv2.INTER_NEAREST)
    offsets = sway(small, GRASS).offsets(9)
    assert offsets.shape == (HEIGHT // CELL, WIDTH // CELL, 2)
    assert np.abs(offsets).max() > 0.3


def test_sizes_that_eight_does_not_divide():
    mask = np.full((365, 643), 255, np.uint8)
    assert sway(mask, GRASS, size=(643, 365)).offsets(9).shape == (46, 81, 2)
