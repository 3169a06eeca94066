"""signature: takes that move and look alike are alike, whatever they score."""

from __future__ import annotations

import pytest

from farm.scoring.signature import alikeness, signature


@pytest.mark.parametrize(
    ("changed", "least", "most"),
    [({}, 1.0, 1.0), ({"far": 0.055}, 0.7, 0.95), ({"far": 0.02}, 0.1, 0.6), ({"far": -0.05}, 0.0, 0.1)],
    ids=["itself", "a little more", "less than half", "the other way"],
)
def test_motion_tells_takes_apart(take, changed, least, most):
    assert least <= alikeness(signature(take()), signature(take(**changed))) <= most


def test_colours_tell_takes_apart(take):
    assert alikeness(signature(take()), signature(take(colours=(60.0,) * 36))) < 0.1


def test_what_has_no_signature_is_like_nothing(take):
    assert alikeness({}, signature(take())) == 0


def test_a_single_frame_has_one(take):
    assert alikeness(signature(take(frames=1)), signature(take(frames=1))) == 1
