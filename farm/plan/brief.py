"""What a plan is made from, and the one place where its tasks are made.

Brief + stage, parameters, inputs ──task──▶ Task, whose id is a hash of them
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from farm.chain import (
    STAGES,
    AssembleParams,
    CompareParams,
    ConformParams,
    DeliverParams,
    GenerateParams,
    InterpolateParams,
    LoopParams,
    Params,
    ScoreParams,
    StageName,
    UpscaleParams,
)
from farm.deliverable import Delivery
from farm.finish import Finishers
from farm.models.spec import Adapter
from farm.shots.intent import MotionIntent
from farm.shots.model import Shot, ShotList
from farm.shots.products import PRODUCTS, Product
from farm.tasks import Asset, Input, Lane, Manifest, Outcome, Task, TaskId

if TYPE_CHECKING:
    from farm.plan.takes import Opening


Known = Mapping[TaskId, Outcome]

AUDIO = "audio"
"""The asset that is a shot's sound: no picture, and none of `prepare`'s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """Everything a plan is made from, but what is known."""

    shot_list: ShotList
    intents: Mapping[str, MotionIntent]
    """By shot code."""
    assets: Mapping[str, Mapping[str, Asset]]
    """By shot code: `still`, and where given `end`, `mask`, `depth`, `reference_1`…"""
    adapters: Mapping[str, Adapter]
    refused: Mapping[str, str] = field(default_factory=dict[str, str])
    """Shots that cannot run, and why; they stand in the cut as slates."""
    only: frozenset[str] | None = None
    """The shots to render; the others stand in the cut as far as they are there. None for all."""
    choices: Mapping[str, int] = field(default_factory=dict[str, int])
    """People's choices: take numbers by shot code. They win over the ranking."""
    media: Callable[[Task, Manifest], str] = lambda task, manifest: ""  # noqa: ARG005
    """Where a delivered clip is published, relative to the timeline."""
    products: Mapping[str, Product] = field(default_factory=lambda: PRODUCTS)
    """What can be delivered, by name."""
    delivery: Delivery = field(default_factory=Delivery)
    """What the show wants of every deliverable."""
    beside: Callable[[str], str] = lambda key: key
    """A key of the clip store as a path relative to the timeline."""
    music: Mapping[str, Asset] = field(default_factory=dict[str, Asset])
    """By sequence, and under `farm.cues.LIST` the whole list's."""
    score_weights: Mapping[str, float] = field(default_factory=dict[str, float])
    """Of components of the score that count otherwise than usual."""
    finishers: Finishers | None = None
    """What chosen takes are enlarged and retimed with; None where that is left to their delivery."""
    openings: dict[str, Opening] = field(init=False, default_factory=dict[str, "Opening"], repr=False, compare=False)
    """By shot code; `plan_shot` keeps them here, for every outcome of a shot plans it again."""


def make_task(
    brief: Brief,
    stage: StageName,
    params: Params,
    shot: Shot,
    *,
    assets: Mapping[str, Asset] | None = None,
    inputs: Mapping[str, Input] | None = None,
    lane: Lane | None = None,
    take: int = 0,
) -> Task:
    return make_list_task(brief, stage, params, assets=assets, inputs=inputs, lane=lane, shot=shot.code, take=take)


def make_list_task(
    brief: Brief,
    stage: StageName,
    params: Params,
    *,
    assets: Mapping[str, Asset] | None = None,
    inputs: Mapping[str, Input] | None = None,
    lane: Lane | None = None,
    shot: str = "",
    take: int = 0,
) -> Task:
    return Task.of(
        project=brief.shot_list.project,
        stage=stage,
        version=STAGES[stage].version,
        params=params.content(),
        assets=assets,
        inputs=inputs,
        lane=lane,
        shape=_shape(stage, params),
        shot=shot,
        take=take,
    )


def _shape(stage: StageName, params: Params) -> str:
    """What a task's time goes by: its stage, its frame's size and how many frames, as far as it has them."""
    match params:
        case CompareParams():
            return f"{stage} {params.width}x{params.height}x{params.frames * len(params.takes)}"
        case (
            GenerateParams()
            | ScoreParams()
            | UpscaleParams()
            | InterpolateParams()
            | ConformParams()
            | LoopParams()
            | DeliverParams()
        ):
            return f"{stage} {params.width}x{params.height}x{params.frames}"
        case AssembleParams():
            frames = sum(entry.frames for entry in params.entries)
            return f"{stage} {params.width}x{params.height}x{frames}"
        case _:
            return str(stage)


def cut_frames(shot: Shot, fps: Fraction) -> int:
    """How many frames a shot is long in a cut of rate `fps`, to the nearest, at least one."""
    return max(1, math.floor(shot.duration_s * fps + Fraction(1, 2)))
