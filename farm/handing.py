"""A shot list on its way to becoming a job: read as it was asked for, checked, its files taken in.

Ask ─▶ read ─▶ ShotList ─▶ findings_of ─▶ take_in ─▶ Submission ─▶ the body of a request
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from farm.config import Config, Project, load_project
from farm.errors import DocumentError, InputError
from farm.findings import Finding, Severity
from farm.intake import take_in
from farm.models.registry import Registry
from farm.scheduler.policy import micros
from farm.shots.lint import lint
from farm.shots.load import load
from farm.shots.model import ShotList
from farm.shots.reading.pixels import half
from farm.shots.reading.presets import known_products
from farm.shots.reading.values import BadValue, money
from farm.store.clips import ClipStore
from farm.submission import DRAFT, Submission


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A shot list, and what the command line wants otherwise than it says."""

    shot_list: Path
    project: Path | None = None
    columns: Path | None = None
    takes: int | None = None
    models: tuple[str, ...] = ()
    shots: tuple[str, ...] = ()
    size: str = ""
    draft: bool = False
    draft_first: bool = False
    select: str = ""

    @property
    def overrides(self) -> dict[str, Any]:
        """Shot fields that win over everything written."""
        named = {"takes": 1 if self.draft else self.takes, "models": self.models, "resolution": self.size}
        named |= {"draft_first": self.draft_first, "select": self.select}
        return {name: value for name, value in named.items() if value}


def read(ask: Ask, config: Config, models: Registry) -> tuple[ShotList, Project]:
    """The shot list as asked for, and its project's defaults. Raises `DocumentError` with every finding."""
    for model in ask.models:
        models.adapter(model)
    project = load_project(ask.project, ask.shot_list.absolute().parent)
    shot_list = load(
        ask.shot_list, project=project, columns=ask.columns, overrides=ask.overrides, allowed=config.allowed
    )
    unknown = sorted(set(ask.shots) - {shot.code for shot in shot_list.shots})
    if unknown:
        raise InputError(f"{ask.shot_list.name} has no shot {', '.join(unknown)} (--shots takes codes of the list)")
    return (_halved(shot_list) if ask.draft else shot_list), project


def findings_of(shot_list: ShotList, project: Project, models: Registry) -> tuple[Finding, ...]:
    """What the checks say of a list and its stills."""
    return lint(
        shot_list,
        specs=models.specs,
        licences=project.licences or None,
        targets=known_products(project.presets),
        limit_mp=float(project.max_still_megapixels),
    )


def submission_of(ask: Ask, config: Config, models: Registry, clips: ClipStore | None) -> Submission:
    """What a job of `ask` needs. Its stills are copied into `clips`; without, only their hashes are taken."""
    shot_list, project = read(ask, config, models)
    found = findings_of(shot_list, project, models)
    if everywhere := [finding for finding in found if finding.severity is Severity.ERROR and not finding.shot]:
        raise DocumentError(everywhere)
    intake = take_in(shot_list, clips, _refused(found))
    warnings = [finding for finding in (*shot_list.findings, *found) if finding.severity is Severity.WARNING]
    return Submission(
        shot_list=shot_list,
        project=project,
        assets=intake.assets,
        music=intake.music,
        refused=intake.refused,
        only=frozenset(ask.shots) or None,
        warnings=tuple(map(str, warnings)),
        draft=ask.draft,
    )


def request_body(
    submission: Submission,
    out: str,
    *,
    priority: int | None = None,
    budget: int | None = None,
    hold: bool = False,
) -> dict[str, JsonValue]:
    """What a request to submit carries."""
    return {
        "out": out,
        "submission": submission.document(),
        "priority": priority,
        "budget_micros": budget,
        "hold": hold,
    }


def budget_micros(written: str) -> int | None:
    """An amount as it is written on the command line, in millionths. Raises `InputError` for what is none."""
    if not written:
        return None
    try:
        return micros(money(written))
    except BadValue as error:
        raise InputError(f"--budget {error.problem} ({error.remedy or 'write an amount such as 50'})") from None


def _refused(findings: Iterable[Finding]) -> dict[str, str]:
    """Shots whose still or words cannot work, with everything that is wrong with them."""
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    return {
        shot: "; ".join(str(finding) for finding in errors if finding.shot == shot)
        for shot in dict.fromkeys(finding.shot for finding in errors)
    }


def _halved(shot_list: ShotList) -> ShotList:
    """The same list at half the size, under names of its own: a draft."""
    shots = tuple(
        replace(shot, width=half(shot.width), height=half(shot.height), targets=(DRAFT,)) for shot in shot_list.shots
    )
    name = f"{shot_list.name}-{DRAFT}"
    return replace(shot_list, name=name, shots=shots, width=half(shot_list.width), height=half(shot_list.height))
