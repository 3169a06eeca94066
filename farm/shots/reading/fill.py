"""One shot, filled in: what it says itself, then what it inherits, until nothing is left open.

    command line > the shot > mapping file's constants > list defaults > project > built-in

A level that says one thing in several ways (frames, a duration, a range of frames) replaces what was inherited
through any of them. What cannot be used is a finding, and the rest is still judged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from farm.config import Project
from farm.findings import Finding, Place, Severity
from farm.shots.model import Shot
from farm.shots.paths import Allowed, resolve
from farm.shots.reading.cells import Cell, checked, error
from farm.shots.reading.draft import Row
from farm.shots.reading.pixels import framed
from farm.shots.reading.schema import FRAME_FIELDS, LENGTH_FIELDS, MEDIA_FIELDS, ShotEntry
from farm.shots.reading.timing import rate_text
from farm.shots.reading.values import BadValue, quoted

LONG_S = 60
FIRST_FRAME = 1001

T = TypeVar("T")

_SPECIAL = {*MEDIA_FIELDS, *LENGTH_FIELDS, "references", "fps", "code", "frame_in"}
_PLAIN = tuple(name for name in ShotEntry.model_fields if name in Shot.__dataclass_fields__ and name not in _SPECIAL)
_FROM_PROJECT = tuple(name for name in _PLAIN if name in Project.model_fields and name not in {"size", "seed"})


@dataclass(frozen=True, slots=True)
class Level:
    """What one level says: usable values, and every cell written there."""

    entry: ShotEntry = field(default_factory=ShotEntry)
    cells: Mapping[str, Cell] = field(default_factory=dict[str, Cell])


_SILENT = Level()


def level(cells: Mapping[str, Cell]) -> tuple[Level, list[Finding]]:
    """A level of written cells, and what was wrong with them."""
    entry, findings = checked(ShotEntry, cells)
    return Level(entry, cells), findings


@dataclass(frozen=True, slots=True)
class Base:
    """What every shot of a list falls back on, and where its files lie."""

    project: Project
    fps: Fraction
    size: tuple[int, int]
    folder: Path
    allowed: Allowed


@dataclass(frozen=True, slots=True)
class Levels:
    """The levels of one shot, the strongest first."""

    row: Row
    levels: tuple[Level, ...]

    def giving(self, *names: str) -> Level:
        """The strongest level where any of `names` was written; an empty one if there is none."""
        for one in self.levels:
            if not one.cells.keys().isdisjoint(names):
                return one
        return _SILENT

    def value(self, name: str) -> Any:
        """The strongest value of a field; None where it was not given, or cannot be used."""
        return getattr(self.giving(name).entry, name)

    def place(self, name: str) -> Place:
        """Where a field was written; the shot's own place where it was not."""
        cell = self.giving(name).cells.get(name)
        return cell.place if cell else self.row.place

    def is_written(self, *names: str) -> bool:
        return bool(self.giving(*names).cells)


def fill(levels: Levels, code: str, base: Base) -> tuple[Shot | None, list[Finding]]:
    """The shot, complete; None with errors among the findings when it cannot be made."""
    findings: list[Finding] = []
    fps: Fraction = levels.value("fps") or base.fps
    frame_in = levels.value("frame_in")
    first = FIRST_FRAME if frame_in is None else frame_in
    frames = _frames(levels, fps, first, findings)
    size = _size(levels, base.size, findings)
    media = _media(levels, base, findings)
    if frames is not None:
        _check_trims(levels, frames, base, findings)
    if frames is None or size is None or not media.get("still"):
        return None, findings
    inherited = {name: getattr(base.project, name) for name in _FROM_PROJECT}
    said = {name: value for name in _PLAIN if (value := levels.value(name)) is not None}
    if code != levels.value("code"):
        said["external_ids"] = {"code": levels.value("code")} | dict(said.get("external_ids", {}))
    shot = Shot(
        code=code,
        place=levels.row.place,
        fps=fps,
        nb_frames=frames,
        frame_in=first,
        width=size[0],
        height=size[1],
        metadata=levels.row.metadata,
        **(inherited | media | said),
    )
    return shot, findings


