"""The takes of a shot: of each model it names, each from a seed of its own, and those of its rerolls.

shot ──adapter.resolve──▶ Resolved ─▶ generate ─▶ score
          └ draft_first ─▶ of a draft; the two tasks in full are kept for the chosen one
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

from farm.chain import (
    GenerateParams,
    PrepareParams,
    ScoreParams,
    StageName,
)
from farm.finish import length_notes
from farm.looping import method_of
from farm.models.spec import Rejection, Resolved
from farm.plan.brief import AUDIO, Brief, Known, make_task
from farm.shots.intent import MotionIntent
from farm.shots.model import LoopMethod, Shot
from farm.shots.motion import intent_of
from farm.tasks import ALL, Input, Task


@dataclass(frozen=True, slots=True)
class TakePlan:
    """One take: which model, and its two tasks."""

    number: int
    model: str
    resolved: Resolved
    generate: Task
    score: Task
    """… it is chosen by."""
    final: tuple[Task, Task] | None = None
    """Its two tasks in full, once it is chosen, where the others are of a draft."""

    @property
    def delivered(self) -> Task:
        """Makes what is delivered of it."""
        return self.final[0] if self.final else self.generate

    @property
    def judged(self) -> Task:
        """Judges that."""
        return self.final[1] if self.final else self.score


@dataclass(frozen=True, slots=True)
class Opening:
    """What is planned for a shot whatever comes out: the takes of the models it names."""

    prepare: Task
    takes: tuple[TakePlan, ...]
    rejections: tuple[str, ...]
    """The reasons of the models that cannot."""


def open_takes(brief: Brief, shot: Shot) -> Opening:
    opening = brief.openings.get(shot.code)
    if opening is None:
        pictures = {name: asset for name, asset in brief.assets[shot.code].items() if name != AUDIO}
        prepare = make_task(brief, StageName.PREPARE, PrepareParams(), shot, assets=pictures)
        opening = brief.openings[shot.code] = Opening(prepare, *plan_takes(brief, shot, shot.models, prepare))
    return opening


def plan_takes(
    brief: Brief, shot: Shot, models: tuple[str, ...], prepare: Task, first: int = 1
) -> tuple[tuple[TakePlan, ...], tuple[str, ...]]:
    """`shot.takes` takes of each model and those of its rerolls, numbered on; the reasons of the models that cannot."""
    takes: list[TakePlan] = []
    rejections: list[str] = []
    for asked, intent, numbers in _rounds(brief, shot):
        for model in models:
            for number in numbers:
                resolved = brief.adapters[model].resolve(asked, intent, number)
                if isinstance(resolved, Rejection):
                    rejections.append(f"{model}: {resolved.reason} ({resolved.remedy})")
                    break
                takes.append(_take(brief, asked, intent, model, number, first + len(takes), resolved, prepare))
    return tuple(takes), tuple(dict.fromkeys(rejections))


def _rounds(brief: Brief, shot: Shot) -> Iterator[tuple[Shot, MotionIntent, range]]:
    """The shot as it is asked for in each round, and which takes of a model these are."""
    last = shot.takes
    yield shot, brief.intents[shot.code], range(1, last + 1)
    for reroll in shot.rerolls:
        asked = replace(shot, prompt=reroll.prompt or shot.prompt)
        yield asked, intent_of(asked), range(last + 1, last + reroll.takes + 1)
        last += reroll.takes


def _take(
    brief: Brief,
    shot: Shot,
    intent: MotionIntent,
    model: str,
    of_model: int,
    number: int,
    resolved: Resolved,
    prepare: Task,
) -> TakePlan:
    adapter = brief.adapters[model]
    digest = brief.assets[shot.code]["still"].digest
    seed = shot.seed + of_model - 1 if shot.seed is not None else take_seed(brief.shot_list.seed, digest, of_model)

    def tasks(asked: Resolved) -> tuple[Task, Task]:
        return _take_tasks(brief, shot, intent, model, seed, number, asked, prepare)

    draft = adapter.draft(resolved) if shot.draft_first else None
    if draft is None:
        unpredicted = replace(resolved, notes=(*resolved.notes, f"{model} has no drafts that predict its takes"))
        return TakePlan(number, model, unpredicted if shot.draft_first else resolved, *tasks(resolved))
    return TakePlan(number, model, resolved, *tasks(draft), final=tasks(resolved))


def _take_tasks(
    brief: Brief,
    shot: Shot,
    intent: MotionIntent,
    model: str,
    seed: int,
    number: int,
    resolved: Resolved,
    prepare: Task,
) -> tuple[Task, Task]:
    """What makes a take, and what judges it."""
    spec = brief.adapters[model].spec
    is_loop = method_of(shot, closes=spec.closes_loops) is LoopMethod.MODEL
    asked = GenerateParams(
        model=model,
        revision=spec.revision,
        width=resolved.width,
        height=resolved.height,
        frames=resolved.frames,
        fps=resolved.fps,
        seed=seed,
        prompt=resolved.prompt,
        negative_prompt=resolved.negative_prompt,
        intent=intent if spec.follows_intent else MotionIntent(),
        fidelity=shot.fidelity,
        fit=shot.fit,
        overscan=resolved.overscan,
        loop=is_loop,
        options=resolved.options,
    )
    generate = make_task(
        brief,
        StageName.GENERATE,
        asked,
        shot,
        inputs={ALL: Input(task=prepare.id, output=ALL)},
        lane=brief.adapters[model].lane,
        take=number,
    )
    judged = ScoreParams(
        width=asked.width,
        height=asked.height,
        frames=asked.frames,
        fps=asked.fps,
        intent=resolved.follows,
        fit=shot.fit,
        overscan=resolved.overscan,
        loop=is_loop,
        weights=brief.score_weights,
    )
    sources = {
        "mezzanine": Input(task=generate.id, output="mezzanine"),
        "still": Input(task=prepare.id, output="still"),
    }
    if "end" in brief.assets[shot.code]:
        sources["end"] = Input(task=prepare.id, output="end")
    return generate, make_task(brief, StageName.SCORE, judged, shot, inputs=sources, take=number)


def take_seed(list_seed: int, still_digest: str, number: int) -> int:
    """A take's seed: independent of the shot's name and place, so that renaming and inserting re-render nothing."""
    digest = hashlib.sha256(f"{list_seed}/{still_digest}/{number}".encode()).digest()
    return int.from_bytes(digest[:4]) & 0x7FFF_FFFF


def notes_of(brief: Brief, shot: Shot, take: TakePlan) -> tuple[str, ...]:
    """What had to give in asking for a take, and what will be done to its length."""
    made = take.resolved
    if brief.finishers is None:
        return made.notes
    closes = brief.adapters[take.model].spec.closes_loops
    return (*made.notes, *length_notes(shot, made.frames, made.fps, closes=closes))


def hopeful(takes: tuple[TakePlan, ...], known: Known) -> bool:
    """True while at least one take may still come out, or has."""
    return any(take.score.id not in known or known[take.score.id].done for take in takes)
