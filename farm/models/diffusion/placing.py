"""On what a checkpoint runs: which parallel plan its workers follow, from its configuration and the farm's terms.

"auto"      one GPU where it fits, else as few as hold it            (`farm.models.diffusion.parallel.choice`)
"cfg2,tp2"  that, if its denoiser can be split so; every objection is told before anything is loaded
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from farm.errors import InputError
from farm.models.diffusion.checkpoints import Checkpoint
from farm.models.diffusion.parallel.choice import Goal, Sizes, choose
from farm.models.diffusion.parallel.facts import Facts
from farm.models.diffusion.parallel.plan import ParallelPlan, objections
from farm.models.spec import Resolved, Terms

BYTES = {"float32": 4, "float16": 2, "bfloat16": 2}
USABLE = 0.94
"""Of a GPU's memory: the rest is the driver's, and lost between blocks."""

GOALS = {"auto": Goal.MOST_TAKES, "fastest": Goal.FASTEST}


def plan_for(checkpoint: Checkpoint, weights: Path, terms: Terms) -> ParallelPlan:
    """The plan that workers of this checkpoint follow here. Raises `InputError` for words that name none, and where
    no plan makes it fit.
    """
    if terms.parallel not in GOALS:
        return ParallelPlan.parse(terms.parallel)
    if not terms.gpus_per_node:
        return ParallelPlan()
    width = BYTES[checkpoint.dtype]
    sizes = Sizes(
        denoisers=checkpoint.denoiser_params * width,
        encoders=checkpoint.other_params * width,
        activations=round(checkpoint.activations_gb * 1e9),
    )
    return choose(
        facts_of(checkpoint, weights, None),
        sizes,
        gpus=terms.gpus_per_node,
        gpu_bytes=round(terms.gpu_memory_gb * 1e9 * USABLE),
        goal=GOALS[terms.parallel],
    )


def objection(checkpoint: Checkpoint, weights: Path, plan: ParallelPlan, asked: Resolved) -> str:
    """Why a take of this size and length cannot be shared so; "" where it can."""
    if plan.ranks == 1:
        return ""
    return next(objections(plan, facts_of(checkpoint, weights, asked)), "")


def facts_of(checkpoint: Checkpoint, weights: Path, asked: Resolved | None) -> Facts:
    """The numbers of its first denoiser, with those of a take's clip where one is asked for."""
    config = _config(weights / checkpoint.kin.denoisers[0])
    if asked is None:
        return Facts.of(config)
    across, along = _scales(checkpoint, weights)
    latent = ((asked.frames - 1) // along + 1, asked.height // across, asked.width // across)
    return Facts.of(config, latent=latent, guided=float(asked.options.get("guidance_scale", 2.0)) > 1)


def _scales(checkpoint: Checkpoint, weights: Path) -> tuple[int, int]:
    """How many pixels and how many frames a latent stands for."""
    config = _config(weights / "vae")
    family = checkpoint.kin
    across = config.get("scale_factor_spatial") or config.get("spatial_compression_ratio") or family.latent_pixels
    along = config.get("scale_factor_temporal") or config.get("temporal_compression_ratio") or family.latent_frames
    return int(across), int(along)


def _config(folder: Path) -> Mapping[str, Any]:
    """A component's config.json. Raises `InputError` for one that is not there or cannot be read."""
    path = folder / "config.json"
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read: {error} (pull or add the model again)") from None
