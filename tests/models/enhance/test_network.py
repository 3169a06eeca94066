"""Upscaling by a network: in tiles as in one piece, at the size that is asked for, a frame at a time."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from laws import tries
from shelved import shelve_upscaler
from spandrel import MAIN_REGISTRY

from farm.errors import InputError
from farm.models.enhance import upscaler
from farm.models.enhance.network import NetworkEnlarger
from farm.models.enhance.tiles import in_tiles, stretches
from farm.models.spec import Placement

from .networks import compact, rrdb, saved

NETWORKS = {
    f"{name} {scale}x": MAIN_REGISTRY.load(make(scale).state_dict()).eval()
    for name, make in (("RRDBNet", rrdb), ("SRVGGNetCompact", compact))
    for scale in (2, 4)
}


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.mark.parametrize("name", NETWORKS)
@given(height=st.integers(65, 120), width=st.integers(65, 150), seed=st.integers(0, 9))
@settings(max_examples=tries(4), deadline=None)
def test_tiles_give_what_the_whole_picture_gives(name, height, width, seed):
    network = NETWORKS[name]
    picture = np.random.default_rng(seed).random((height, width, 3), dtype=np.float32)
    enlarger = NetworkEnlarger(network, tile=64, margin=48)

    made, whole = enlarger._through(picture), enlarger._run(picture)

    assert made.shape == (height * network.scale, width * network.scale, 3)
    assert np.abs(made - whole).max() < 1e-3
    assert whole.std() > 0.01


@given(
    length=st.integers(1, 900), tile=st.integers(1, 12).map(lambda n: 8 * n), margin=st.integers(1, 4), scale=st.just(2)
)
def test_every_pixel_gets_the_weight_of_one_tile(length, tile, margin, scale):
    margin = min(tile, 8 * margin)
    weight = np.zeros(length * scale)
    for stretch in stretches(length, tile, margin):
        weight[stretch.start * scale : stretch.stop * scale] += stretch.weights(length, margin, scale)
    assert np.abs(weight - 1).max() < 1e-5


def test_tiles_that_know_too_little_of_each_other_fade_into_each_other():
    """Each call adds a brightness of its own, as networks with a long reach do: no step is seen at a seam."""
    calls = iter(range(100))
    made = in_tiles(
        np.zeros((40, 200, 3), np.float32), lambda part: part + 0.1 * next(calls), scale=1, tile=64, margin=32
    )
    assert 0.1 < made.max() <= 0.3
    assert np.abs(np.diff(made, axis=1)).max() <= 0.1 / 16 + 1e-6


@pytest.mark.parametrize("size", [(96, 54), (64, 36), (120, 80)], ids=["exact", "smaller", "larger"])
def test_the_result_has_the_size_that_is_asked_for(size):
    enlarger = NetworkEnlarger(NETWORKS["SRVGGNetCompact 2x"], tile=64)
    frames = [np.full((27, 48, 3), value, np.uint8) for value in (0, 90)]
    made = list(enlarger.enlarged(frames, *size))
    assert [(frame.shape, frame.dtype) for frame in made] == [((size[1], size[0], 3), np.uint8)] * 2


def test_frames_come_one_by_one():
    asked: list[int] = []

    def frames():
        for number in range(3):
            asked.append(number)
            yield np.zeros((8, 8, 3), np.uint8)

    made = NetworkEnlarger(NETWORKS["SRVGGNetCompact 2x"], tile=64).enlarged(frames(), 16, 16)
    next(made)
    assert asked == [0]


def test_a_checkpoint_in_the_models_folder_is_found_by_name(tmp_path):
    shelve_upscaler(tmp_path, saved(compact(2), tmp_path / "files" / "studio.safetensors"), licence="MIT")
    found = upscaler("studio", tmp_path)
    assert (found.name, found.licence, found.is_network, len(found.revision)) == ("studio", "MIT", True, 16)
    (frame,) = found.open(Placement()).enlarged([np.zeros((9, 16, 3), np.uint8)], 32, 18)
    assert frame.shape == (18, 32, 3)


def test_other_weights_are_another_revision(tmp_path):
    path = tmp_path / "files" / "studio.safetensors"
    shelve_upscaler(tmp_path, saved(compact(2), path))
    before = upscaler("studio", tmp_path).revision
    shelve_upscaler(tmp_path, saved(compact(4), path))
    assert upscaler("studio", tmp_path).revision != before


def test_published_checkpoints_have_their_licence(tmp_path):
    shelve_upscaler(tmp_path, saved(rrdb(4), tmp_path / "files" / "RealESRGAN_x4plus.pth"))
    assert upscaler("RealESRGAN_x4plus", tmp_path).licence == "BSD-3-Clause"


@pytest.mark.parametrize("name", ["studoi", "../studio", "/etc/passwd", "", "a/b"])
def test_an_upscaler_that_is_not_there_is_refused_by_name(tmp_path, name):
    shelve_upscaler(tmp_path, saved(compact(2), tmp_path / "files" / "studio.safetensors"))
    with pytest.raises(InputError, match=f'there is no upscaler "{name}"'):
        upscaler(name, tmp_path)
    with pytest.raises(InputError, match="known: lanczos"):
        upscaler("other")