def _frames(levels: Levels, fps: Fraction, first: int, findings: list[Finding]) -> int | None:
    """Length in frames, from whichever of frames, duration and range was written."""
    if not levels.is_written(*LENGTH_FIELDS):
        findings.append(error(levels.row.place, "the shot has no length", "give duration or nb_frames"))
        return None
    entry = levels.giving(*LENGTH_FIELDS).entry
    counts: dict[str, int] = {}
    for name, length in (("nb_frames", entry.nb_frames), ("duration", entry.duration)):
        if length and (count := _tried(findings, levels.place(name), partial(length.frames_at, fps))):
            counts[name] = count
    if len(set(counts.values())) > 1:
        written = f"{entry.duration.text if entry.duration else ''} is {counts['duration']} frames at"
        problem = f"{written} {rate_text(fps)} fps, but {counts['nb_frames']} frames are given too"
        findings.append(error(levels.place("duration"), problem, "keep one of them"))
        return None
    if entry.frame_out is not None:
        _add_range(counts, entry.frame_out, first, levels, findings)
    frames = next(iter(counts.values()), None)
    if frames is not None and frames > LONG_S * fps:
        findings.append(_long(levels, frames / fps))
    return frames


def _add_range(counts: dict[str, int], last: int, first: int, levels: Levels, findings: list[Finding]) -> None:
    """A range counts its last frame; beside a stated length, one past the end is understood too."""
    span = last - first + 1
    stated = next(iter(counts.values()), None)
    if stated is None and span >= 1:
        counts["frame_out"] = span
    elif span < 1:
        problem = f"frame {last} lies before the first, {first}"
        findings.append(error(levels.place("frame_out"), problem, "check frame_in and frame_out"))
    elif stated not in {span, span - 1}:
        problem = f"{first} to {last} is {span} frames, but {stated} are given too"
        findings.append(error(levels.place("frame_out"), problem, "keep one of them"))


def _long(levels: Levels, seconds: Fraction) -> Finding:
    name = next(name for name in LENGTH_FIELDS if name in levels.giving(*LENGTH_FIELDS).cells)
    problem = f"{float(seconds):.0f} s is long for one shot"
    return Finding(Severity.WARNING, "shot.long", levels.place(name), problem, "check the unit, or split the shot")


def _check_trims(levels: Levels, frames: int, base: Base, findings: list[Finding]) -> None:
    """A trim shows no more than the handles hold, and leaves a frame."""
    handles = levels.value("handles")
    handles = base.project.handles if handles is None else handles
    trims = {name: levels.value(name) or 0 for name in ("trim_in", "trim_out")}
    for name, trim in trims.items():
        if -trim > handles:
            problem = f"{-trim} frames beyond the cut are more than its handles of {handles}"
            findings.append(error(levels.place(name), problem, "give it longer handles, or more frames"))
    if sum(trims.values()) >= frames:
        name = max(trims, key=lambda each: trims[each])
        findings.append(error(levels.place(name), f"nothing of {frames} frames is left", "trim less"))


def _size(levels: Levels, default: tuple[int, int], findings: list[Finding]) -> tuple[int, int] | None:
    """Pixels, from a resolution, an aspect, or the list."""
    entry = levels.giving(*FRAME_FIELDS).entry
    if entry.aspect is None:
        return entry.resolution or default
    if entry.resolution is None:
        return framed(default, entry.aspect)
    width, height = entry.resolution
    if abs(Fraction(width, height) / entry.aspect - 1) > Fraction(1, 50):
        problem = f"{width}x{height} has another aspect than is given here"
        findings.append(error(levels.place("aspect"), problem, "keep one of them"))
        return None
    return entry.resolution


def _media(levels: Levels, base: Base, findings: list[Finding]) -> dict[str, Any]:
    """Every file the shot names, as absolute paths or URLs."""
    found: dict[str, Any] = {}

    def located(name: str, written: str) -> str | None:
        def act() -> str:
            return resolve(_picture(written), base.folder, base.project.path_mapping, base.allowed)

        return _tried(findings, levels.place(name), act)

    for name in MEDIA_FIELDS:
        if written := levels.value(name):
            found[name] = located(name, written) or ""
    if references := levels.value("references"):
        found["references"] = tuple(located("references", written) or "" for written in references)
    if not levels.is_written("still"):
        findings.append(error(levels.row.place, "the shot has no still", "name the approved frame's file"))
    return found


def _picture(written: str) -> str:
    """`written`, unless it is a frame number: "start frame" means a picture to some and a number to others."""
    if written.isdigit():
        raise BadValue(f"{quoted(written)} is a number, not a file", "map the column to frame_in, or name the file")
    return written


def _tried(findings: list[Finding], place: Place, act: Callable[[], T]) -> T | None:
    """What `act` gives; None, and a finding at `place`, for a bad value."""
    try:
        return act()
    except BadValue as failure:
        findings.append(error(place, failure.problem, failure.remedy))
        return None
