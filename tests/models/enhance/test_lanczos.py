"""The weight-free upscaler: sharper than Lanczos, without its lines beside edges."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from laws import tries

from farm.models.enhance import upscaler
from farm.models.enhance.lanczos import enlarged
from farm.models.spec import Placement

STILLS = sorted((Path(__file__).parents[3] / "jobs" / "demo" / "stills").glob("[a-z]*.jpg"))


def crop(path: Path) -> np.ndarray:
    """The middle of a still."""
    return cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)[300:780, 500:1300]


def sharpness(picture: np.ndarray) -> float:
    """Mean squared gradient of luma."""
    luma = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return float((cv2.Sobel(luma, cv2.CV_32F, 1, 0) ** 2 + cv2.Sobel(luma, cv2.CV_32F, 0, 1) ** 2).mean())


def beyond(large: np.ndarray, small: np.ndarray) -> int:
    """How far a picture goes beyond the source pixels around, at most: two to each side."""
    size, around = (large.shape[1], large.shape[0]), np.ones((5, 5), np.uint8)
    lowest = cv2.resize(cv2.erode(small, around), size, interpolation=cv2.INTER_NEAREST).astype(int)
    highest = cv2.resize(cv2.dilate(small, around), size, interpolation=cv2.INTER_NEAREST).astype(int)
    return int(np.maximum(lowest - large, large - highest).max())


@pytest.mark.parametrize("path", STILLS, ids=lambda path: path.stem)
def test_stills_get_sharper_edges_and_no_halos(path):
    original = crop(path)
    size = (original.shape[1], original.shape[0])
    small = cv2.resize(original, (size[0] // 2, size[1] // 2), interpolation=cv2.INTER_AREA)
    plain = cv2.resize(small, size, interpolation=cv2.INTER_LANCZOS4)

    large = enlarged(small, *size)

    assert 1.2 * sharpness(plain) < sharpness(large) < 1.25 * sharpness(original)
    assert beyond(large, small) <= 0 < beyond(plain, small)
    assert cv2.PSNR(large, original) > cv2.PSNR(plain, original) - 0.5


@pytest.mark.parametrize("factor", [1.5, 2, 3, 4])
def test_an_edge_gets_steeper_and_no_line_beside_it(factor):
    small = np.full((24, 40, 3), 40, np.uint8)
    small[:, 20:] = 200
    size = (int(40 * factor), int(24 * factor))
    large = enlarged(small, *size)
    plain = cv2.resize(small, size, interpolation=cv2.INTER_LANCZOS4)
    row, usual = large[size[1] // 2, :, 0].astype(int), plain[size[1] // 2, :, 0].astype(int)
    assert (row.min(), row.max()) == (40, 200)
    assert (np.diff(row) >= 0).all()
    assert np.abs(np.diff(row)).max() >= np.abs(np.diff(usual)).max()
    assert usual.max() > 200


@given(
    picture=arrays.arrays(np.uint8, st.tuples(st.integers(2, 12), st.integers(2, 12), st.just(3))),
    wider=st.integers(0, 23),
    higher=st.integers(0, 23),
)
@settings(max_examples=tries(60), deadline=None)
def test_any_picture_at_any_size_stays_within_its_colours(picture, wider, higher):
    height, width = picture.shape[:2]
    large = enlarged(picture, width + wider, height + higher)
    assert large.shape == (height + higher, width + wider, 3)
    assert (large.min(axis=(0, 1)) >= picture.min(axis=(0, 1))).all()
    assert (large.max(axis=(0, 1)) <= picture.max(axis=(0, 1))).all()


def test_flat_parts_keep_their_colour_to_the_code_value():
    flat = np.empty((20, 30, 3), np.uint8)
    flat[:] = (13, 128, 251)
    assert np.array_equal(np.unique(enlarged(flat, 77, 51).reshape(-1, 3), axis=0), [[13, 128, 251]])


def test_grain_is_not_made_stronger():
    rng = np.random.default_rng(0)
    grain = np.clip(rng.normal(120, 1, (80, 80, 3)), 0, 255).astype(np.uint8)
    plain = cv2.resize(grain, (160, 160), interpolation=cv2.INTER_LANCZOS4)
    assert enlarged(grain, 160, 160).std() <= plain.std()


def test_the_same_size_is_the_same_picture():
    picture = crop(STILLS[0])
    assert enlarged(picture, picture.shape[1], picture.shape[0]) is picture


def test_it_is_there_without_weights_and_says_what_it_is():
    found = upscaler("lanczos")
    assert not found.is_network
    (frame,) = found.open(Placement()).enlarged([crop(STILLS[0])], 1600, 960)
    assert frame.shape == (960, 1600, 3)
