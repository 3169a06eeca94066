"""A shot list from a file: read by suffix, names understood, every inheritance filled in, every error at once.

file ──read──▶ Draft ──level──▶ Levels of each shot ──fill──▶ Shot
                 │                    codes unique             │
                 └──head, project──▶ Base                      └──▶ ShotList, or DocumentError with all findings
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

from farm.config import PROJECT_FILES, Project, load_project
from farm.findings import Finding, Place, Severity
from farm.shots.model import Shot, ShotList
from farm.shots.naming import clash
from farm.shots.paths import ANYWHERE, Allowed
from farm.shots.reading.cells import Cell, checked, raise_errors, refuse
from farm.shots.reading.codes import unique_codes
from farm.shots.reading.columns import ColumnNames, read_columns
from farm.shots.reading.document import SUFFIXES, read_document
from farm.shots.reading.draft import Draft, document_draft, sheet_draft
from farm.shots.reading.fill import Base, Levels, fill, level
from farm.shots.reading.music import music_of
from farm.shots.reading.schema import ListEntry
from farm.shots.reading.slugs import slugged
from farm.shots.reading.storyboarder import SUFFIX as STORYBOARDER
from farm.shots.reading.storyboarder import read_storyboarder
from farm.shots.reading.table import read_csv, read_xlsx
from farm.shots.reading.timeline import BUNDLES, TIMELINES, read_edit, timeline_draft
from farm.shots.reading.timing import rate_text
from farm.shots.reading.values import quoted

V = TypeVar("V")

_SHEETS = {".csv": read_csv, ".tsv": read_csv, ".xlsx": read_xlsx, ".xlsm": read_xlsx}


def load(
    path: str | Path,
    *,
    project: Project | None = None,
    columns: Path | None = None,
    overrides: Mapping[str, str | int | Sequence[str]] | None = None,
    allowed: Allowed = ANYWHERE,
) -> ShotList:
    """The shot list in `path`, complete and in cut order: .yaml, .yml, .json, .csv, .tsv, .xlsx, .storyboarder, or a
    timeline (.otio, .edl, .xml, .fcpxml).

    `project` is by default read from the project file beside the list. `columns` is a mapping file, see
    `farm.shots.reading.columns`. `overrides` are fields of `ShotEntry` that win over everything written ("takes",
    "models", "fps", "resolution"). `allowed` says which files the list may name. Raises `DocumentError` with every
    finding when one of them is an error; a list that loads has a shot for each of its rows.
    """
    path = Path(path)
    names = read_columns(columns) if columns else ColumnNames()
    folder = Path(os.path.abspath(path)).parent  # noqa: PTH100  ".." is folded, links are kept
    if project is None:
        project = Project() if path.name in PROJECT_FILES else load_project(None, folder)
    draft = _draft(path, names, {*names.constants, *(overrides or {})}, project)
    shots, findings = _levels(draft, names, overrides or {})
    head, wrong = checked(ListEntry, draft.head)
    findings = [*draft.findings, *wrong, *findings]

    fps = _stated("fps", head.fps, shots, project.fps, project) or _common("fps", shots, project.fps, findings)
    size = _stated("resolution", head.size, shots, project.size, project) or _common(
        "resolution", shots, project.size, findings
    )
    base = Base(project, fps, size, folder, allowed)
    codes, wrong = unique_codes(shots)
    findings += wrong
    filled = [fill(levels, code, base) for levels, code in zip(shots, codes, strict=True)]
    for (_, wrong), code in zip(filled, codes, strict=True):
        findings += [replace(finding, shot=code) for finding in wrong]
    raise_errors(_in_order(findings))
    whole = [shot for shot, _ in filled if shot is not None]
    if len(whole) != len(shots):
        raise AssertionError("a shot is missing, and no error says so")
    music, wrong = music_of(draft.head, head, project, folder, allowed)
    raise_errors(wrong)
    name = head.name or slugged(path.stem) or "list"
    if wrong_names := clash(project.naming, project.path, name, whole):
        raise refuse(Place(path.name), wrong_names.problem, wrong_names.remedy)
    return ShotList(
        project=head.project or project.project or slugged(folder.name) or "project",
        name=name,
        shots=tuple(sorted(whole, key=lambda shot: shot.cut_order)),
        fps=base.fps,
        width=base.size[0],
        height=base.size[1],
        seed=project.seed if head.seed is None else head.seed,
        music=music,
        source=str(path),
        findings=_in_order(findings),
    )


def added(draft: Draft, old: ShotList, project: Project, folder: Path, allowed: Allowed) -> tuple[Shot | Finding, ...]:
    """The shots of a draft that join a list there is: each row's shot, or the first thing that is wrong with it."""
    base = Base(project, old.fps, (old.width, old.height), folder, allowed)
    shots, wrong = _levels(draft, ColumnNames(), {})
    found: list[Shot | Finding] = []
    for levels in shots:
        shot, also = fill(levels, levels.value("code") or "", base)
        place = levels.row.place
        errors = [each for each in (*draft.findings, *wrong, *also) if each.severity is Severity.ERROR]
        blamed = [each for each in errors if replace(each.place, column=None) == place]
        found.append(shot if shot and not blamed else (blamed or errors)[0])
    return tuple(found)


