"""Layers: depths by order or by name, alpha as given, no colour that darkens an edge."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from laws import tries
from PIL import Image

from farm.errors import InputError
from farm.models.animatic.layers import extend_colour, fill_background, load

SIZE = (48, 32)


def save(path, rgba=(10, 20, 30, 255), size=SIZE):
    Image.new("RGBA", size, rgba).save(path)
    return path


@pytest.mark.parametrize(
    ("names", "depths"),
    [
        (["only"], [0.0]),
        (["sky", "boat"], [0.0, 1.0]),
        (["sky", "hills", "boat"], [0.0, 0.5, 1.0]),
        (["sky_d05", "hills", "boat_d75"], [0.05, 0.5, 0.75]),
        (["sky", "lens_d100"], [0.0, 1.0]),
        (["a_d5", "b_dx1", "c_d123"], [0.0, 0.5, 1.0]),
    ],
    ids=["one", "two", "three", "named", "whole", "not hints"],
)
def test_depths(tmp_path, names, depths):
    layers = load(tuple(save(tmp_path / f"{name}.png") for name in names))
    assert [layer.depth for layer in layers] == pytest.approx(depths)


def test_no_layers():
    assert load(()) == ()


def test_alpha_is_kept_and_only_the_bottom_is_made_opaque(tmp_path):
    ramp = np.zeros((SIZE[1], SIZE[0], 4), np.uint8)
    ramp[..., 0] = 200
    ramp[..., 3] = np.linspace(0, 255, SIZE[0]).astype(np.uint8)
    paths = []
    for name in ("below", "above"):
        Image.fromarray(ramp).save(tmp_path / f"{name}.png")
        paths.append(tmp_path / f"{name}.png")
    below, above = load(tuple(paths))
    assert (below.rgba[..., 3] == 255).all()
    np.testing.assert_array_equal(above.rgba[..., 3], ramp[..., 3])
    np.testing.assert_array_equal(above.rgba[ramp[..., 3] > 0], ramp[ramp[..., 3] > 0])


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "LA"])
def test_any_kind_of_picture_becomes_rgba(tmp_path, mode):
    path = tmp_path / "layer.png"
    Image.new("RGBA", SIZE, (90, 90, 90, 255)).convert(mode).save(path)
    (layer,) = load((path,))
    assert layer.rgba.shape == (SIZE[1], SIZE[0], 4)
    assert layer.rgba.dtype == np.uint8


def test_a_file_that_is_no_picture_is_named(tmp_path):
    path = tmp_path / "notes.png"
    path.write_text("not a picture")
    with pytest.raises(InputError, match=r"notes\.png"):
        load((path,))


def test_layers_of_different_sizes_are_named(tmp_path):
    with pytest.raises(InputError, match=r"odd\.png is 20x20, sky\.png is 48x32"):
        load((save(tmp_path / "sky.png"), save(tmp_path / "odd.png", size=(20, 20))))


def test_sampling_between_pixels_does_not_darken_an_edge():
    rgba = np.zeros((20, 20, 4), np.uint8)
    rgba[5:15, 5:15] = (250, 240, 230, 255)
    out = extend_colour(rgba).astype(int)
    between = (out[:, :-1] + out[:, 1:]) // 2
    seen = between[between[..., 3] > 0]
    assert (seen[:, :3] == (250, 240, 230)).all()


def test_each_unseen_pixel_takes_the_nearest_colour():
    rgba = np.zeros((4, 10, 4), np.uint8)
    rgba[:, 0] = (255, 0, 0, 255)
    rgba[:, 9] = (0, 0, 255, 40)
    out = extend_colour(rgba)
    assert (out[:, :5, :3] == (255, 0, 0)).all()
    assert (out[:, 5:, :3] == (0, 0, 255)).all()


@settings(max_examples=tries(30), deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0, 1))
def test_nothing_that_can_be_seen_changes(seed, share):
    rng = np.random.default_rng(seed)
    rgba = rng.integers(0, 256, (17, 23, 4), dtype=np.uint8)
    rgba[rng.random((17, 23)) < share, 3] = 0
    out = extend_colour(rgba)
    np.testing.assert_array_equal(out[..., 3], rgba[..., 3])
    np.testing.assert_array_equal(out[rgba[..., 3] > 0], rgba[rgba[..., 3] > 0])


def test_an_opaque_background_is_left_alone():
    rgba = np.full((8, 8, 4), 255, np.uint8)
    assert fill_background(rgba) is rgba


def test_a_hole_continues_what_surrounds_it():
    ramp = np.zeros((64, 96, 4), np.uint8)
    ramp[..., 0] = np.linspace(40, 220, 96).astype(np.uint8)
    ramp[..., 3] = 255
    holed = ramp.copy()
    holed[20:44, 36:60] = 0
    out = fill_background(holed)
    assert (out[..., 3] == 255).all()
    kept = holed[..., 3] == 255
    np.testing.assert_array_equal(out[kept], ramp[kept])
    assert np.abs(out[20:44, 36:60, 0].astype(int) - ramp[20:44, 36:60, 0]).max() < 40
    steps = np.abs(np.diff(out[32, :, 0].astype(int)))
    assert steps.max() < 25


def test_an_empty_background_is_black_and_opaque():
    assert (fill_background(np.zeros((9, 9, 4), np.uint8)) == (0, 0, 0, 255)).all()
