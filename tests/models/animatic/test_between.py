"""Start to end: exact ends, the common motion where there is one, a dissolve where there is none."""

from itertools import pairwise

import cv2
import numpy as np
import pytest
from skimage import data

from farm.models.animatic.between import Between

SIZE = (640, 360)


def fitted(photo):
    return cv2.resize(photo[..., :3], SIZE, interpolation=cv2.INTER_AREA)


def moved(photo, dx=0.0, dy=0.0, scale=1.0):
    matrix = cv2.getRotationMatrix2D((SIZE[0] / 2, SIZE[1] / 2), 0, scale)
    matrix[:, 2] += (dx, dy)
    return cv2.warpAffine(photo, matrix, SIZE, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)


def error(one, other, margin=50):
    inner = np.s_[margin:-margin, margin:-margin]
    return np.abs(one[inner].astype(int) - other[inner]).mean()


def shift_of(before, after):
    grey = [cv2.cvtColor(each, cv2.COLOR_RGB2GRAY)[50:-50, 50:-50].astype(np.float32) for each in (before, after)]
    window = cv2.createHanningWindow(grey[0].shape[::-1], cv2.CV_32F)
    return np.array(cv2.phaseCorrelate(*grey, window)[0])


@pytest.fixture(scope="module")
def astronaut():
    return fitted(data.astronaut())


@pytest.fixture(scope="module")
def coffee():
    return fitted(data.coffee())


@pytest.fixture(scope="module")
def unrelated(astronaut, coffee):
    return Between.of(astronaut, coffee)


@pytest.mark.parametrize("t", [0.0, -0.1])
def test_it_starts_as_the_start(unrelated, astronaut, t):
    np.testing.assert_array_equal(unrelated.at(t), astronaut)


@pytest.mark.parametrize("t", [1.0, 1.1])
def test_it_ends_as_the_end(unrelated, coffee, t):
    np.testing.assert_array_equal(unrelated.at(t), coffee)


def test_unrelated_pictures_dissolve_in_linear_light(unrelated, astronaut, coffee):
    assert unrelated.agreement < 0.05
    assert unrelated.dissolves

    def linear(code):
        code = code / 255
        return np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)

    half = (linear(astronaut) + linear(coffee)) / 2
    expected = 255 * np.where(half <= 0.0031308, half * 12.92, 1.055 * half ** (1 / 2.4) - 0.055)
    assert np.abs(unrelated.at(0.5) - expected).max() < 1.0


@pytest.mark.parametrize(("dx", "dy"), [(24, 0), (-30, 10), (9, -17)])
def test_a_shifted_picture_passes_through_half_the_shift(astronaut, dx, dy):
    end = moved(astronaut, dx, dy)
    way = Between.of(astronaut, end)
    assert way.agreement > 0.8
    for t in (0.25, 0.5, 0.75):
        middle = way.at(t)
        assert np.abs(shift_of(astronaut, middle) - np.array([dx, dy]) * t).max() < 0.5
        assert error(middle, moved(astronaut, dx * t, dy * t)) < 3.5


def test_a_strong_push_in_is_followed_and_not_doubled(astronaut):
    end = moved(astronaut, scale=1.4)
    way = Between.of(astronaut, end)
    assert not way.dissolves
    truth = moved(astronaut, scale=1.2)
    dissolve = cv2.addWeighted(astronaut, 0.5, end, 0.5, 0)
    assert error(way.at(0.5), truth) < 0.45 * error(dissolve, truth)


def test_what_only_one_picture_shows_comes_from_that_one(astronaut):
    way = Between.of(astronaut, moved(astronaut, dx=40))
    strip = np.s_[60:-60, -12:]
    middle = way.at(0.5)[strip]
    # at the right edge the start has what is about to leave; smeared pixels would have no detail across
    truth = moved(astronaut, dx=20)[strip]
    assert np.abs(middle.astype(int) - truth).mean() < 6


def test_the_way_is_smooth(astronaut):
    way = Between.of(astronaut, moved(astronaut, dx=24))
    frames = [way.at(t).astype(np.float32) for t in np.linspace(0, 1, 13)]
    steps = [np.abs(after - before).mean() for before, after in pairwise(frames)]
    assert max(steps) < 2.5 * np.median(steps)


def test_a_still_stays_still(coffee):
    way = Between.of(coffee, coffee)
    assert way.agreement > 0.95
    assert np.abs(way.at(0.5).astype(int) - coffee).max() <= 2


def test_flat_pictures_have_no_features_and_dissolve_or_stand():
    dark, light = (np.full((120, 160, 3), value, np.uint8) for value in (20, 200))
    assert 100 < Between.of(dark, light).at(0.5).mean() < 160


def test_the_same_pictures_give_the_same_way(astronaut):
    end = moved(astronaut, dx=15, scale=1.1)
    np.testing.assert_array_equal(Between.of(astronaut, end).at(0.4), Between.of(astronaut, end).at(0.4))
