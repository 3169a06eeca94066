"""sample: blur takes detail, mist only contrast; burnt-out area counts where it is new."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from skimage import data

from farm.scoring.sample import detail_kept
from farm.scoring.similarity import Similarity

GREY = cv2.cvtColor(cv2.resize(data.coffee()[:337], (640, 360)), cv2.COLOR_RGB2GRAY)


def seen(place):
    return cv2.warpAffine(GREY, place.matrix(640, 360), (640, 360), flags=cv2.INTER_AREA)


@pytest.mark.parametrize(
    "place", [Similarity(), Similarity(shift=0.1 + 0j), Similarity(1.2 + 0j), Similarity(0.85 + 0j)]
)
def test_a_move_keeps_detail(place):
    assert detail_kept(GREY, seen(place), place)[0] == pytest.approx(1, abs=0.25)


@pytest.mark.parametrize(("sigma", "most"), [(0.6, 0.9), (1.0, 0.7), (2.0, 0.5)])
def test_blur_takes_detail_by_how_much(sigma, most):
    kept, _ = detail_kept(GREY, cv2.GaussianBlur(GREY, (0, 0), sigma), Similarity())

    assert most - 0.35 < kept < most


def test_mist_over_half_of_the_picture_takes_none():
    mist = np.linspace(0, 0.6, 640, dtype=np.float32)
    misty = (GREY * (1 - mist) + 210 * mist).astype(np.uint8)

    assert detail_kept(GREY, misty, Similarity())[0] == pytest.approx(1, abs=0.1)


def test_burnt_out_area_counts_where_it_is_new():
    burnt = GREY.copy()
    burnt[:90] = 255

    assert detail_kept(GREY, burnt, Similarity())[1] == pytest.approx(0.25, abs=0.02)
    assert detail_kept(burnt, burnt, Similarity())[1] == 0


def test_views_that_hardly_meet_keep_nothing():
    assert detail_kept(GREY, GREY, Similarity(shift=0.9 + 0j)) == (0, 0)


def test_a_plain_picture_has_no_detail_to_lose():
    plain = np.full((360, 640), 128, np.uint8)

    assert detail_kept(plain, plain, Similarity()) == (1, 0)
