"""What shots ask of checkpoints: sizes, lengths, knobs, and every loss in words."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.conform import SHORTFALL
from farm.findings import Place
from farm.models.diffusion.checkpoints import CHECKPOINTS
from farm.models.diffusion.family import FAMILIES, Sizing
from farm.models.diffusion.phrase import phrase
from farm.models.diffusion.profiles import LOSSLESS, PROFILES
from farm.models.diffusion.resolve import frame_rule, resolve
from farm.models.diffusion.sizes import buckets, take_size
from farm.models.spec import Rejection, Resolved
from farm.shots.intent import MotionIntent
from farm.shots.model import DurationFit, LoopMethod, Shot
from farm.shots.motion import intent_of

ASPECTS = st.fractions(Fraction(9, 21), Fraction(21, 9))


def shot(**changes) -> Shot:
    asked = {
        "code": "sh010",
        "place": Place("shots.csv", 2),
        "still": "/stills/sh010.png",
        "fps": Fraction(24),
        "nb_frames": 96,
        "width": 1920,
        "height": 1080,
        "prompt": "slow push in toward the boat",
    }
    return Shot(**(asked | changes))


def asked(name: str, **changes) -> Resolved | Rejection:
    it = shot(**changes)
    return resolve(CHECKPOINTS[name], it, intent_of(it), LOSSLESS)


def made(name: str, **changes) -> Resolved:
    answer = asked(name, **changes)
    assert isinstance(answer, Resolved), answer
    return answer


# -- length -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("frames", "made_frames"), [(81, 81), (80, 81), (77, 77), (78, 81), (1, 5)], ids=str)
def test_frames_snap_up_to_what_wan_makes(frames, made_frames):
    assert made("wan21-480p", fps=Fraction(16), nb_frames=frames).frames == made_frames


def test_a_snap_is_told():
    assert "81 frames are made where 78 are needed" in made("wan21-480p", fps=Fraction(16), nb_frames=78).notes
    assert not any("frames are made" in note for note in made("wan21-480p", fps=Fraction(16), nb_frames=81).notes)


def test_a_take_a_little_short_is_as_long_as_the_model_can():
    assert made("wan21-480p", fps=Fraction(16), nb_frames=83).frames == 81


@pytest.mark.parametrize(
    ("changes", "longest"),
    [
        ({}, 100),
        ({"duration_fit": DurationFit.HOLD}, 100),
        ({"duration_fit": DurationFit.RETIME}, 160),
        ({"duration_fit": DurationFit.EXTEND}, 240),
    ],
)
def test_how_short_a_take_may_be_depends_on_what_becomes_of_it(changes, longest):
    answers = [asked("wan21-480p", fps=Fraction(16), nb_frames=most, **changes) for most in (longest, longest + 4)]
    assert [type(answer) for answer in answers] == [Resolved, Rejection]


def test_a_take_much_too_short_is_refused_with_who_could():
    answer = asked("svd", nb_frames=96)
    assert isinstance(answer, Rejection)
    assert answer.reason == "4.00 s is longer than the 2.00 s it makes"
    assert "ltx2" in answer.remedy
    assert "svd-xt" not in answer.remedy
    assert answer.remedy.endswith("animatic")


def test_handles_are_made_too():
    assert made("wan21-480p", fps=Fraction(16), nb_frames=61, handles=8).frames == 77


@given(
    st.sampled_from(sorted(CHECKPOINTS)), st.integers(1, 400), st.sampled_from([Fraction(24000, 1001), Fraction(25)])
)
def test_frames_are_always_what_the_model_can_make(name, frames, fps):
    answer = asked(name, nb_frames=frames, fps=fps)
    if isinstance(answer, Resolved):
        rule = frame_rule(CHECKPOINTS[name])
        assert (answer.frames - rule.offset) % rule.stride == 0
        assert rule.lowest <= answer.frames <= rule.highest
        needed = math.ceil(frames / fps * answer.fps)
        assert answer.frames >= needed or answer.frames >= needed * (1 - SHORTFALL[DurationFit.TRIM])


def test_a_family_that_takes_any_rate_takes_the_cuts():
    assert made("ltx", fps=Fraction(24000, 1001)).fps == Fraction(24000, 1001)
    assert made("cogvideox").fps == 8
    assert "made at 8 fps, delivered at 24" in made("cogvideox").notes


# -- size -------------------------------------------------------------------------------------------------------


@given(st.sampled_from(sorted(CHECKPOINTS)), ASPECTS)
def test_sizes_are_multiples_near_the_trained_area(name, aspect):
    checkpoint = CHECKPOINTS[name]
    family, trained = checkpoint.kin, checkpoint.sizes[0]
    multiple = checkpoint.multiple or family.multiple
    width, height = take_size(family.sizing, trained, multiple, float(aspect))
    assert width % multiple == height % multiple == 0
    assert 0.8 < width * height / (trained[0] * trained[1]) < 1.2
    if family.sizing is not Sizing.FIXED:
        assert abs(math.log(width / height / float(aspect))) < 0.15


@pytest.mark.parametrize("base", [640, 960])
def test_buckets_are_those_of_the_pipeline(base):
    processor = pytest.importorskip("diffusers.pipelines.hunyuan_video1_5.image_processor")
    theirs = processor.generate_crop_size_list(base_size=base, patch_size=16)
    assert buckets(base, 16) == [(width, height) for height, width in theirs]
    judge = processor.HunyuanVideo15ImageProcessor(vae_scale_factor=16)
    for height, width in ((1080, 1920), (1920, 1080), (1024, 1024), (858, 2048), (480, 640)):
        high, wide = judge.calculate_default_height_width(height, width, base)
        assert take_size(Sizing.BUCKETS, (base, base), 16, width / height) == (wide, high)


def test_a_frame_of_another_shape_says_what_is_lost():
    assert "its frame has another shape: 16% at top and bottom is not delivered" in made("cogvideox").notes
    assert "made at 720x480, delivered at 1920x1080" in made("cogvideox").notes


# -- knobs and words --------------------------------------------------------------------------------------------


def test_svd_turns_fidelity_and_speed_into_its_own_knobs():
    calm, wild = (made("svd-xt", fidelity=f, prompt=p) for f, p in ((0.9, "very slow push in"), (0.4, "fast pan left")))
    assert calm.options["noise_aug_strength"] < wild.options["noise_aug_strength"]
    assert calm.options["motion_bucket_id"] < wild.options["motion_bucket_id"]
    assert made("svd-xt", fidelity=0.7).options["noise_aug_strength"] == 0.02
    assert calm.prompt == ""
    assert "the prompt is not used" in calm.notes


def test_pia_closes_a_loop_and_the_others_are_asked_for_what_one_is_made_of():
    short = {"nb_frames": 48}
    assert made("pia", loop=True, **short).options["motion_scale"] == made("pia", **short).options["motion_scale"] + 3
    crossed = made("wan21-480p", loop=True, fps=Fraction(16), nb_frames=61)
    assert crossed.frames == 69
    assert not any("loop" in note for note in crossed.notes)
    assert made("wan21-480p", loop=True, loop_method=LoopMethod.PINGPONG, fps=Fraction(16), nb_frames=61).frames == 33


def test_a_model_that_cannot_close_a_loop_says_so_when_it_is_told_to():
    told = made("wan21-480p", loop=True, loop_method=LoopMethod.MODEL)
    assert any("loop is not closed" in note for note in told.notes)


def test_no_knob_is_said():
    assert any("fidelity is not used" in note for note in made("wan22-a14b").notes)
    assert not any("fidelity" in note for note in made("ltx").notes)


def test_a_first_and_last_frame_model_needs_both():
    answer = asked("wan21-flf")
    assert isinstance(answer, Rejection)
    assert answer.reason == "it needs an end frame beside the still"
    assert "wan21-flf" not in asked("svd").remedy  # type: ignore[union-attr]


@pytest.mark.parametrize("name", sorted(set(CHECKPOINTS) - {"wan21-flf"}))
def test_what_is_given_and_not_used_is_said(name):
    given_too = {"mask": "/m.png", "depth": "/d.png", "driving_video": "/v.mp4", "nb_frames": 40}
    notes = " | ".join(made(name, **given_too).notes)
    assert all(f"the {each} is not used" in notes for each in ("mask", "depth map", "driving video"))


def test_an_end_frame_needs_a_model_that_takes_one():
    answer = asked("wan22-5b", end="/end.png")
    assert isinstance(answer, Rejection)
    assert answer.reason == "it cannot end on a given frame"
    assert "wan21-flf" in answer.remedy
    assert "cogvideox" not in answer.remedy
    assert isinstance(asked("wan21-flf", end="/end.png"), Resolved)


def test_motion_columns_are_said_in_words():
    answer = made("wan21-480p", prompt="the boat at dusk", camera="pan left", atmosphere="mist drifting")
    assert answer.prompt == "the boat at dusk. The camera slowly pans to the left. Mist drifts slowly."


def test_a_prompt_that_says_it_all_is_passed_on_as_it_is():
    assert made("wan21-480p").prompt == "slow push in toward the boat"


def test_an_empty_intent_says_nothing():
    assert phrase(MotionIntent()) == ""


# -- profiles ---------------------------------------------------------------------------------------------------


def test_only_what_differs_from_lossless_is_in_the_options():
    checkpoint, it = CHECKPOINTS["wan21-480p"], shot()
    options = {name: resolve(checkpoint, it, intent_of(it), profile).options for name, profile in PROFILES.items()}
    assert options["lossless"] == {"num_inference_steps": 50, "guidance_scale": 5.0}
    assert options["fast"] == {"num_inference_steps": 50, "guidance_scale": 5.0, "profile": "fast"}
    assert options["draft"] == {"num_inference_steps": 20, "guidance_scale": 5.0, "profile": "draft"}


def test_another_dtype_is_another_take():
    checkpoint, it = replace(CHECKPOINTS["wan21-480p"], dtype="float16"), shot()
    assert resolve(checkpoint, it, intent_of(it), LOSSLESS).options["dtype"] == "float16"


@pytest.mark.parametrize("family", FAMILIES.values(), ids=lambda family: family.name)
def test_every_family_has_a_checkpoint_and_steps_two_or_more(family):
    of_family = [each for each in CHECKPOINTS.values() if each.family == family.name]
    assert of_family
    assert all(profile.steps(each.steps) >= 2 for each in of_family for profile in PROFILES.values())
