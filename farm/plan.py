"""From a shot list to tasks: a pure function of what was asked and of what is known to have come out so far.

    Brief (list, assets, adapters, refused shots) + known outcomes ──▶ Plan

Everything that can be named now is planned: `prepare`, `generate` and `score` of every take at once; `select` when the
takes have settled, with those that came out, and `compare` when they are ranked; what the chosen take needs
(`farm.finish`) and `deliver` when there is a choice, keyed by its `generate` task; `assemble` when every shot has
either its deliverables or a reason why it has none. Planning again with the same knowledge gives the same tasks, and
more knowledge only ever adds tasks or replaces the assembly and the comparison.

The ranking chooses, unless a person does (`Brief.choices`), before or after it: approving what the ranking had picked
plans nothing new. A shot on hold is ranked, and stands in the cut as a slate until somebody has chosen.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

from farm.chain import (
    STAGES,
    AssembleParams,
    CompareParams,
    ConformParams,
    Credit,
    Cue,
    CutEntry,
    DeliverParams,
    GenerateParams,
    InterpolateParams,
    LoopParams,
    MixParams,
    Params,
    PrepareParams,
    ScoreParams,
    SelectParams,
    SoundParams,
    StageName,
    UpscaleParams,
)
from farm.comparison import comparison
from farm.cues import music_cues, source_of
from farm.deliverable import Delivery, deliver_params, step_words
from farm.finish import Finished, Finishers, finish, length_notes, loudness_of
from farm.looping import method_of
from farm.models.spec import Adapter, Rejection, Resolved
from farm.shots.intent import MotionIntent
from farm.shots.model import LoopMethod, Select, Shot, ShotList
from farm.shots.motion import intent_of
from farm.shots.products import PRODUCTS, Product
from farm.shots.telling import told
from farm.tasks import ALL, Asset, Input, Lane, Manifest, Outcome, Task, TaskId

Known = Mapping[TaskId, Outcome]

AUDIO = "audio"
"""The asset that is a shot's sound: no picture, and none of `prepare`'s."""

NOT_ASKED = "not rendered yet: this run was asked for other shots"
HELD = "on hold: a take is to be chosen"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ShotPlan:
    """Everything planned so far for one shot."""

    shot: Shot
    prepare: Task | None = None
    takes: tuple[TakePlan, ...] = ()
    select: Task | None = None
    chosen: tuple[TakePlan, ...] = ()
    """The first one stands in the cut."""
    finished: tuple[Finished, ...] = ()
    """Of the chosen takes, one each."""
    sounds: tuple[Mapping[float, Task], ...] = ()
    """Of the chosen takes: what gives them their sound, by its loudness; empty for a take without."""
    deliver: tuple[Task, ...] = ()
    compare: Task | None = None
    """All its takes beside each other; part of the job, but nothing waits for it."""
    reason: str = ""
    """Why there will be no clip; "" while there may be one."""
    held: bool = False
    """True for a shot that is ranked, and waits for a person's choice."""
    notes: tuple[str, ...] = ()
    asked: bool = True
    """False for a shot that this run leaves alone."""

    @property
    def tasks(self) -> Iterator[Task]:
        if self.prepare:
            yield self.prepare
        for take in self.takes:
            yield take.generate
            yield take.score
        if self.select:
            yield self.select
        for take in self.chosen:
            yield from take.final or ()
        for finished in self.finished:
            yield from finished.tasks
        for sounds in self.sounds:
            yield from sounds.values()
        yield from self.deliver
        if self.compare:
            yield self.compare

    @property
    def failed(self) -> bool:
        """True when there will be no clip, and nobody can choose one."""
        return bool(self.reason) and self.asked and not self.held

    def settled(self, known: Known) -> bool:
        """True when nothing more will come of this shot by itself: delivered, or known to have no clip."""
        awaited = (task for task in self.tasks if task is not self.compare)
        return bool(self.reason or self.deliver) and all(task.id in known for task in awaited)


@dataclass(frozen=True, slots=True)
class Plan:
    """All tasks that can be named now, in the order in which they should run."""

    shots: tuple[ShotPlan, ...]
    assemble: Task | None
    mix: Task | None = None
    """What gives the assembled movie its sound, where there is any."""

    @property
    def endings(self) -> tuple[Task, ...]:
        """The tasks of the whole list, the last one being what people take away."""
        return tuple(task for task in (self.assemble, self.mix) if task)

    @property
    def final(self) -> Task | None:
        return self.mix or self.assemble

    @property
    def tasks(self) -> dict[TaskId, Task]:
        found = {task.id: task for shot in self.shots for task in shot.tasks}
        return found | {task.id: task for task in self.endings}

    @property
    def order(self) -> dict[TaskId, int]:
        """Position of each task's shot in the cut; the assembly comes last."""
        order: dict[TaskId, int] = {}
        for index, shot in enumerate(self.shots):
            for task in shot.tasks:
                order.setdefault(task.id, index)
        return order | {task.id: len(self.shots) for task in self.endings}


