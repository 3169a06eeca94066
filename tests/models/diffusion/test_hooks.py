"""What hangs on the scheduler's step, and what is emptied between calls."""

from __future__ import annotations

import copy
import inspect

import numpy as np
import pytest
import torch

from farm.errors import Cancelled
from farm.models.diffusion.hooks import denoising
from farm.models.diffusion.overlay import overlay


def test_an_overlaid_object_is_what_it_was_and_so_is_its_copy():
    from diffusers import DDIMScheduler

    scheduler, calls = DDIMScheduler(), []

    def count(who, inner, *args, **kwargs):
        calls.append(who)
        return inner(*args, **kwargs)

    back = overlay(scheduler, "step", count)
    twin = copy.deepcopy(scheduler)
    for each in (scheduler, twin):
        each.set_timesteps(2)
        each.step(torch.zeros(1), each.timesteps[0], torch.zeros(1))
    assert [who is scheduler for who in calls] == [True, False]
    assert isinstance(scheduler, DDIMScheduler)
    assert "eta" in inspect.signature(scheduler.step).parameters
    assert str(type(scheduler)) == str(DDIMScheduler)
    back()
    assert type(scheduler) is DDIMScheduler


def test_caches_of_both_experts_are_emptied_between_takes(opened, asked, take):
    from diffusers import FirstBlockCacheConfig

    pipe, recipe = opened("wan22_a14b")
    for expert in (pipe.transformer, pipe.transformer_2):
        expert.enable_cache(FirstBlockCacheConfig(threshold=0.5))
    request = asked("wan22_a14b", steps=4)
    first = take(pipe, recipe, request)
    done = []

    def cancel_at_three():
        done.append(1)
        if len(done) == 3:
            raise Cancelled("asked to stop")

    with pytest.raises(Cancelled):
        take(pipe, recipe, asked("wan22_a14b", seed=8, steps=4), check=cancel_at_three)
    assert np.array_equal(take(pipe, recipe, request), first)


@pytest.mark.parametrize(("every", "shown"), [(1, 3), (2, 1), (3, 1), (5, 0)])
def test_a_preview_is_made_every_few_steps_but_not_of_the_last(every, shown, opened, asked, take):
    seen = []
    take(*opened("wan22_5b"), asked("wan22_5b", steps=4), preview=seen.append, every=every)
    assert len(seen) == shown


def test_steps_are_those_of_this_call_where_it_starts_late(opened, asked, take):
    pipe, recipe = opened("pia")
    fractions = []
    take(pipe, recipe, asked("pia", steps=4, options={"strength": 0.5}), progress=fractions.append)
    assert fractions == [0.5, 1.0]


def test_draws_without_a_generator_are_the_seed_s_and_the_process_s_own_go_on(opened):
    pipe, _ = opened("wan22_5b")
    torch.manual_seed(3)
    torch.rand(1)
    expected = torch.rand(1)
    torch.manual_seed(3)
    torch.rand(1)
    drawn = []
    for seed in (1, 1, 2):
        with denoising(pipe, seed=seed, check=lambda: None):
            drawn.append(torch.rand(1))
    assert drawn[0] == drawn[1] != drawn[2]
    assert torch.rand(1) == expected
