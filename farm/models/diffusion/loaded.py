"""What a worker holds of a checkpoint: the pipeline, its memo of encodings, and the other ranks' shards.

weights ─┬─ plan of one rank ──▶ open_pipeline ─────────────────┐
         └─ gang ──▶ every rank its shard of the denoisers ──▶ open_pipeline with rank 0's in their place
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from farm.models.diffusion.memo import Memo
from farm.models.diffusion.memory import Hold
from farm.models.diffusion.opening import open_pipeline
from farm.models.diffusion.parallel.guidance import Guidance, batch_guidance
from farm.models.diffusion.parallel.lora import Lora
from farm.models.diffusion.parallel.plan import ParallelPlan
from farm.models.diffusion.preview import Preview
from farm.models.diffusion.profiles import Profile, profile_named
from farm.models.diffusion.recipe import Recipe
from farm.models.diffusion.weights import look_through
from farm.models.spec import Gang

if TYPE_CHECKING:
    from farm.models.diffusion.parallel.remote import Ranks


@dataclass(frozen=True, slots=True)
class Asked:
    """What of a request decides what is loaded."""

    dtype: str
    profile: str
    hold: Hold
    loras: tuple[Lora, ...] = ()
    """Merged into the denoisers as these are read."""


@dataclass(slots=True)
class Loaded:
    """One way of holding a checkpoint."""

    asked: Asked
    recipe: Recipe
    pipe: Any
    memo: Memo
    preview: Preview
    ranks: Ranks | None
    guidance: Guidance | None
    """Both passes of a step as one batch, on one device."""

    @contextmanager
    def working(self) -> Iterator[None]:
        """For the time of one call of the pipeline: the other ranks serve."""
        with self.ranks.working() if self.ranks else nullcontext():
            try:
                yield
            finally:
                if self.guidance:
                    self.guidance.forget()

    @property
    def encodings(self) -> int:
        """How often an encoder has run so far."""
        return sum(uses.computed for uses in self.memo.uses.values())


def load(weights: Path, recipe: Recipe, gang: Gang, plan: ParallelPlan, asked: Asked) -> Loaded:
    """Load it on every rank. Raises `InputError` for weights that cannot be used, `OutOfMemory`."""
    placement = gang.placement
    torch.set_num_threads(placement.threads)
    device = "cuda" if placement.gpus else "cpu"
    ranks = _ranks(weights, recipe, gang, plan, asked) if plan.ranks > 1 else None
    pipe = open_pipeline(
        weights,
        recipe,
        device=device,
        dtype=asked.dtype,
        hold=asked.hold,
        components=ranks.modules if ranks else _with_loras(weights, recipe, asked, device),
    )
    profile = profile_named(asked.profile)
    guidance = None
    if ranks:
        ranks.everywhere(f"{__name__}:speed_up", profile, False)
    else:
        denoisers = {name: part for name in recipe.denoisers if (part := getattr(pipe, name, None)) is not None}
        speed_up(denoisers, profile, device != "cpu" and asked.hold is not Hold.OFFLOAD)
        if asked.hold is Hold.STANDARD and not profile.first_block_threshold:  # caches tell the passes apart
            guidance = batch_guidance(denoisers)
    preview = Preview()
    return Loaded(asked, recipe, pipe, Memo(pipe, encoded=preview.encoded), preview, ranks, guidance)


def _ranks(weights: Path, recipe: Recipe, gang: Gang, plan: ParallelPlan, asked: Asked) -> Ranks:
    """Every rank's part of the denoisers."""
    from farm.models.diffusion.parallel.remote import Ranks

    names = {name: name for name in _denoisers(weights, recipe)}
    return Ranks.open(gang, weights, names, plan, dtype=asked.dtype, loras=asked.loras)


def _with_loras(weights: Path, recipe: Recipe, asked: Asked, device: str) -> Mapping[str, nn.Module]:
    """The denoisers with the LoRAs merged into them; none where there are no LoRAs, and all is loaded as it is."""
    if not asked.loras:
        return {}
    from farm.models.diffusion.parallel.cut import ShardOf
    from farm.models.diffusion.parallel.shard import load_denoiser

    dtype, there = getattr(torch, asked.dtype), torch.device(device)
    return {
        name: load_denoiser(weights / name, tp=ShardOf(), dtype=dtype, device=there, loras=asked.loras)
        for name in _denoisers(weights, recipe)
    }


def _denoisers(weights: Path, recipe: Recipe) -> list[str]:
    """Which of the family's denoisers a checkpoint has: [null, null] in its index stands for one that is left out."""
    index = look_through(weights, recipe).index
    return [name for name in recipe.denoisers if index.get(name) and index[name][0]]


def speed_up(denoisers: Mapping[str, nn.Module], profile: Profile, compiled: bool) -> None:
    """Caches as the profile has them, and the repeated blocks compiled, on this rank."""
    for denoiser in map(_any, denoisers.values()):
        if profile.first_block_threshold and hasattr(denoiser, "enable_cache"):
            from diffusers.hooks.first_block_cache import FirstBlockCacheConfig

            denoiser.enable_cache(FirstBlockCacheConfig(threshold=profile.first_block_threshold))
        if compiled and getattr(denoiser, "_repeated_blocks", None):
            denoiser.compile_repeated_blocks()


def _any(module: nn.Module) -> Any:
    return module
