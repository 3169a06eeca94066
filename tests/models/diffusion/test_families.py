"""Every family, tiny: what is asked for comes out, the seed decides it, and watching or memoising changes nothing."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import torch
from tiny_models import TINY, save

from farm.errors import Cancelled, InputError
from farm.models.diffusion.memo import VAE_ENCODE, Memo
from farm.models.diffusion.overlay import overlay
from farm.models.diffusion.preview import Preview
from farm.models.diffusion.recipe import WrongOutput
from farm.shots.model import Fit

FAMILIES = list(TINY)


@pytest.fixture(scope="module")
def clip(opened, asked, take):
    """`clip(name)`: the take of seed 7, from a pipeline just opened."""
    return cache(lambda name: take(*opened(name), asked(name)))


@pytest.fixture(scope="module")
def used(opened):
    """`used(name)`: a pipeline that other tests have used before."""
    return cache(opened)


@pytest.mark.parametrize("name", FAMILIES)
def test_frames_are_as_many_and_as_large_as_asked_and_another_seed_makes_others(name, clip, used, asked, take):
    tiny = TINY[name]
    frames = clip(name)
    assert frames.shape == (tiny.frames, tiny.height, tiny.width, 3)
    assert frames.dtype == np.uint8
    assert frames.std() > 0
    assert not np.array_equal(take(*used(name), asked(name, seed=8)), frames)


@pytest.mark.parametrize("name", FAMILIES)
def test_cancelled_at_the_next_step_a_pipeline_makes_the_next_take_as_if_new(name, clip, used, asked, take):
    pipe, recipe = used(name)
    kind = type(pipe.scheduler)
    done = []

    def cancel():
        done.append(1)
        raise Cancelled("asked to stop")

    with pytest.raises(Cancelled):
        take(pipe, recipe, asked(name, seed=9), check=cancel)
    assert len(done) == 1
    assert type(pipe.scheduler) is kind
    samples, decoded, fractions, shown = [], [], [], []
    preview = Preview()
    memo = Memo(pipe, encoded=preview.encoded)
    back = [_sampled(pipe, samples), _decoded(pipe, decoded)]
    try:
        frames = take(pipe, recipe, asked(name), progress=fractions.append, preview=shown.append, every=1)
    finally:
        for undo in reversed(back):
            undo()
        memo.remove()
    assert np.array_equal(frames, clip(name))
    assert fractions == [0.5, 1.0]
    _is_previewed(recipe, pipe, asked(name), preview, shown, samples, decoded)


def _sampled(pipe, samples):
    """Note what each step of the picture's scheduler makes."""

    def step(scheduler, inner, *args, **kwargs):
        made = inner(*args, **kwargs)
        if scheduler is pipe.scheduler:
            samples.append(made[0] if isinstance(made, tuple) else made.prev_sample)
        return made

    return overlay(pipe.scheduler, "step", step)


def _decoded(pipe, decoded):
    """Note what is handed to the decoder."""

    def decode(_, inner, latents, *args, **kwargs):
        decoded.append(latents.clone())
        return inner(latents, *args, **kwargs)

    return overlay(pipe.vae, "decode", decode)


def _is_previewed(recipe, pipe, request, preview, shown, samples, decoded):
    """The sample is brought back to what the decoder gets, and its middle frame is shown."""
    latents = recipe.latents(pipe, samples[-1], request)
    # The last frame: in some families the first is not the sample's but the still's.
    assert torch.allclose(latents[:, -1], _movie(decoded)[:, -1], atol=1e-4)
    assert len(shown) == 1
    picture = preview.picture(recipe.latents(pipe, shown[0], request))
    assert picture.shape == (*latents.shape[2:], 3)
    assert picture.dtype == np.uint8


def _movie(decoded):
    """(channels, frames, height, width) of what one take handed to the decoder: a movie, or pictures in batches."""
    latents = torch.cat(decoded)
    return latents[0] if latents.ndim == 5 else latents.transpose(0, 1)


@pytest.mark.parametrize("name", FAMILIES)
def test_four_takes_encode_once_and_are_what_they_were_without_the_memo(name, clip, used, asked, take):
    pipe, recipe = used(name)
    kinds = {part: type(component) for part, component in pipe.components.items()}
    memo = Memo(pipe)
    try:
        for seed in (8, 9, 10):
            take(pipe, recipe, asked(name, seed=seed, steps=1))
        last = take(pipe, recipe, asked(name))
    finally:
        memo.remove()
    assert np.array_equal(last, clip(name))
    texts = 2  # a prompt and a negative prompt
    for encoder, (computed, hits) in memo.counts.items():
        if encoder == VAE_ENCODE and name == "svd":
            # Noise of the seed lies on the still: four seeds are four pictures.
            assert (computed, hits) == (4, 0)
        elif encoder == "text_encoder_2":
            assert (computed, hits) == (0, 0)  # Hunyuan's reads words in quotation marks only
        else:
            assert computed == (texts if encoder == "text_encoder" else 1)
            assert hits == 3 * computed
    assert memo.size_bytes == 0
    assert {part: type(component) for part, component in pipe.components.items()} == kinds


