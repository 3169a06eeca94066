"""Latents become colours by a map fitted to the still."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import torch
from torch.nn.functional import avg_pool2d, interpolate

from farm.models.diffusion.preview import Preview


def posterior(latents):
    return SimpleNamespace(latent_dist=SimpleNamespace(mode=lambda: latents))


def picture(seed):
    small = torch.rand(1, 3, 5, 7, generator=torch.Generator().manual_seed(seed)) * 1.6 - 0.8
    return interpolate(small, (64, 96), mode="bilinear")


def encoded(pixels):
    """Sixteen channels that hold the averaged colours, mixed and shifted, as a real encoder's nearly do."""
    mix = torch.randn(16, 3, generator=torch.Generator().manual_seed(3))
    small = avg_pool2d(pixels, 8)
    return torch.einsum("oc,bchw->bohw", mix, small) + 0.5


def test_another_picture_s_latents_show_its_colours():
    preview = Preview()
    still, other = picture(1), picture(2)
    preview.encoded(still, posterior(encoded(still)))
    shown = preview.picture(encoded(other).transpose(0, 1))
    wanted = (avg_pool2d(other, 8)[0].permute(1, 2, 0).numpy() + 1.0) * 127.5
    assert shown.shape == (8, 12, 3)
    assert shown.dtype == np.uint8
    assert np.abs(shown - wanted).max() < 3


def test_of_a_movie_the_middle_frame_is_shown_and_of_an_encoded_movie_the_first_is_learned_from():
    preview = Preview()
    still, other = picture(1), picture(2)
    preview.encoded(torch.stack([still, still * 0], 2), posterior(torch.stack([encoded(still), encoded(other)], 2)))
    frames = torch.cat([encoded(still), encoded(other), encoded(still)]).transpose(0, 1)
    assert np.array_equal(preview.picture(frames), preview.picture(encoded(other).transpose(0, 1)))


def test_latents_that_are_no_numbers_are_black_and_not_an_error():
    preview = Preview()
    preview.encoded(picture(1), posterior(encoded(picture(1))))
    assert preview.picture(torch.full((16, 1, 8, 12), torch.nan)).max() <= 128


def test_without_a_still_or_with_other_latents_there_is_no_preview():
    preview = Preview()
    assert preview.picture(torch.zeros(16, 1, 8, 12)) is None
    preview.encoded(picture(1), posterior(encoded(picture(1))))
    assert preview.picture(torch.zeros(4, 1, 8, 12)) is None
    preview.encoded(picture(1), posterior(torch.zeros(1, 16, 2, 2)))
    assert preview.picture(torch.zeros(16, 1, 2, 2)) is None
