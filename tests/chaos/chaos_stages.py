"""The drill's stages, imported by workers by name. Importing this brings the storage's weather into a worker."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import faults
import show

from farm.chain import GenerateParams, Params, StageSpec
from farm.models.spec import Placement
from farm.stages.stage import Context, Output, Outputs
from farm.tasks import FileClass

faults.afflict("worker")

GENERATE_S, OTHER_S = 0.4, 0.1
STEPS = 5


class Small(Params):
    """What the smaller stages are told; they take it from their inputs."""

    product: str = ""
    width: int = 0
    height: int = 0
    frames: int = 0
    fps: str = ""
    name: str = ""


def generate(inputs: Mapping[str, Path], params: GenerateParams, ctx: Context) -> Outputs:
    _be_first()
    if ctx.gang.placement.world > 1:
        ranks = ctx.gang.broadcast("chaos_stages:stay", GENERATE_S)
        assert ranks == list(range(ctx.gang.placement.world)), ranks
    else:
        _work(ctx, GENERATE_S)
    made = show.mezzanine(params.prompt, params.seed)
    return _left(ctx, "mezzanine", FileClass.MEZZANINE, made)


def score(inputs: Mapping[str, Path], params: Small, ctx: Context) -> Outputs:
    _work(ctx, OTHER_S)
    said = show.scored(inputs["mezzanine"].read_bytes())
    return _left(ctx, "score", FileClass.PROXY, said, total=0.5)


def deliver(inputs: Mapping[str, Path], params: Small, ctx: Context) -> Outputs:
    _work(ctx, OTHER_S)
    return _left(ctx, "clip", FileClass.DELIVERABLE, show.delivered(inputs["mezzanine"].read_bytes()))


def sound(inputs: Mapping[str, Path], params: Small, ctx: Context) -> Outputs:
    """Ordered from a provider, who is paid for every order that he has not seen before."""
    order = ctx.journal("order", {"order": uuid.uuid4().hex})["order"]
    _work(ctx, OTHER_S)
    clip = inputs["mezzanine"].parent.parent.name
    with (Path(os.environ["CHAOS_FOLDER"]) / "orders" / f"{clip}.{order}").open("a") as ledger:
        ledger.write("x")
    _work(ctx, OTHER_S)
    return _left(ctx, "sound", FileClass.MEZZANINE, show.sounded(inputs["mezzanine"].read_bytes()))


def reel(inputs: Mapping[str, Path], params: Small, ctx: Context) -> Outputs:
    _work(ctx, OTHER_S)
    said = show.reeled({shot: path.read_bytes() for shot, path in inputs.items()})
    return _left(ctx, "reel", FileClass.DELIVERABLE, said)


def stay(placement: Placement, seconds: float) -> int:
    time.sleep(seconds)
    return placement.rank


def _work(ctx: Context, seconds: float) -> None:
    for step in range(STEPS):
        ctx.check()
        ctx.progress(step / STEPS)
        time.sleep(seconds / STEPS)


def _be_first() -> None:
    """The very first attempt may take longer than all others."""
    folder, seconds = Path(os.environ["CHAOS_FOLDER"]), float(os.environ["CHAOS_FIRST_S"])
    with suppress(FileExistsError):
        (folder / "first").touch(exist_ok=False)
        time.sleep(seconds)


def _left(ctx: Context, name: str, file_class: FileClass, content: bytes, **facts: float) -> Outputs:
    path = ctx.scratch / f"{name}.bin"
    path.write_bytes(content)
    return Outputs({name: Output(path, file_class)}, facts)


_SMALL = ("score", "deliver", "sound", "reel")
GENERATE = StageSpec(1, GenerateParams, "chaos_stages:generate")
SCORE, DELIVER, SOUND, REEL = (StageSpec(1, Small, f"chaos_stages:{name}") for name in _SMALL)
