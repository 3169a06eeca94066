"""Stages that call on their gang: the conformance of gangs, and denoising with a model on all ranks."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from farm.chain import Params, StageSpec
from farm.models.spec import Gang, Placement
from farm.stages.stage import Context, Outputs

STAGES = {name: f"gang_stages:{name.upper()}" for name in ("conform", "denoise", "denoise_later", "lack")}
"""For `WorkerSetup.stages`."""

_open: list[Any] = []
"""The model on this worker's ranks, once it is open."""


class GangParams(Params):
    n: int = 0
    """Tells tasks apart."""
    check: str = ""
    folder: str = ""
    """Where a stage leaves signs of what it did."""
    weights: str = ""
    """A folder of models, which who comes first makes: they have imported torch anyway."""
    steps: int = 2


def conform(inputs: Mapping[str, Path], params: GangParams, ctx: Context) -> Outputs:
    import gang_conformance

    gang_conformance.check(params.check, ctx.gang)
    return Outputs({}, {})


def denoise(inputs: Mapping[str, Path], params: GangParams, ctx: Context) -> Outputs:
    """With guidance over two ranks; tells the ranks' processes after the first step, and its progress at each."""
    import torch
    import tried_denoisers

    processes = ctx.gang.broadcast("gang_stages:process")
    ranks = _ranks(ctx.gang, params.weights)
    clip, seen = tried_denoisers.Clip("wan"), hashlib.sha256()
    with torch.no_grad(), ranks.working():
        for step in range(params.steps):
            ctx.check()
            for call in clip.calls(step):
                seen.update(ranks.modules["transformer"](**call)[0].numpy().tobytes())
            ctx.progress((step + 1) / params.steps)
            if step == 1:
                _sign(params, " ".join(map(str, processes)))
    return Outputs({}, {"hash": seen.hexdigest(), "processes": processes})


def denoise_later(inputs: Mapping[str, Path], params: GangParams, ctx: Context) -> Outputs:
    """At the first attempt the ranks only talk to each other, without end; later ones denoise."""
    mine = {"attempt of": os.getpid()}
    if ctx.journal("first", mine) == mine:
        ctx.gang.broadcast("drill:sum_on", params.folder)
    return denoise(inputs, params, ctx)


def lack(inputs: Mapping[str, Path], params: GangParams, ctx: Context) -> Outputs:
    """Denoise where rank 1 has too little memory."""
    _ranks(ctx.gang, params.weights).everywhere("gang_entries:allocate_too_much")
    return denoise(inputs, params, ctx)


def imported(_: Placement) -> None:
    """All ranks import at once what takes each of them seconds."""
    import tried_denoisers  # noqa: F401


def process(_: Placement) -> int:
    return os.getpid()


def _ranks(gang: Gang, weights: str) -> Any:
    from farm.models.diffusion.parallel.plan import ParallelPlan
    from farm.models.diffusion.parallel.remote import Ranks

    if not _open:
        with gang.beside("gang_stages:imported"):
            import tried_denoisers

            if not Path(weights, "wan").exists():
                tried_denoisers.save("wan", Path(weights, "wan"))
        denoisers = {"transformer": "wan"}
        _open.append(Ranks.open(gang, Path(weights), denoisers, ParallelPlan(cfg=2), dtype="float32"))
    return _open[0]


def _sign(params: GangParams, text: str) -> None:
    path = Path(params.folder, "denoising.new")
    path.write_text(text)
    path.rename(path.with_suffix(""))


def __getattr__(name: str) -> StageSpec:
    """`gang_stages:DENOISE` is the spec of the stage `denoise`, and so on."""
    if name.isupper() and name.lower() in globals():
        return StageSpec(1, GangParams, f"gang_stages:{name.lower()}")
    raise AttributeError(name)
