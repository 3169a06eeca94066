"""A model on two ranks, used from rank 0: what travels, what is computed where, and what is left when it goes wrong."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
import tried_denoisers
from gang_entries import cache_first_blocks

from farm.errors import Cancelled, OutOfMemory, RankDied
from farm.models.diffusion.parallel.local import LocalGang
from farm.models.diffusion.parallel.plan import ParallelPlan
from farm.models.diffusion.parallel.remote import Ranks
from farm.models.diffusion.parallel.wire import KEPT_CALLS

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*all_gather_tensor.*:FutureWarning"),  # diffusers still calls it so
    pytest.mark.timeout(600),
]

CFG = ParallelPlan(cfg=2)
EXPERTS = {"transformer": "wan", "transformer_2": "wan"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("denoisers")
    tried_denoisers.save("wan", folder / "wan")
    return folder


@pytest.fixture(scope="module")
def duo() -> Iterator[LocalGang]:
    with LocalGang(2) as gang:
        yield gang


@pytest.fixture
def ranks(duo: LocalGang, folder: Path) -> Iterator[Ranks]:
    """Two experts, both passes of guidance at once."""
    ranks = Ranks.open(duo, folder, EXPERTS, CFG, dtype="float32")
    ranks.everywhere("gang_entries:count_calls")
    yield ranks
    ranks.close()


@pytest.fixture(autouse=True)
def no_grad() -> Iterator[None]:
    with torch.no_grad():
        yield


def per_rank(ranks: Ranks) -> list[int]:
    return [counted["transformer"] for counted in ranks.everywhere("gang_entries:calls")]


def run(ranks: Ranks, clip: tried_denoisers.Clip, steps: range, name: str = "transformer") -> None:
    for step in steps:
        for call in clip.calls(step):
            ranks.modules[name](**call)


def test_each_rank_computes_one_pass_from_the_second_step_on(ranks):
    before = per_rank(ranks)
    with ranks.working():
        run(ranks, tried_denoisers.Clip("wan"), range(4))
    assert [after - earlier for earlier, after in zip(before, per_rank(ranks), strict=True)] == [2 + 3, 2 + 3]


def test_embeddings_travel_once_and_latents_once_a_step(ranks):
    clip, steps = tried_denoisers.Clip("wan"), 2 * KEPT_CALLS
    first, second = clip.calls(0)
    latents = first["hidden_states"].nbytes + first["timestep"].nbytes
    embeddings = first["encoder_hidden_states"].nbytes + second["encoder_hidden_states"].nbytes
    before = ranks.sent_bytes
    with ranks.working():
        run(ranks, clip, range(steps))
    assert ranks.sent_bytes - before == embeddings + steps * latents


def test_any_nest_of_arguments_arrives(ranks):
    """And outputs are as the module gives them."""
    call = tried_denoisers.Clip("wan").calls(0)[0]
    shared = torch.arange(3)
    call["attention_kwargs"] = {"scale": 1.0, "nest": (None, [shared, {"b": shared.bool()}], torch.empty(0), "word")}
    wanted = tried_denoisers.build("wan")(**call)
    with ranks.working():
        found = ranks.modules["transformer_2"](**call)
        whole = ranks.modules["transformer_2"](**call | {"return_dict": True})
    assert torch.equal(found[0], wanted[0])
    assert torch.equal(whole.sample, wanted[0])


def test_what_changed_in_place_is_sent_again(ranks):
    alone = tried_denoisers.build("wan")
    first, second = tried_denoisers.Clip("wan").calls(0)
    with ranks.working():
        for _ in range(3):
            for call in (first, second):
                (found,) = ranks.modules["transformer"](**call)
                assert torch.allclose(found, alone(**call)[0], atol=1e-5)
            first["hidden_states"] += 1


def test_caches_know_their_context_on_every_rank(ranks):
    alone = tried_denoisers.build("wan")
    cache_first_blocks({"transformer": alone})
    ranks.everywhere("gang_entries:cache_first_blocks")
    module, clip = ranks.modules["transformer"], tried_denoisers.Clip("wan")
    with ranks.working():
        for step in range(4):
            for context, call in zip(("cond", "uncond"), clip.calls(step), strict=True):
                with module.cache_context(context), alone.cache_context(context):
                    assert torch.allclose(module(**call)[0], alone(**call)[0], atol=1e-5)


def test_a_cancelled_take_leaves_the_gang_warm(duo, ranks):
    clip = tried_denoisers.Clip("wan")

    def cancelled() -> None:
        with ranks.working():
            ranks.modules["transformer"](**clip.calls(0)[0])
            raise Cancelled

    with pytest.raises(Cancelled):
        cancelled()
    assert not duo.spoilt
    with ranks.working():
        run(ranks, clip, range(2))


def test_nobody_serves_outside_of_working(ranks):
    with pytest.raises(AssertionError, match="within"):
        run(ranks, tried_denoisers.Clip("wan"), range(1))


def test_the_real_pipeline_gives_the_same_frames(ranks):
    pipeline = tried_denoisers.wan_pipeline(**ranks.modules, boundary_ratio=0.9)
    alone = tried_denoisers.wan_pipeline(**{name: tried_denoisers.build("wan") for name in EXPERTS}, boundary_ratio=0.9)
    wanted = tried_denoisers.wan_frames(alone, seed=5)
    for _ in range(2):
        with ranks.working():
            assert abs(tried_denoisers.wan_frames(pipeline, seed=5) - wanted).max() <= 1e-4
        with ranks.working():
            assert abs(tried_denoisers.wan_frames(pipeline, seed=6) - wanted).max() > 1e-2


# -- gangs that break -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def doomed() -> Iterator[LocalGang]:
    """A gang for tests that spoil it: a worker would end with it, though its processes are well."""
    with LocalGang(2) as gang:
        yield gang


def breaking(
    gang: LocalGang, folder: Path, plan: ParallelPlan, entry: str, wanted: type[Exception], match: str
) -> None:
    """What the ranks are made to do at the next call is told as this error, before anybody's patience ends."""
    gang.spoilt = False
    ranks = Ranks.open(gang, folder, {"transformer": "wan"}, plan, dtype="float32")
    with ranks.working():
        run(ranks, tried_denoisers.Clip("wan"), range(2))
    ranks.everywhere(entry)
    start_s = time.monotonic()
    with pytest.raises(wanted, match=match), ranks.working():
        run(ranks, tried_denoisers.Clip("wan"), range(2))
    assert time.monotonic() - start_s < 15
    assert gang.spoilt


def test_what_rank_1_lacks_memory_for_is_told_as_that(doomed, folder):
    breaking(doomed, folder, ParallelPlan(ulysses=2), "gang_entries:allocate_too_much", OutOfMemory, "did not fit")


def test_what_rank_0_fails_with_is_its_own(doomed, folder):
    breaking(doomed, folder, CFG, "gang_entries:fail_on_rank_0", ZeroDivisionError, "division")


def test_weights_that_are_missing_end_the_opening_on_all_ranks(doomed, folder):
    doomed.spoilt = False
    with pytest.raises(Exception, match=r"config\.json"):
        Ranks.open(doomed, folder, {"transformer": "nothing"}, CFG, dtype="float32")
    assert doomed.spoilt


def test_a_killed_rank_is_noticed(doomed, folder):
    breaking(doomed, folder, CFG, "gang_entries:die_at_next_call", RankDied, "rank 1 of the gang died")