def plan(brief: Brief, known: Known) -> Plan:
    """Everything that can be planned, knowing `known`."""
    shots = tuple(plan_shot(brief, shot, known) for shot in brief.shot_list.shots)
    assemble = plan_assembly(brief, shots, known)
    return Plan(shots, assemble, plan_mix(brief, shots, assemble) if assemble else None)


def plan_shot(brief: Brief, shot: Shot, known: Known) -> ShotPlan:
    """What can be planned for one shot: the chain as far as its choices are known."""
    planned = _plan_shot(brief, shot, known)
    if brief.only is None or shot.code in brief.only or planned.settled(known):
        return planned
    return ShotPlan(shot=shot, reason=NOT_ASKED, asked=False)


def _plan_shot(brief: Brief, shot: Shot, known: Known) -> ShotPlan:
    if shot.code in brief.refused:
        return ShotPlan(shot=shot, reason=brief.refused[shot.code])
    opening = _opening(brief, shot)
    prepare, takes, rejections = opening.prepare, opening.takes, opening.rejections
    if shot.fallback and not _hopeful(takes, known):
        more, _ = _takes(brief, shot, (shot.fallback,), prepare, first=len(takes) + 1)
        takes += more
    notes = tuple(dict.fromkeys(note for take in takes for note in _notes(brief, shot, take)))
    start = ShotPlan(shot=shot, prepare=prepare if takes else None, takes=takes, notes=notes + rejections)
    if not takes:
        return ShotPlan(shot=shot, reason="; ".join(rejections), notes=rejections)
    chosen = _choose(brief, _rank(brief, start, known), known)
    return _compare(brief, _deliver_chosen(brief, chosen, known), known)


def _notes(brief: Brief, shot: Shot, take: TakePlan) -> tuple[str, ...]:
    """What had to give in asking for a take, and what will be done to its length."""
    made = take.resolved
    if brief.finishers is None:
        return made.notes
    closes = brief.adapters[take.model].spec.closes_loops
    return (*made.notes, *length_notes(shot, made.frames, made.fps, closes=closes))


def _opening(brief: Brief, shot: Shot) -> Opening:
    opening = brief.openings.get(shot.code)
    if opening is None:
        pictures = {name: asset for name, asset in brief.assets[shot.code].items() if name != AUDIO}
        prepare = _task(brief, StageName.PREPARE, PrepareParams(), shot, assets=pictures)
        opening = brief.openings[shot.code] = Opening(prepare, *_takes(brief, shot, shot.models, prepare))
    return opening


def _rank(brief: Brief, start: ShotPlan, known: Known) -> ShotPlan:
    """With the ranking of the takes that came out, once all have settled."""
    if any(take.score.id not in known for take in start.takes):
        return start
    usable = [take for take in start.takes if known[take.score.id].done]
    if not usable:
        return replace(start, reason=_first_failure(start.takes, known))
    select = _task(
        brief,
        StageName.SELECT,
        SelectParams(takes=tuple(take.number for take in usable), top=min(start.shot.picks, len(usable))),
        start.shot,
        inputs={f"score_{take.number}": Input(task=take.score.id, output="score") for take in usable},
    )
    return replace(start, select=select)


def _choose(brief: Brief, ranked: ShotPlan, known: Known) -> ShotPlan:
    """With the chosen takes, or why there are none: a person's choice, or else the ranking's."""
    choice = brief.choices.get(ranked.shot.code)
    if choice is not None:
        return _heed(ranked, choice, known)
    outcome = known.get(ranked.select.id) if ranked.select else None
    if outcome is None:
        return ranked
    if not outcome.done:
        return replace(ranked, reason=outcome.message)
    if ranked.shot.select is Select.HOLD:
        return replace(ranked, held=True, reason=HELD)
    chosen = _chosen(ranked.takes, outcome)
    if not chosen:
        return replace(ranked, reason=str(outcome.facts.get("attention", "no take passed")))
    return replace(ranked, chosen=chosen)


