"""Stills reach a pipeline as the score stage will see them."""

from __future__ import annotations

from fractions import Fraction

import cv2
import numpy as np
import pytest

from farm.errors import InputError
from farm.fitting import fitted
from farm.models.diffusion.pictures import fitted_picture
from farm.models.spec import Request
from farm.shots.model import Fit


@pytest.mark.parametrize("fit", list(Fit))
@pytest.mark.parametrize("size", [(120, 90), (64, 48), (31, 97)])
def test_a_still_is_read_in_its_colours_and_framed_as_declared(tmp_path, fit, size):
    picture = np.random.default_rng(1).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    path = tmp_path / "still.png"
    cv2.imwrite(str(path), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    asked = Request(start=path, width=64, height=32, frames=5, fps=Fraction(8), seed=1, fit=fit, overscan=1.13)
    assert np.array_equal(np.asarray(fitted_picture(path, asked)), fitted(picture, 64, 32, fit, 1.13))


def test_a_file_that_is_no_picture_is_named(tmp_path):
    path = tmp_path / "sh010.png"
    path.write_bytes(b"not a picture")
    asked = Request(start=path, width=64, height=32, frames=5, fps=Fraction(8), seed=1)
    with pytest.raises(InputError, match=r"sh010\.png: this is not a picture"):
        fitted_picture(path, asked)
