"""Grain: as strong as asked, in the middle tones, another one every frame, the same one every time."""

from itertools import pairwise

import numpy as np
import pytest

from farm.models.animatic.grain import Grain

SIZE = (480, 270)


def plain(value):
    return np.full((SIZE[1], SIZE[0], 3), value, np.uint8)


def noise(value, strength=3.0, index=4):
    return Grain.of(9, SIZE, strength).apply(plain(value), index).astype(float) - value


@pytest.mark.parametrize("strength", [1.5, 3.0, 6.0])
def test_strength_is_the_deviation_in_the_middle_tones(strength):
    # rounding to whole code values adds a twelfth of one to the variance
    assert noise(127, strength).std() == pytest.approx(np.hypot(strength, 12**-0.5), rel=0.06)


def test_it_fades_towards_black_and_white():
    middle, dark, light = noise(127).std(), noise(25).std(), noise(230).std()
    assert 0.3 * middle < dark < 0.9 * middle
    assert 0.3 * middle < light < 0.9 * middle
    assert not noise(0).any()
    assert not noise(255).any()


def test_it_does_not_shift_the_mean():
    assert abs(noise(127).mean()) < 0.1


def test_it_has_no_colour():
    grained = Grain.of(9, SIZE, 4.0).apply(plain(120), 3).astype(int)
    assert (np.ptp(grained, axis=2) == 0).all()


def test_the_default_can_hardly_be_seen():
    grained = Grain.of(9, SIZE).apply(plain(127), 3).astype(int) - 127
    assert 0.3 < grained.std() < 1.2
    assert np.abs(grained).max() <= 5


def test_each_frame_has_its_own_and_always_the_same():
    grain, again = Grain.of(9, SIZE, 4.0), Grain.of(9, SIZE, 4.0)
    frames = [grain.apply(plain(127), index).astype(float) for index in range(6)]
    for index in (5, 0, 3):
        np.testing.assert_array_equal(again.apply(plain(127), index), frames[index])
    for one, other in pairwise(frames):
        assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 0.05


def test_seeds_differ():
    one, other = (Grain.of(seed, SIZE, 4.0).apply(plain(127), 0) for seed in (1, 2))
    assert (one != other).mean() > 0.5


def test_the_frame_given_is_not_written_to():
    frame = plain(100)
    Grain.of(9, SIZE, 4.0).apply(frame, 0)
    assert (frame == 100).all()


def test_grain_is_finer_than_the_eye_and_coarser_than_a_pixel():
    field = noise(127, 8.0)[..., 0]
    beside = np.mean(field[:, 1:] * field[:, :-1]) / field.var()
    apart = np.mean(field[:, 5:] * field[:, :-5]) / field.var()
    assert beside > 0.05
    assert abs(apart) < 0.05
