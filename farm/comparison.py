"""What is shown when the takes of a shot stand beside each other. Pure, and a part of the plan.

    takes that were scored ─▶ their proxies and scores, by number ─▶ CompareParams, inputs

Keyed by the takes and their scores, and by which of them is delivered, so that it is marked. Takes of several models
share a clock: each is shown at the shot's rate, from where its cut begins, for as long as the cut is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from farm.chain import ComparedTake, CompareParams, GenerateParams
from farm.finish import skipped
from farm.tasks import Input

if TYPE_CHECKING:
    from farm.plan import TakePlan
    from farm.shots.model import Shot


def comparison(
    shot: Shot, takes: Iterable[TakePlan], chosen: Collection[TakePlan]
) -> tuple[CompareParams, dict[str, Input]]:
    """What to compare, and from what."""
    shown: list[ComparedTake] = []
    inputs: dict[str, Input] = {}
    for take in takes:
        shown.append(_compared(shot, take))
        inputs[f"proxy_{take.number}"] = Input(task=take.generate.id, output="proxy")
        inputs[f"score_{take.number}"] = Input(task=take.score.id, output="score")
    params = CompareParams(
        title=shot.code,
        sequence=shot.sequence,
        prompt=shot.prompt,
        width=shot.width,
        height=shot.height,
        frames=shot.nb_frames,
        fps=shot.fps,
        takes=tuple(shown),
        picked=tuple(sorted(take.number for take in chosen)),
    )
    return params, inputs


def _compared(shot: Shot, take: TakePlan) -> ComparedTake:
    made = GenerateParams.model_validate(take.generate.params)
    return ComparedTake(
        number=take.number,
        model=take.model,
        seed=made.seed,
        label=take.resolved.label,
        skip=skipped(shot.handles, shot.fps, made.fps),
    )