def _draft(path: Path, names: ColumnNames, given: Collection[str], project: Project) -> Draft:
    suffix = path.suffix.lower()
    if suffix in TIMELINES:
        return timeline_draft(path, names, project.fps if "fps" in project.model_fields_set else None)
    if suffix in BUNDLES:
        read_edit(path)
    if suffix in SUFFIXES:
        return document_draft(read_document(path), names)
    if suffix in _SHEETS:
        return sheet_draft(_SHEETS[suffix](path, names), names, given)
    if suffix == STORYBOARDER:
        return read_storyboarder(path, names)
    if suffix == ".xls":
        raise refuse(Place(path.name), "this is an old .xls workbook", "save it as .xlsx")
    raise refuse(
        Place(path.name),
        f"{quoted(suffix)} is no format of a shot list",
        "use .yaml, .json, .csv, .xlsx, .storyboarder, .otio, .xml or .edl",
    )


def _levels(
    draft: Draft, names: ColumnNames, overrides: Mapping[str, str | int | Sequence[str]]
) -> tuple[list[Levels], list[Finding]]:
    """Every shot with its levels. What all shots share is checked, and blamed, once."""
    top, findings = level({name: _override(name, value) for name, value in overrides.items()})
    constants, wrong = level(names.constants)
    defaults, also_wrong = level(draft.defaults)
    findings += wrong + also_wrong
    shots: list[Levels] = []
    for row in draft.rows:
        own, wrong = level({name: cell for name, cell in row.cells.items() if name != "project"})
        findings += [replace(finding, shot=own.entry.code or "") for finding in wrong]
        shots.append(Levels(row, (top, own, constants, defaults)))
    return shots, findings


def _override(name: str, value: str | int | Sequence[str]) -> Cell:
    place = Place("command line", column=name)
    if isinstance(value, str | int):
        return Cell(str(value), place)
    return Cell(tuple(Cell(item, place) for item in value), place)


def _stated(name: str, head: V | None, shots: list[Levels], default: V, project: Project) -> V | None:
    """What is said for the whole list: by the command line, the list, its defaults, or the project's file."""
    top, _, constants, defaults = shots[0].levels
    said: Iterable[V | None] = (
        getattr(top.entry, name),
        head,
        getattr(constants.entry, name),
        getattr(defaults.entry, name),
        default if {"resolution": "size"}.get(name, name) in project.model_fields_set else None,
    )
    return next((value for value in said if value is not None), None)


def _common(name: str, shots: list[Levels], default: V, findings: list[Finding]) -> V:
    """What most shots say, where nobody speaks for the list; a shot that says nothing has the default.

    So one row's own does not become everyone's, and where as many say one thing as another the default stands.
    """
    said: Counter[Any] = Counter()
    for shot in shots:
        value = getattr(shot.levels[1].entry, name)
        said[default if value is None else value] += 1
    most = max(said, key=lambda value: (said[value], value == default))
    if len(said) > 1:
        place = Place(shots[0].row.place.file)
        problem = f"shots differ in {name}; the animatic takes that of most, {_shown(most)}"
        remedy = "say what the whole list has"
        findings.append(Finding(Severity.WARNING, f"list.{name}", place, problem, remedy))
    return most


def _shown(value: Fraction | tuple[int, int]) -> str:
    return rate_text(value) if isinstance(value, Fraction) else f"{value[0]}x{value[1]}"


def _in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """By file and row; the file's own findings first."""
    return tuple(sorted(findings, key=lambda finding: finding.place.row or 0))
