"""Both passes of guidance at once, on one device: the same numbers, fewer forwards, and no guess that goes wrong."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import tried_denoisers
from gang_entries import cache_first_blocks, calls, count_calls

from farm.models.diffusion.parallel.forwards import FORWARDS
from farm.models.diffusion.parallel.guidance import batch_guidance
from farm.models.diffusion.parallel.rows import as_batch, as_two, half, halvable

TWICE = ("wan", "wan_clip", "wan_5b", "hunyuan")
IN_ONE_BATCH = ("ltx", "ltx2", "ltx2_interleaved", "cogvideox", "svd", "i2vgen", "pia")
BOUND = 1e-5


@pytest.fixture(autouse=True)
def no_grad():
    with torch.no_grad():
        yield


def relative(found: Any, wanted: Any) -> float:
    return max(float((one - other).abs().max() / other.abs().max()) for one, other in zip(found, wanted, strict=True))


def forward_of(module: Any) -> Any:
    return FORWARDS[type(module).__name__]


@pytest.mark.parametrize("name", TWICE)
def test_two_calls_fit_into_one_batch(name):
    module = tried_denoisers.build(name)
    first, second = tried_denoisers.Clip(name).calls(0)
    batch = as_batch(forward_of(module), first, second)
    assert batch
    for found, call in zip(as_two(module(**batch)), (first, second), strict=True):
        assert relative(found, module(**call)) <= BOUND


@pytest.mark.parametrize("name", IN_ONE_BATCH)
def test_a_batch_falls_into_halves(name):
    module = tried_denoisers.build(name)
    (call,) = tried_denoisers.Clip(name).calls(0)
    assert halvable(forward_of(module), call)
    parts = [module(**half(forward_of(module), call, number)) for number in (0, 1)]
    found = [torch.cat(same) for same in zip(*parts, strict=True)]
    assert relative(found, module(**call)) <= BOUND


def guided(name: str) -> tuple[Any, Any, tried_denoisers.Clip]:
    """A module that counts its forwards, in the guidance's hands; another as it was; and a clip."""
    module = tried_denoisers.build(name)
    count_calls({"transformer": module})
    batch_guidance({"transformer": module})
    return module, tried_denoisers.build(name), tried_denoisers.Clip(name)


@pytest.mark.parametrize("name", TWICE)
def test_every_step_after_the_first_is_one_forward(name):
    module, alone, clip = guided(name)
    for step in range(4):
        for call in clip.calls(step):
            assert relative(module(**call), alone(**call)) <= BOUND
    assert calls({"transformer": module}) == {"transformer": 2 + 3}


def test_positional_arguments_and_outputs_stay_as_they_are():
    module, alone, clip = guided("wan")
    for step in range(3):
        for call in clip.calls(step):
            call.pop("return_dict")
            args = (call.pop("hidden_states"), call.pop("timestep"))
            found, wanted = module(*args, **call), alone(*args, **call)
            assert type(found) is type(wanted)
            assert relative([found.sample], [wanted.sample]) <= BOUND


def two_steps(module: Any, clip: tried_denoisers.Clip) -> None:
    for step in range(2):
        for call in clip.calls(step):
            module(**call)


def test_when_guidance_ends_one_forward_is_wasted_and_nothing_is_wrong():
    module, alone, clip = guided("wan")
    two_steps(module, clip)
    for step in range(2, 5):
        call = clip.calls(step)[0]
        assert relative(module(**call), alone(**call)) <= BOUND
    assert calls({"transformer": module}) == {"transformer": 3 + 3}


def changed_in_place(call: dict[str, Any]) -> None:
    call["hidden_states"] += 1


def other_time(call: dict[str, Any]) -> None:
    call["timestep"] = call["timestep"] + 0


def other_embeddings(call: dict[str, Any]) -> None:
    call["encoder_hidden_states"] = call["encoder_hidden_states"] * 2


def other_option(call: dict[str, Any]) -> None:
    call["attention_kwargs"] = {}


@pytest.mark.parametrize("change", [changed_in_place, other_time, other_embeddings, other_option])
def test_what_was_not_foreseen_is_computed(change):
    module, alone, clip = guided("wan")
    two_steps(module, clip)
    first, second = clip.calls(2)
    module(**first)
    change(second)
    assert relative(module(**second), alone(**second)) <= BOUND
    for call in clip.calls(3):
        assert relative(module(**call), alone(**call)) <= BOUND


def test_a_third_call_of_a_step_is_no_pair():
    """As guiders make that leave out layers."""
    module, alone, clip = guided("wan")
    for step in range(3):
        first, second = clip.calls(step)
        for call in (first, second, first):
            assert relative(module(**call), alone(**call)) <= BOUND
    assert calls({"transformer": module}) == {"transformer": 3 + 2 + 2}


def test_passes_of_different_lengths_are_computed_one_after_the_other():
    module, alone, clip = guided("wan")
    short = torch.randn(1, 5, 16)
    for step in range(3):
        first, second = clip.calls(step)
        second["encoder_hidden_states"] = short
        for call in (first, second):
            assert relative(module(**call), alone(**call)) <= BOUND


def test_experts_share_what_was_learned():
    modules = {name: tried_denoisers.build("wan", seed) for seed, name in enumerate(("transformer", "transformer_2"))}
    count_calls(modules)
    batch_guidance(modules)
    clip = tried_denoisers.Clip("wan")
    for step, name in enumerate(("transformer", "transformer", "transformer_2")):
        for call in clip.calls(step):
            modules[name](**call)
    assert calls(modules) == {"transformer": 3, "transformer_2": 1}


def test_caches_keep_a_state_for_each_kind_of_call():
    module, _, clip = guided("wan")
    cache_first_blocks({"transformer": module})
    for step in range(4):
        for context, call in zip(("cond", "uncond"), clip.calls(step), strict=True):
            with module.cache_context(context):
                (output,) = module(**call)
                assert output.shape == (1, 16, 3, 8, 8)


def test_an_unknown_class_is_called_as_it_is():
    module = torch.nn.Linear(3, 2)
    batch_guidance({"transformer": module})
    assert module(torch.ones(1, 3)).shape == (1, 2)


def test_the_real_pipeline_gives_the_same_frames():
    module, alone = tried_denoisers.build("wan"), tried_denoisers.build("wan")
    count_calls({"transformer": module})
    batch_guidance({"transformer": module})
    found = tried_denoisers.wan_frames(tried_denoisers.wan_pipeline(transformer=module))
    wanted = tried_denoisers.wan_frames(tried_denoisers.wan_pipeline(transformer=alone))
    assert abs(found - wanted).max() <= 1e-4
    assert calls({"transformer": module}) == {"transformer": 2 + 2}