def _heed(ranked: ShotPlan, choice: int, known: Known) -> ShotPlan:
    """With a person's choice, once that take has been made and judged."""
    take = next((take for take in ranked.takes if take.number == choice), None)
    if take is None:
        is_final = all(each.score.id in known for each in ranked.takes)
        return replace(ranked, reason=_no_such_take(ranked, choice) if is_final else "")
    if take.score.id not in known:
        return ranked
    made = known.get(take.generate.id)  # open once more while its files are made again
    if made and not made.done:
        return replace(ranked, reason=f"take {choice} was chosen, and failed: {made.message} (choose another)")
    return replace(ranked, chosen=(take,), reason="")


def check_choice(planned: ShotPlan, take: int, known: Known) -> str:
    """Why a person cannot choose that take of a shot; "" when it can be chosen, made already or not."""
    found = next((each for each in planned.takes if each.number == take), None)
    if found is None:
        return _no_such_take(planned, take)
    made = known.get(found.generate.id)
    if made and not made.done:
        return f"take {take} of {planned.shot.code} failed: {made.message}"
    return ""


def _no_such_take(planned: ShotPlan, take: int) -> str:
    if not planned.takes:
        return f"{planned.shot.code} has no takes: {planned.reason}"
    numbers = ", ".join(str(each.number) for each in planned.takes)
    return f"{planned.shot.code} has no take {take} (it has {numbers})"


def _deliver_chosen(brief: Brief, planned: ShotPlan, known: Known) -> ShotPlan:
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


def _compare(brief: Brief, planned: ShotPlan, known: Known) -> ShotPlan:
    """With its takes beside each other, once they are ranked, where at least two came out."""
    usable = [take for take in planned.takes if take.score.id in known and known[take.score.id].done]
    if planned.select is None or planned.select.id not in known or len(usable) < 2:
        return planned
    params, inputs = comparison(planned.shot, usable, planned.chosen)
    return replace(planned, compare=_task(brief, StageName.COMPARE, params, planned.shot, inputs=inputs))


def plan_assembly(brief: Brief, shots: tuple[ShotPlan, ...], known: Known) -> Task | None:
    """The assembly, once every shot has settled; None before, and for a list of which nothing is left."""
    if not all(shot.settled(known) for shot in shots):
        return None
    inputs: dict[str, Input] = {}
    entries: list[CutEntry] = []
    for index, planned in enumerate(shots):
        entries.append(_entry(brief, planned, known))
        if entries[-1].has_clip:
            inputs[f"clip_{index}"] = planned.finished[0].mezzanine
        elif planned.prepare and known[planned.prepare.id].done:
            inputs[f"still_{index}"] = Input(task=planned.prepare.id, output="still")
    shot_list = brief.shot_list
    params = AssembleParams(
        title=shot_list.name,
        width=shot_list.width,
        height=shot_list.height,
        fps=shot_list.fps,
        entries=tuple(entries),
    )
    return _make(brief, StageName.ASSEMBLE, params, inputs=inputs)


def plan_mix(brief: Brief, shots: tuple[ShotPlan, ...], assemble: Task) -> Task | None:
    """What gives the assembled movie its sound; None where nothing is heard in it."""
    fps = brief.shot_list.fps
    lengths = [(planned.shot.sequence, cut_frames(planned.shot, fps)) for planned in shots]
    inputs = {ALL: Input(task=assemble.id, output=ALL)}
    heard: list[Cue] = []
    at = 0
    for index, (planned, (_, frames)) in enumerate(zip(shots, lengths, strict=True)):
        sound = planned.sounds[0].get(loudness_of()) if planned.sounds and not planned.reason else None
        if sound:
            inputs[f"sound_{index}"] = Input(task=sound.id, output="sound")
            heard.append(Cue(source=f"sound_{index}", at=at, frames=frames))
        at += frames
    music = music_cues(lengths, brief.music, fps)
    if not heard and not music:
        return None
    played = {cue.source for cue in music}
    assets = {source_of(key): asset for key, asset in brief.music.items() if source_of(key) in played}
    sheets = AssembleParams.model_validate(assemble.params).sheets
    params = MixParams(fps=fps, frames=at, shots=tuple(heard), music=music, sheets=sheets)
    return _make(brief, StageName.MIX, params, assets=assets, inputs=inputs)


