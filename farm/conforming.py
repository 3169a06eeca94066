"""A changed cut comes back: from a timeline and the job it is of, to a list that renders only what it must.

    NEW.otio ──▶ Edit ─┐
                       ├─▶ changes ─▶ adapted list + files of new shots ─▶ Submission
    JOB ─▶ Submission ─┘

A new shot needs a still as any shot does, from its media or the sheet beside the timeline; without one it stands in the
cut as a slate, and the reason says what to do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict

from farm.config import Config
from farm.errors import InputError
from farm.findings import Finding, Severity
from farm.handing import findings_of
from farm.intake import take_in
from farm.models.registry import Registry
from farm.shots.conform import Change, Span, Work, adapted, changes
from farm.shots.edit import Edit
from farm.shots.load import added
from farm.shots.model import Shot, ShotList
from farm.shots.reading.columns import ColumnNames
from farm.shots.reading.timeline import read_edit, rows_of
from farm.shots.timecode import Timebase
from farm.store.clips import ClipStore
from farm.submission import Submission

T = TypeVar("T")


class ChangeView(BaseModel):
    """One shot of the table."""

    model_config = ConfigDict(frozen=True)

    code: str
    what: tuple[str, ...] = ()
    work: str
    was: str = ""
    """Timecode, and length in frames."""
    now: str = ""
    frames: int = 0
    """How many more the cut has of it."""
    reason: str = ""
    """Why it will stand as a slate; "" for a shot that can be made."""


class Conforming(BaseModel):
    """What a changed cut asks for."""

    model_config = ConfigDict(frozen=True)

    job: str
    timeline: str
    changes: tuple[ChangeView, ...]
    findings: tuple[str, ...] = ()
    """What the farm does not make of the timeline."""

    def count(self, work: Work) -> int:
        return sum(change.work == work for change in self.changes)


@dataclass(frozen=True, slots=True)
class Conformed:
    """A changed cut, and the submission it comes to."""

    view: Conforming
    submission: Submission
    unchanged: Mapping[str, str]
    """Codes of shots whose takes stay as they are, and the codes they had: what people chose for those holds on."""


def conform(
    path: Path, job: str, old: Submission, config: Config, models: Registry, clips: ClipStore | None
) -> Conformed:
    """What the timeline at `path` changes of a job. Files of new shots are copied into `clips`, if given.

    Raises `DocumentError` for a timeline that cannot be read, `InputError` for a draft's job.
    """
    if old.draft:
        raise InputError(f"{job} is a draft (conform the job that was rendered in full)")
    edit = read_edit(path, old.shot_list.fps)
    made = changes(old.shot_list, edit)
    fresh, unusable = _fresh(path, edit, made, old, config)
    known = {**fresh, **{code: _slated(change, old) for code, (change, _) in unusable.items()}}
    shot_list = adapted(old.shot_list, made, known)
    found = findings_of(replace(shot_list, shots=tuple(fresh.values())), old.project, models)
    wrong = {shot: "; ".join(str(each) for each in found if each.shot == shot) for shot in _blamed(found)}
    intake = take_in(replace(shot_list, shots=tuple(fresh.values())), clips, wrong)
    refused = {**intake.refused, **{code: reason for code, (_, reason) in unusable.items()}, **_kept(old.refused, made)}
    assets = {**_kept(old.assets, made), **intake.assets}
    submission = replace(old, shot_list=shot_list, assets=assets, refused=refused, only=None)
    said = [str(each) for each in edit.findings if each.severity is not Severity.NOTE]
    if edit.fps != old.shot_list.fps:
        said.append(f"{path.name}: it runs at {edit.fps} fps, the job at {old.shot_list.fps} (lengths are converted)")
    view = Conforming(
        job=job,
        timeline=path.name,
        changes=tuple(_view(each, old.shot_list, edit, refused) for each in made),
        findings=tuple(said),
    )
    return Conformed(view, submission, {each.code: each.of for each in made if each.shot and each.work != Work.RENDER})


def _fresh(
    path: Path, edit: Edit, made: Sequence[Change], old: Submission, config: Config
) -> tuple[dict[str, Shot], dict[str, tuple[Change, str]]]:
    """New shots by code: those that can be made, and the others with the reason."""
    new = [change for change in made if change.clip and not change.shot]
    if not new:
        return {}, {}
    only = replace(edit, clips=tuple(change.clip for change in new if change.clip), findings=())
    draft = rows_of(only, path, ColumnNames())
    found = added(draft, old.shot_list, old.project, path.absolute().parent, config.allowed)
    pairs = list(zip(new, found, strict=True))
    return (
        {change.code: shot for change, shot in pairs if isinstance(shot, Shot)},
        {change.code: (change, _reason(wrong)) for change, wrong in pairs if isinstance(wrong, Finding)},
    )


def _reason(wrong: Finding) -> str:
    """What is wrong, for a slate: it stands in the very place."""
    return f"{wrong.problem} ({wrong.remedy})" if wrong.remedy else wrong.problem


def _slated(change: Change, old: Submission) -> Shot:
    """A shot of which nothing is known but its place in the cut."""
    assert change.clip is not None
    listed, project = old.shot_list, old.project
    return Shot(
        code=change.code,
        place=change.clip.place,
        still="",
        fps=listed.fps,
        nb_frames=change.clip.frames,
        width=listed.width,
        height=listed.height,
        models=project.models,
        targets=project.targets,
        prompt=change.clip.prompt,
    )


def _kept(given: Mapping[str, T], made: Sequence[Change]) -> dict[str, T]:
    """What was known of old shots, for those of the new cut."""
    return {change.code: given[change.of] for change in made if change.shot and change.of in given}


def _blamed(found: Sequence[Finding]) -> set[str]:
    return {each.shot for each in found if each.severity is Severity.ERROR}


def _view(change: Change, old: ShotList, edit: Edit, refused: Mapping[str, str]) -> ChangeView:
    base, reason = Timebase.usual(old.fps), refused.get(change.code, "") if change.clip else ""
    was = _span(change.before, base, base.start)
    grown = change.after.frames - change.before.frames if change.after and change.before else 0
    return ChangeView(
        code=change.code,
        what=change.what,
        work=Work.ASSEMBLE if reason else change.work,
        was=was,
        now=_span(change.after, edit.base, edit.start),
        frames=grown,
        reason=reason,
    )


def _span(span: Span | None, base: Timebase, start: int) -> str:
    return f"{base.text(start + span.start)} +{span.frames}" if span else ""
