"""The whole cut: every shot's clip in its place, or its still under a slate; and what is heard over it."""

from __future__ import annotations

from farm.chain import (
    AssembleParams,
    Cue,
    CutEntry,
    DeliverParams,
    MixParams,
    StageName,
)
from farm.cues import music_cues, source_of
from farm.finish import loudness_of
from farm.plan.brief import Brief, Known, cut_frames, make_list_task
from farm.plan.shot import ShotPlan
from farm.shots.model import Shot
from farm.shots.telling import told
from farm.tasks import ALL, Input, Task


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
    return make_list_task(brief, StageName.ASSEMBLE, params, inputs=inputs)


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
    return make_list_task(brief, StageName.MIX, params, assets=assets, inputs=inputs)


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
