"""A checkpoint at work on one device: encoded once, warm after the first take, seen on the way, heard, with LoRAs."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from skimage import data
from trial_attempt import TrialAttempt

from farm.canonical import file_digest
from farm.cluster.attempt import Alone
from farm.models.diffusion.family import FAMILIES
from farm.models.diffusion.installed import Installed, Kind, WeightFile, fingerprint_of
from farm.models.diffusion.loras import asked
from farm.models.diffusion.model import DiffusionModel
from farm.models.diffusion.parallel.plan import ParallelPlan
from farm.models.spec import Request


@pytest.fixture(scope="module")
def request_(tmp_path_factory) -> Request:
    path = tmp_path_factory.mktemp("still") / "still.png"
    cv2.imwrite(str(path), cv2.cvtColor(data.coffee(), cv2.COLOR_RGB2BGR))
    options = {"num_inference_steps": 6, "dtype": "float32"}
    return Request(
        start=path, prompt="waves at dusk", width=64, height=64, frames=5, fps=Fraction(8), seed=1, options=options
    )


def opened(tiny_checkpoint, name: str, family: str, **loras: Installed) -> DiffusionModel:
    return DiffusionModel(FAMILIES[family], tiny_checkpoint(name), Alone(), ParallelPlan(), loras)


def made(model: DiffusionModel, request: Request, attempt: TrialAttempt | None = None) -> np.ndarray:
    return np.stack(list(model.generate(request, attempt or TrialAttempt())))


def test_four_takes_load_and_encode_once(tiny_checkpoint, request_):
    model = opened(tiny_checkpoint, "wan21", "wan")
    attempts = [TrialAttempt() for _ in range(4)]
    takes = [made(model, replace(request_, seed=seed), attempt) for seed, attempt in enumerate(attempts)]
    assert ["load_seconds" in each.facts for each in attempts] == [True, False, False, False]
    assert [each.facts["encoded"] for each in attempts] == [4, 0, 0, 0]  # two texts, the still twice over
    assert len({take.tobytes() for take in takes}) == 4
    assert {each.facts["steps"] for each in attempts} == {6}


def test_it_is_free_for_the_next_take_before_the_first_frame_is_handed_out(tiny_checkpoint, request_):
    attempt = TrialAttempt()
    next(opened(tiny_checkpoint, "wan21", "wan").generate(request_, attempt))
    assert attempt.is_made
    assert attempt.facts["steps"]


def test_a_glimpse_is_shown_on_the_way(tiny_checkpoint, request_):
    attempt = TrialAttempt()
    made(opened(tiny_checkpoint, "wan21", "wan"), request_, attempt)
    (glimpse,) = attempt.previews
    assert (glimpse.shape, glimpse.dtype) == ((8, 8, 3), np.uint8)


def test_a_leaner_attempt_is_held_otherwise_and_looks_alike(tiny_checkpoint, request_):
    model = opened(tiny_checkpoint, "wan21", "wan")
    plain, lean = TrialAttempt(), TrialAttempt(lean=1)
    first, second = made(model, request_, plain), made(model, request_, lean)
    assert (plain.facts["memory"], lean.facts["memory"]) == ("standard", "tiled")
    assert np.abs(first.astype(int) - second.astype(int)).max() <= 1


def test_both_passes_of_a_step_are_one_batch_where_memory_is_no_matter(tiny_checkpoint, request_):
    model = opened(tiny_checkpoint, "wan21", "wan")
    rows: list[int] = []
    made(model, request_)
    assert model._loaded is not None
    block = model._loaded.pipe.transformer.blocks[0]
    block.register_forward_pre_hook(lambda module, args: rows.append(len(args[0])))
    made(model, request_)
    assert rows == [1, 1, 2, 2, 2, 2, 2]  # the pair is learned in the first of six steps


def test_a_model_that_makes_sound_is_heard(tiny_checkpoint, request_):
    attempt = TrialAttempt()
    made(opened(tiny_checkpoint, "ltx2", "ltx2"), replace(request_, width=32, height=32), attempt)
    (sound,) = attempt.sounds
    assert sound.samples.ndim == 2
    assert sound.samples.dtype == np.float32
    assert sound.samples.shape[1] > 0 < sound.rate


def test_a_profile_with_caches_is_another_way_of_loading(tiny_checkpoint, request_):
    model = opened(tiny_checkpoint, "wan21", "wan")
    plain = made(model, request_)
    fast = TrialAttempt()
    made(model, replace(request_, options={**request_.options, "profile": "fast"}), fast)
    assert "load_seconds" in fast.facts
    np.testing.assert_array_equal(made(model, request_), plain)


def test_a_lora_changes_the_take_and_its_absence_changes_it_back(tiny_checkpoint, request_, tmp_path):
    lora = _lora(tmp_path, width=48)
    model = opened(tiny_checkpoint, "wan21", "wan", dolly=lora)
    plain = made(model, request_)
    options = {**request_.options, **asked(["dolly:2"], FAMILIES["wan"], {"dolly": lora})}
    changed = made(model, replace(request_, options=options))
    assert np.abs(plain.astype(int) - changed.astype(int)).max() > 0
    np.testing.assert_array_equal(made(model, request_), plain)


def _lora(folder: Path, width: int) -> Installed:
    """Rank two, on the first block's queries."""
    torch.manual_seed(5)
    layer = "transformer.blocks.0.attn1.to_q"
    file = folder / "dolly.safetensors"
    weights = {f"{layer}.lora_A.weight": torch.randn(2, width), f"{layer}.lora_B.weight": torch.randn(width, 2)}
    save_file(weights, file)
    entry = WeightFile(path=file.name, size=file.stat().st_size, sha256=file_digest(file))
    return Installed(
        name="dolly",
        kind=Kind.LORA,
        family="wan",
        weights=str(folder),
        fingerprint=fingerprint_of([entry]),
        files=(entry,),
    )
