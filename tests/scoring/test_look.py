"""look: the cosine tells pictures apart, and not their brightness; likeness has VBench's form."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from skimage import data

from farm.scoring.look import I2VLikeness, cosine, look


def look_of(frame):
    return look(frame, cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY))


COFFEE = cv2.resize(data.coffee(), (320, 180))
OTHER = cv2.resize(data.astronaut(), (320, 180))


def test_the_same_picture_has_a_cosine_of_one_however_bright():
    dimmed = cv2.convertScaleAbs(COFFEE, alpha=0.7)

    assert cosine(look_of(COFFEE), look_of(COFFEE)) == pytest.approx(1)
    assert cosine(look_of(COFFEE), look_of(dimmed)) > 0.98


def test_a_small_move_hardly_lowers_it_and_another_picture_does():
    moved = np.roll(COFFEE, 2, axis=1)

    assert cosine(look_of(COFFEE), look_of(moved)) > 0.95
    assert cosine(look_of(COFFEE), look_of(OTHER)) < 0.4
    assert cosine(look_of(COFFEE), look_of(COFFEE[:, ::-1].copy())) < 0.6


def test_two_pictures_without_contrast_are_alike():
    grey, dark = (np.full((180, 320, 3), value, np.uint8) for value in (128, 40))

    assert cosine(look_of(grey), look_of(dark)) == 1
    assert cosine(look_of(grey), look_of(COFFEE)) < 0.1


def test_likeness_weighs_the_best_against_the_still_and_mean_and_least_against_the_one_before():
    east, north = np.array([1, 0], np.float32), np.array([0, 1], np.float32)
    half = np.array([0.5, 0.75**0.5], np.float32)
    likeness = I2VLikeness(east)

    for vector in (half, half, north):
        likeness.add(vector)

    assert likeness.value == pytest.approx(0.4 * 0.5 + 0.3 * (1 + 0.75**0.5) / 2 + 0.3 * 0.75**0.5)


def test_of_a_single_frame_it_is_its_likeness_to_the_still():
    likeness = I2VLikeness(np.array([1, 0], np.float32))
    likeness.add(np.array([0.6, 0.8], np.float32))

    assert likeness.value == pytest.approx(0.6)
