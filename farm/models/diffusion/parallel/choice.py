"""`parallel: auto`: the plan that uses a node's GPUs best, from sizes alone.

A model that fits one GPU stays on one: other takes use the other GPUs, and nothing has to be talked over. One that does
not fit is split over as few ranks as hold it. Who waits for a single take asks for `FASTEST` and gets every GPU of the
node: guidance first (two passes that never talk), then tokens, then weights.

    first rank = denoiser / tp (and what no layout cuts) + text encoders + VAE + activations / ulysses
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from farm.errors import InputError
from farm.models.diffusion.parallel.facts import Facts
from farm.models.diffusion.parallel.plan import ParallelPlan, objections

WHOLE_SHARE = 0.10
"""Upper bound of what a rank holds beyond 1/n of the denoiser, as a part of that 1/n; tests measure it per class."""


class Goal(StrEnum):
    """What `auto` is for."""

    MOST_TAKES = "most takes"
    FASTEST = "fastest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Bytes of the parts on one GPU, unsplit."""

    denoisers: int
    encoders: int = 0
    vae: int = 0
    activations: int = 0
    """The most that denoising one clip takes beyond the weights."""


def choose(facts: Facts, sizes: Sizes, *, gpus: int, gpu_bytes: int, goal: Goal = Goal.MOST_TAKES) -> ParallelPlan:
    """The best plan whose first rank fits `gpu_bytes` on one node of `gpus`; InputError when there is none."""
    possible = [plan for plan in _plans(facts, gpus, goal) if rank_bytes(plan, sizes) <= gpu_bytes]
    if not possible:
        raise InputError(_too_large(facts, sizes, gpus, gpu_bytes))
    if goal is Goal.FASTEST:
        return min(possible, key=lambda plan: (-plan.ranks, plan.tp, -plan.cfg))
    return min(possible, key=lambda plan: plan.ranks)


def rank_bytes(plan: ParallelPlan, sizes: Sizes) -> int:
    """Bytes on rank 0, which holds the most."""
    share = 1.0 if plan.tp == 1 else (1 + WHOLE_SHARE) / plan.tp
    return round(share * sizes.denoisers) + sizes.encoders + sizes.vae + sizes.activations // plan.ulysses


def _plans(facts: Facts, gpus: int, goal: Goal) -> Iterator[ParallelPlan]:
    others = gpus if goal is Goal.FASTEST else 1
    for cfg in range(1, min(2, others) + 1):
        for ulysses in range(1, others // cfg + 1):
            for tp in range(1, gpus // (cfg * ulysses) + 1):
                plan = ParallelPlan(cfg, ulysses, tp)
                if not any(objections(plan, facts)):
                    yield plan


def _too_large(facts: Facts, sizes: Sizes, gpus: int, gpu_bytes: int) -> str:
    smallest = min(_plans(facts, gpus, Goal.FASTEST), key=lambda plan: rank_bytes(plan, sizes))
    needed = rank_bytes(smallest, sizes) / 1e9
    split = f'even split "{smallest}"' if smallest.ranks > 1 else "unsplit"
    return (
        f"{facts.denoiser} needs {needed:.1f} GB on its first rank {split}, and a GPU here has "
        f"{gpu_bytes / 1e9:.1f} GB; take a profile that offloads, a smaller size, or nodes with more or larger GPUs"
    )
