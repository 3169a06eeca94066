"""Burn-in and slate as pictures: where they are dark, where they are light, what they must not say."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from farm.chain import Credit
from farm.delivery.burnin import BurnIn
from farm.delivery.slate import leader
from farm.shots.products import BURN_IN

CREDIT = Credit(show="lake", sequence="sq010", shot="sh010", take=2, label="gentler", model="animatic", seed=1847263544)


def burn(fields=BURN_IN, credit=CREDIT, width=640, height=360, last=1077) -> BurnIn:
    return BurnIn(credit=credit, fields=fields, width=width, height=height, fps=Fraction(24), frame_in=1001,
                  last_frame=last)  # fmt: skip


def test_the_picture_between_the_bands_is_untouched():
    layer = burn().layer()
    assert layer.shape == (360, 640, 4)
    assert not layer[40:-40].any()
    assert layer[:10, :, 3].min() > 100


def test_only_trained_models_are_called_ai():
    plain, trained = (burn(credit=CREDIT.model_copy(update={"trained": flag})).layer() for flag in (False, True))
    right = np.s_[:20, 420:, 0]
    assert not plain[right].any()
    assert trained[right].max() > 200
    assert np.array_equal(plain[-20:], trained[-20:])


@pytest.mark.parametrize(
    ("fields", "changes"), [(("shot",), False), (("frame",), True), (("timecode",), True), (("seed", "ai"), False)]
)
def test_strips_are_drawn_only_where_something_changes(fields, changes):
    drawn = burn(fields)
    assert (drawn.strip_size != (0, 0)) is changes


def test_each_frame_has_a_strip_of_its_own():
    drawn = burn(last=1006)
    width, height = drawn.strip_size
    strips = list(drawn.strips())
    assert len(strips) == len(set(strips)) == 6
    assert {len(strip) for strip in strips} == {width * height * 4}
    assert list(drawn.strips(step=2)) == strips[::2]
    assert drawn.strip_at == (640 - width, 360 - height)


def test_equal_inputs_give_equal_pictures():
    assert np.array_equal(burn().layer(), burn().layer())
    assert next(burn().strips()) == next(burn().strips())


def test_long_words_make_the_letters_smaller_before_they_are_cut():
    long = CREDIT.model_copy(update={"show": "The long and winding show", "sequence": "sequence_0100_night_exterior"})
    usual, small = (burn(("show", "sequence", "shot"), each, 480, 800) for each in (CREDIT, long))
    assert usual.size * 0.6 < small.size < usual.size


@pytest.mark.parametrize("size", [(1280, 720), (1080, 1920), (640, 640), (96, 54)], ids=str)
@pytest.mark.parametrize("trained", [True, False])
def test_a_slate_of_every_shape(size, trained):
    credit = CREDIT.model_copy(update={"trained": trained, "prompt": "slow push in " * 30})
    still = np.full((90, 160, 3), (0, 90, 200), np.uint8)

    picture = leader(credit, {"Frames": "1001 – 1077"}, still, *size)

    assert picture.shape == (size[1], size[0], 3)
    assert (picture.max(axis=2) > 200).any(), "words"
    blue = (picture == (0, 90, 200)).all(axis=2)
    assert blue.any(), "the still"
    assert not blue[:, : size[0] // 2].any() or size[0] <= size[1]


def test_a_slate_needs_no_still():
    assert leader(CREDIT, {}, None, 320, 180).shape == (180, 320, 3)
