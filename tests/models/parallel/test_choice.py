"""`parallel: auto`."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from farm.errors import InputError
from farm.models.diffusion.parallel.choice import Goal, Sizes, choose, rank_bytes
from farm.models.diffusion.parallel.facts import Facts
from farm.models.diffusion.parallel.plan import ParallelPlan, objections

GB = 10**9
ALL = frozenset({"cfg", "ulysses", "tp"})
WAN = Facts("WanTransformer3DModel", ALL, {"heads": 40}, {"channels": 13824}, {"tokens": 32760})
UNET = Facts("I2VGenXLUNet", frozenset({"cfg"}))
SIZES = Sizes(denoisers=28 * GB, encoders=11 * GB, vae=GB, activations=8 * GB)


@pytest.mark.parametrize(
    ("facts", "gpus", "gpu_gb", "goal", "plan"),
    [
        pytest.param(WAN, 8, 80, Goal.MOST_TAKES, "", id="one gpu is enough"),
        pytest.param(WAN, 8, 40, Goal.MOST_TAKES, "tp2", id="as few as hold it"),
        pytest.param(WAN, 8, 30, Goal.MOST_TAKES, "tp4", id="three does not divide"),
        pytest.param(WAN, 8, 80, Goal.FASTEST, "cfg2,ulysses4", id="guidance, then tokens"),
        pytest.param(WAN, 2, 80, Goal.FASTEST, "cfg2", id="guidance first"),
        pytest.param(WAN, 8, 40, Goal.FASTEST, "cfg2,ulysses2,tp2", id="no more tp than needed"),
        pytest.param(UNET, 8, 80, Goal.FASTEST, "cfg2", id="only guidance"),
        pytest.param(WAN, 1, 80, Goal.FASTEST, "", id="one gpu"),
    ],
)
def test_chosen(facts, gpus, gpu_gb, goal, plan):
    chosen = choose(facts, SIZES, gpus=gpus, gpu_bytes=gpu_gb * GB, goal=goal)
    assert str(chosen) == plan


def test_without_guidance_nothing_is_split_over_it():
    alone = Facts("WanTransformer3DModel", ALL, {"heads": 40}, {"channels": 13824}, {"tokens": 32760}, guided=False)
    assert choose(alone, SIZES, gpus=8, gpu_bytes=80 * GB, goal=Goal.FASTEST) == ParallelPlan(ulysses=8)


def test_what_cannot_fit_is_said_with_numbers():
    with pytest.raises(InputError, match=r"23\.9 GB .*tp8.* 20\.0 GB; take a profile that offloads"):
        choose(
            Facts("WanTransformer3DModel", frozenset({"cfg", "tp"}), {"heads": 40}),
            SIZES,
            gpus=8,
            gpu_bytes=20 * GB,
        )


BYTES = st.integers(1, 100 * GB)


@given(BYTES, BYTES, BYTES, st.integers(1, 8), BYTES, st.sampled_from(Goal))
def test_what_is_chosen_can_be_split_so_and_fits(denoisers, encoders, activations, gpus, gpu_bytes, goal):
    sizes = Sizes(denoisers=denoisers, encoders=encoders, activations=activations)
    try:
        plan = choose(WAN, sizes, gpus=gpus, gpu_bytes=gpu_bytes, goal=goal)
    except InputError:
        assert rank_bytes(ParallelPlan(), sizes) > gpu_bytes
        return
    assert not list(objections(plan, WAN))
    assert plan.ranks <= gpus
    assert rank_bytes(plan, sizes) <= gpu_bytes


@given(BYTES, BYTES, st.integers(1, 8), BYTES)
def test_for_most_takes_no_smaller_plan_fits(denoisers, encoders, gpus, gpu_bytes):
    sizes = Sizes(denoisers=denoisers, encoders=encoders)
    try:
        plan = choose(WAN, sizes, gpus=gpus, gpu_bytes=gpu_bytes)
    except InputError:
        assume(False)
        raise
    smaller = (ParallelPlan(tp=tp) for tp in range(1, plan.tp))
    assert not [other for other in smaller if not any(objections(other, WAN)) and rank_bytes(other, sizes) <= gpu_bytes]
    assert plan.cfg == plan.ulysses == 1
