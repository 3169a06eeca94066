"""The stage of the chains: it sleeps, or does nothing. Imported by workers by name."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from pydantic import ConfigDict

from farm.chain import Params, StageSpec
from farm.stages.stage import Context, Outputs


class StepParams(Params):
    round: str = ""
    """Tells rounds apart: each has tasks of its own."""
    item: int = 0
    seconds: float = 0.0


def step(inputs: Mapping[str, Path], params: StepParams, ctx: Context) -> Outputs:
    if params.seconds:
        time.sleep(params.seconds)
    return Outputs({}, {"item": params.item})


STEP = StageSpec(1, StepParams, "chain_stage:step")


class AnyParams(Params):
    model_config = ConfigDict(frozen=True, extra="allow")


def stay(inputs: Mapping[str, Path], params: AnyParams, ctx: Context) -> Outputs:
    """Work until somebody asks it to stop."""
    while True:
        ctx.check()
        time.sleep(0.05)


STAY = StageSpec(1, AnyParams, "chain_stage:stay")