def _entry(brief: Brief, planned: ShotPlan, known: Known) -> CutEntry:
    shot = planned.shot
    has_clip = bool(planned.chosen) and not planned.reason
    take = planned.chosen[0] if has_clip else None
    total = known[take.judged.id].facts.get("total") if take else None
    delivered = _editorial(brief, planned.deliver) if take else None
    clip = DeliverParams.model_validate(delivered.params) if delivered else None
    frames = cut_frames(shot, brief.shot_list.fps)
    return CutEntry(
        code=shot.code,
        sequence=shot.sequence,
        frames=frames,
        has_clip=has_clip,
        slate=planned.reason,
        take=take.number if take else 0,
        label=take.resolved.label if take else "",
        note=shot.prompt if total is None else f"{shot.prompt} [score {total}]".strip(),
        skip=planned.finished[0].skip if take else 0,
        media=_media(brief, delivered, known) if delivered else "",
        frame_in=shot.frame_in,
        prompt=shot.prompt,
        score=float(total) if isinstance(total, int | float) else None,
        media_fps=clip.fps if clip and clip.fps != brief.shot_list.fps else None,
        media_frames=clip.frames if clip and (clip.frames, clip.fps) != (frames, brief.shot_list.fps) else 0,
        media_start=clip.frame_in if clip and brief.products[clip.product].is_editorial else 0,
        shot=_told(brief, shot),
    )


def _editorial(brief: Brief, deliver: tuple[Task, ...]) -> Task:
    """What an editor cuts with: the first movie in the shot's own frame, length and rate, else whatever comes first."""
    return next((task for task in deliver if brief.products[str(task.params["product"])].is_editorial), deliver[0])


def _told(brief: Brief, shot: Shot) -> dict[str, str]:
    """The shot as a list beside the timeline would write it, its files as they were taken in."""
    files = {role: brief.beside(asset.key) for role, asset in brief.assets.get(shot.code, {}).items()}
    references = [path for role, path in files.items() if role.startswith("reference_")]
    own = {role: path for role, path in files.items() if not role.startswith("reference_")}
    if references:
        own["references"] = "; ".join(references)
    return own | told(shot, (brief.shot_list.width, brief.shot_list.height))


def _media(brief: Brief, deliver: Task, known: Known) -> str:
    manifest = known[deliver.id].manifest
    return brief.media(deliver, manifest) if manifest else ""


def cut_frames(shot: Shot, fps: Fraction) -> int:
    """How many frames a shot is long in a cut of rate `fps`, to the nearest, at least one."""
    return max(1, math.floor(shot.duration_s * fps + Fraction(1, 2)))


def take_seed(list_seed: int, still_digest: str, number: int) -> int:
    """A take's seed: independent of the shot's name and place, so that renaming and inserting re-render nothing."""
    digest = hashlib.sha256(f"{list_seed}/{still_digest}/{number}".encode()).digest()
    return int.from_bytes(digest[:4]) & 0x7FFF_FFFF


def _takes(
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
    generate = _task(
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
    return generate, _task(brief, StageName.SCORE, judged, shot, inputs=sources, take=number)


def _finish(brief: Brief, shot: Shot, take: TakePlan) -> Finished:
    def make(stage: StageName, params: Params, inputs: Mapping[str, Input], lane: Lane | None) -> Task:
        return _task(brief, stage, params, shot, inputs=inputs, lane=lane, take=take.number)

    return finish(shot, take.delivered, brief.finishers, make)


def _sounds(brief: Brief, shot: Shot, take: TakePlan, finished: Finished) -> dict[float, Task]:
    """What gives a take its sound, at every loudness that is asked for, and the animatic's; empty for one without."""
    audio = brief.assets[shot.code].get(AUDIO)
    if audio is None and not brief.adapters[take.model].spec.makes_sound:
        return {}

    def sound(loudness: float) -> Task:
        params = SoundParams(fps=shot.fps, frames=shot.length, skip=finished.skip, loudness_lufs=loudness)
        return _task(
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
    return _task(
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


def _chosen(takes: tuple[TakePlan, ...], outcome: Outcome) -> tuple[TakePlan, ...]:
    numbers = outcome.facts.get("chosen", [])
    assert isinstance(numbers, list)
    by_number = {take.number: take for take in takes}
    return tuple(by_number[number] for number in numbers if isinstance(number, int))


def _hopeful(takes: tuple[TakePlan, ...], known: Known) -> bool:
    """True while at least one take may still come out, or has."""
    return any(take.score.id not in known or known[take.score.id].done for take in takes)


def _first_failure(takes: tuple[TakePlan, ...], known: Known) -> str:
    return next(known[take.score.id].message for take in takes)


def _task(
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
    return _make(brief, stage, params, assets=assets, inputs=inputs, lane=lane, shot=shot.code, take=take)


def _make(
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
