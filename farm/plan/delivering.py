"""From a chosen take to clips of every target: finished, heard, delivered.

chosen ─▶ (in full, where it was a draft) ─▶ finish ─▶ sound ─▶ deliver, per target
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from farm.chain import (
    Credit,
    GenerateParams,
    Params,
    SoundParams,
    StageName,
)
from farm.deliverable import deliver_params, step_words
from farm.finish import Finished, finish, loudness_of
from farm.plan.brief import AUDIO, Brief, Known, make_task
from farm.plan.shot import ShotPlan
from farm.plan.takes import TakePlan
from farm.shots.model import Shot
from farm.tasks import ALL, Input, Lane, Task


def deliver_chosen(brief: Brief, planned: ShotPlan, known: Known) -> ShotPlan:
    """With a clip of every chosen take for every target, once those that were drafts are there in full."""
    for take in planned.chosen:
        for task in take.final or ():
            if task.id not in known:
                return planned
            if not known[task.id].done:
                return replace(planned, reason=f"take {take.number} came out as a draft only: {known[task.id].message}")
    finished = tuple(_finish(brief, planned.shot, take) for take in planned.chosen)
    sounds = tuple(
        _sounds(brief, planned.shot, take, ready) for take, ready in zip(planned.chosen, finished, strict=True)
    )
    deliver = tuple(
        _deliver(brief, planned.shot, take, _heard(ready, sound, product), product)
        for take, ready, sound in zip(planned.chosen, finished, sounds, strict=True)
        for product in planned.shot.targets
    )
    failed = next((known[task.id].message for task in deliver if task.id in known and not known[task.id].done), "")
    if not deliver:
        return planned
    return replace(planned, finished=finished, sounds=sounds, deliver=deliver, reason=failed or planned.reason)


def _finish(brief: Brief, shot: Shot, take: TakePlan) -> Finished:
    def make(stage: StageName, params: Params, inputs: Mapping[str, Input], lane: Lane | None) -> Task:
        return make_task(brief, stage, params, shot, inputs=inputs, lane=lane, take=take.number)

    return finish(shot, take.delivered, brief.finishers, make)


def _sounds(brief: Brief, shot: Shot, take: TakePlan, finished: Finished) -> dict[float, Task]:
    """What gives a take its sound, at every loudness that is asked for, and the animatic's; empty for one without."""
    audio = brief.assets[shot.code].get(AUDIO)
    if audio is None and not brief.adapters[take.model].spec.makes_sound:
        return {}

    def sound(loudness: float) -> Task:
        params = SoundParams(fps=shot.fps, frames=shot.length, skip=finished.skip, loudness_lufs=loudness)
        return make_task(
            brief,
            StageName.SOUND,
            params,
            shot,
            assets={AUDIO: audio} if audio else {},
            inputs={"mezzanine": finished.mezzanine},
            take=take.number,
        )

    return {loudness: sound(loudness) for loudness in sorted({loudness_of(), *map(loudness_of, shot.targets)})}


def _heard(finished: Finished, sounds: Mapping[float, Task], product: str) -> Finished:
    """The take with its sound as loud as a product wants it."""
    sound = sounds.get(loudness_of(product))
    return replace(finished, mezzanine=Input(task=sound.id, output="mezzanine")) if sound else finished


def _deliver(brief: Brief, shot: Shot, take: TakePlan, finished: Finished, product: str) -> Task:
    params = deliver_params(
        brief.products[product], shot, finished.skip, brief.delivery, _credit(brief, shot, take, finished)
    )
    prepare = take.generate.inputs[ALL].task
    return make_task(
        brief,
        StageName.DELIVER,
        params,
        shot,
        assets={"original": brief.assets[shot.code]["still"]},
        inputs={"mezzanine": finished.mezzanine, "still": Input(task=prepare, output="still")},
        take=take.number,
    )


def _credit(brief: Brief, shot: Shot, take: TakePlan, finished: Finished) -> Credit:
    spec = brief.adapters[take.model].spec
    return Credit(
        show=brief.shot_list.project,
        sequence=shot.sequence,
        shot=shot.code,
        take=take.number,
        label=take.resolved.label,
        model=take.model,
        title=spec.title,
        revision=spec.revision,
        seed=GenerateParams.model_validate(take.delivered.params).seed,
        prompt=shot.prompt,
        trained=spec.trained,
        still=shot.still.replace("\\", "/").rpartition("/")[2],
        steps=tuple(step_words(task) for task in finished.tasks),
    )