@pytest.mark.parametrize("name", ["wan21", "ltx2", "pia"])
def test_a_tiny_checkpoint_built_again_holds_the_same_weights(name, tiny_checkpoint, tmp_path):
    first, second = tiny_checkpoint(name), save(name, tmp_path / name)
    files = sorted(file.relative_to(first) for file in first.rglob("*.safetensors"))
    assert files
    assert all((first / file).read_bytes() == (second / file).read_bytes() for file in files)


def test_watching_changes_no_bit_of_what_the_pipeline_makes_alone(used, asked, clip):
    pipe, recipe = used("wan22_a14b")
    output = pipe(**recipe.arguments(pipe, asked("wan22_a14b"), torch.Generator().manual_seed(7)))
    assert np.array_equal(np.stack(list(recipe.frames(pipe, output))), clip("wan22_a14b"))


def test_ltx2_makes_sound_as_long_as_its_picture(used, asked):
    pipe, recipe = used("ltx2")
    request = asked("ltx2")
    output = pipe(**recipe.arguments(pipe, request, torch.Generator().manual_seed(1)))
    sound = recipe.audio(pipe, output)
    assert sound.samples.dtype == np.float32
    assert sound.samples.shape[0] == 2
    assert np.isfinite(sound.samples).all()
    assert sound.rate == 16000
    assert used("wan22_5b")[1].audio(pipe, output) is None


@pytest.mark.parametrize("name", ["ltx", "wan22_a14b", "wan21_flf2v"])
def test_an_end_frame_changes_the_end(name, used, asked, take, pictures):
    one, other = (take(*used(name), asked(name, end=pictures[number])) for number in (1, 2))
    assert not np.array_equal(one[-1], other[-1])


def test_ltx_passes_through_references_with_their_strength(used, asked, take, pictures):
    pipe, recipe = used("ltx")
    request = asked(
        "ltx", references=(pictures[2],), end=pictures[1], options={"strength": 0.9, "keyframe_strength": 0.5}
    )
    given = recipe.arguments(pipe, request, torch.Generator())["conditions"]
    assert [(each.frame_index, each.strength) for each in given] == [(0, 0.9), (4, 0.5), (8, 0.5)]
    assert not np.array_equal(take(pipe, recipe, request), take(pipe, recipe, asked("ltx", end=pictures[1])))


@pytest.mark.parametrize(
    ("name", "fields", "words"),
    [
        ("svd", {"end": 1}, "start frame only"),
        ("wan21", {"end": 1}, "takes no end frame"),
        ("wan22_5b", {"end": 1}, "takes no end frame"),
        ("wan21_flf2v", {"end": None}, "needs an end frame"),
        ("wan22_a14b", {"references": 2}, "no references"),
        ("ltx", {"options": {"motion_bucket_id": 3}}, 'no option "motion_bucket_id"'),
        ("hunyuan15", {"width": 40, "height": 28}, "multiples of 8"),
    ],
)
def test_what_a_family_cannot_take_is_said_before_it_runs(name, fields, words, used, asked, pictures):
    pipe, recipe = used(name)
    fields = dict(fields)
    if fields.get("end"):
        fields["end"] = pictures[1]
    if "references" in fields:
        fields["references"] = (pictures[2],)
    with pytest.raises(InputError, match=words):
        recipe.arguments(pipe, asked(name, **fields), torch.Generator())


def test_a_file_that_is_no_picture_is_named(used, asked, tmp_path):
    (tmp_path / "note.png").write_text("no picture")
    with pytest.raises(InputError, match=r"note\.png"):
        used("svd")[1].arguments(used("svd")[0], asked("svd", start=tmp_path / "note.png"), torch.Generator())


def test_options_of_opening_are_no_arguments(used, asked):
    pipe, recipe = used("wan22_a14b")
    request = asked("wan22_a14b", options={"profile": "fast", "dtype": "bfloat16"})
    assert not {"profile", "dtype"} & recipe.arguments(pipe, request, torch.Generator()).keys()


def test_cogvideox_rounds_frames_and_is_found_out(used, asked, take):
    with pytest.raises(WrongOutput, match="made 16 frames of 64x64 where 13 of 64x64"):
        take(*used("cogvideox"), asked("cogvideox", frames=13))


def test_hunyuan_makes_the_size_of_the_request_and_takes_guidance_from_it_alone(used, asked, take):
    pipe, recipe = used("hunyuan15")
    strong = take(pipe, recipe, asked("hunyuan15", width=64, height=16, options={"guidance_scale": 9.0}))
    assert strong.shape[1:3] == (16, 64)
    recipe.arguments(pipe, asked("hunyuan15", options={}), torch.Generator())
    assert pipe.guider.guidance_scale == 6.0


def test_the_still_reaches_the_pipeline_under_the_request_s_framing(used, asked):
    pipe, recipe = used("wan22_5b")
    given = recipe.arguments(pipe, asked("wan22_5b", fit=Fit.PAD), torch.Generator())["image"]
    assert given.size == (64, 32)
    assert not np.asarray(given)[:, 0].any()
