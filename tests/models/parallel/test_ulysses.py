"""Each axis of a gang against the model on its own: real processes on gloo, fp32, relative error at most 1e-5."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
import tried_denoisers

from farm.errors import InputError
from farm.models.diffusion.parallel.local import LocalGang
from farm.models.diffusion.parallel.plan import ParallelPlan
from farm.models.diffusion.parallel.remote import Ranks

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*all_gather_tensor.*:FutureWarning"),  # diffusers still calls it so
    pytest.mark.timeout(600),
]

SPLIT = ("wan", "wan_clip", "wan_5b", "ltx", "ltx2", "ltx2_interleaved")
GUIDED = ("wan", "wan_clip", "hunyuan", "ltx", "ltx2", "cogvideox", "svd", "i2vgen", "pia")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every tiny denoiser, saved."""
    folder = tmp_path_factory.mktemp("denoisers")
    for name in tried_denoisers.CONFIGS:
        tried_denoisers.save(name, folder / name)
    return folder


@pytest.fixture(scope="module")
def duo() -> Iterator[LocalGang]:
    with LocalGang(2) as gang:
        yield gang


def worst(gang: LocalGang, folder: Path, plan: str, names: tuple[str, ...]) -> dict[str, float]:
    """Each denoiser's largest relative error over the calls of three steps."""
    ranks = Ranks.open(gang, folder, {name: name for name in names}, ParallelPlan.parse(plan), dtype="float32")
    errors: dict[str, float] = {}
    with torch.no_grad(), ranks.working():
        for name in names:
            clip, alone = tried_denoisers.Clip(name), tried_denoisers.build(name)
            steps = [call for step in range(3) for call in clip.calls(step)]
            errors[name] = max(relative(ranks.modules[name](**call), alone(**call)) for call in steps)
    ranks.close()
    return errors


def relative(found: tuple[torch.Tensor, ...], wanted: tuple[torch.Tensor, ...]) -> float:
    assert len(found) == len(wanted)
    pairs = zip(found, wanted, strict=True)
    return max(float((one - other).abs().max() / other.abs().max()) for one, other in pairs)


def test_tokens_over_two_ranks(duo, folder):
    errors = worst(duo, folder, "ulysses2", SPLIT)
    assert max(errors.values()) <= 1e-5, errors


def test_passes_over_two_ranks(duo, folder):
    errors = worst(duo, folder, "cfg2", GUIDED)
    assert max(errors.values()) <= 1e-5, errors


@pytest.fixture(scope="module")
def quartet() -> Iterator[LocalGang]:
    with LocalGang(4) as gang:
        yield gang


@pytest.mark.parametrize(
    ("plan", "names"),
    [
        ("cfg2,ulysses2", ("wan", "ltx", "ltx2")),
        ("ulysses2,tp2", ("wan", "wan_5b", "ltx", "ltx2")),
        ("cfg2,tp2", ("wan", "hunyuan", "cogvideox")),
    ],
)
def test_two_axes_over_four_ranks(quartet, folder, plan, names):
    errors = worst(quartet, folder, plan, names)
    assert max(errors.values()) <= 1e-5, errors


def test_without_the_exchange_the_numbers_are_wrong(duo, folder):
    """That the bound can tell: tokens are split, and attention sees a rank's own only."""
    ranks = Ranks.open(duo, folder, {"wan": "wan"}, ParallelPlan(ulysses=2), dtype="float32")
    ranks.everywhere("gang_entries:attend_to_own_tokens")
    call, alone = tried_denoisers.Clip("wan").calls(0)[0], tried_denoisers.build("wan")
    with torch.no_grad(), ranks.working():
        error = relative(ranks.modules["wan"](**call), alone(**call))
    ranks.close()
    assert error > 1e-3


def test_a_class_without_a_split_is_refused(duo, folder):
    with pytest.raises(InputError, match="CogVideoXTransformer3DModel cannot be split over ulysses"):
        Ranks.open(duo, folder, {"transformer": "cogvideox"}, ParallelPlan(ulysses=2), dtype="float32")
