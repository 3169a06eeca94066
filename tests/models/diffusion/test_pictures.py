"""Stills are fitted as the score stage fits them."""

from __future__ import annotations

import numpy as np
import pytest

from farm.media import fitted as judged
from farm.models.diffusion.pictures import fitted
from farm.shots.model import Fit


@pytest.mark.parametrize("fit", list(Fit))
@pytest.mark.parametrize("overscan", [1.0, 1.13])
@pytest.mark.parametrize(
    ("size", "frame"),
    [((120, 90), (64, 64)), ((120, 90), (160, 64)), ((64, 48), (64, 48)), ((31, 97), (48, 32)), ((500, 20), (32, 64))],
)
def test_the_same_pixels_as_where_takes_are_judged(fit, overscan, size, frame):
    picture = np.random.default_rng(1).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    assert np.array_equal(fitted(picture, *frame, fit, overscan), judged(picture, *frame, fit, overscan))
