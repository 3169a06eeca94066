"""A folder of stills whose names say what they are of, as a shot list to edit.

    stills/lake_sq010-sh010_v002.png ─┐ template            newest version of each shot
    stills/lake_sq010-sh010_v001.png ─┼─▶ Named ──▶ Found ──▶ one row a shot ──▶ shots.csv
    stills/notes.png ─────────────────┘     └────▶ what could not be read, and why

Names are read by `farm.shots.reading.names`; a template with folders is held against the path below the folder, one
without against the file's name wherever it lies. What a dot sets apart behind the name says what a picture is for:
`…_v002.mask.png`, `.depth`, `.end`. Two frames of one version, 1001 and 1096, are a start and an end, and a length.
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from farm.errors import InputError
from farm.shots.reading import timing
from farm.shots.reading.draft import MAX_SHOTS
from farm.shots.reading.names import example, read_template, readings
from farm.shots.reading.values import BadValue, quoted

SUFFIXES = (".psd", ".tif", ".tiff", ".png", ".webp", ".jpg", ".jpeg")
"""Of pictures that a still may be; of two files of one name the first of these is taken."""
ROLES = ("mask", "depth", "end")
"""What a picture beside a still may be for: a column of the list."""
FILES_MAX = 5 * MAX_SHOTS

_FRAME = re.compile(r"(?P<name>.+)\.(?P<frame>\d{3,9})")
_GROUP = ("episode", "sequence", "scene", "shot")


@dataclass(frozen=True, slots=True)
class Named:
    """A picture whose name was read."""

    path: str
    """Below the folder, with slashes."""
    fields: Mapping[str, str | int]
    role: str = ""
    """"" for a still."""

    @property
    def shot(self) -> tuple[str, ...]:
        return tuple(str(self.fields.get(name, "")) for name in _GROUP)

    @property
    def version(self) -> int:
        return _number(self.fields.get("version"))

    @property
    def frame(self) -> int:
        return _number(self.fields.get("frame"))


@dataclass(frozen=True, slots=True)
class Found:
    """What lies in a folder, as rows of a shot list."""

    rows: tuple[Mapping[str, str], ...]
    unread: Mapping[str, str] = field(default_factory=dict[str, str])
    """Pictures that are in no row, and why."""
    older: int = 0
    """Pictures of versions that newer ones replace."""


def look_through(folder: Path, template: str, *, project: str = "", length: str = "3", beside: Path) -> Found:
    """The shots in `folder`, by the template that named its pictures; paths are relative to the folder `beside`.

    `project` is what the names say where they name a project; `length` is given to shots whose frames tell none.
    Raises `InputError` for a folder that cannot be read, a bad template, and pictures of which no name fits.
    """
    try:
        plain = read_template(template)
    except BadValue as error:
        raise InputError(f"--template {error.problem} ({error.remedy})") from None
    try:
        timing.length(length)
    except BadValue as error:
        raise InputError(f"--duration {error.problem} ({error.remedy})") from None
    known = {"project": project} if project else {}
    named: list[Named] = []
    unread: dict[str, str] = {}
    for path in _pictures(folder):
        found = _named(path, plain, known)
        if isinstance(found, Named):
            named.append(found)
        else:
            unread[path] = found
    if not named:
        raise InputError(_nothing(folder, unread, plain))
    newest, older = _newest(named)
    shots = _by_shot(newest, unread)
    relative = os.path.relpath(folder, beside)
    rows = tuple(_row(shots[shot], relative, length) for shot in sorted(shots))
    return Found(rows, dict(sorted(unread.items())), older)


def as_csv(rows: Sequence[Mapping[str, str]]) -> str:
    """The rows as a shot list: every column that some row fills, and an empty Prompt to write into."""
    columns = [name for name in COLUMNS if name == "Prompt" or any(row.get(name) for row in rows)]
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


COLUMNS = (
    "Project", "Episode", "Sequence", "Scene", "Shot", "Still", "End", "Mask", "Depth", "Duration", "Frames",
    "Frame in", "Prompt", "Notes",
)  # fmt: skip


def _pictures(folder: Path) -> Iterator[str]:
    """Every picture below a folder, hidden ones left out, in the order of their paths."""
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder of this machine (name the folder where the stills lie)")
    paths = (path for path in sorted(folder.rglob("*")) if path.suffix.lower() in SUFFIXES and path.is_file())
    for count, path in enumerate(paths):
        if count == FILES_MAX:
            raise InputError(f"{folder} holds more than {FILES_MAX} pictures (import a part of it)")
        below = path.relative_to(folder).as_posix()
        if not any(step.startswith(".") for step in below.split("/")):
            yield below


def _named(path: str, template: str, known: Mapping[str, str]) -> Named | str:
    """A picture by its name; in words why its name cannot be read."""
    stem = path[: path.rindex(".")] if "/" in template else Path(path).stem
    role = next((role for role in ROLES if stem.lower().endswith(f".{role}")), "")
    stem = stem[: len(stem) - len(role) - 1] if role else stem
    found = readings(template, stem, known)
    if not found and (numbered := _FRAME.fullmatch(stem)):
        found = [{**each, "frame": int(numbered["frame"])} for each in readings(template, numbered["name"], known)]
    if len(found) == 1:
        return Named(path, found[0], role)
    return f"can be read in two ways: {_told(found)}" if found else f"is no {template}"


def _told(found: Sequence[Mapping[str, str | int]]) -> str:
    names = [name for name in found[0] if found[0][name] != found[1].get(name)]
    return ", or ".join(" and ".join(f"{name} {quoted(str(each.get(name, '')))}" for name in names) for each in found)


def _newest(named: Iterable[Named]) -> tuple[list[Named], int]:
    """Of every shot the pictures of its newest version, masks and the like by versions of their own."""
    groups: dict[tuple[object, ...], list[Named]] = defaultdict(list)
    for each in named:
        groups[each.shot, each.role].append(each)
    newest: list[Named] = []
    older = 0
    for group in groups.values():
        version = max(each.version for each in group)
        kept = [each for each in group if each.version == version]
        older += len(group) - len(kept)
        newest += kept
    return newest, older


@dataclass(slots=True)
class _Shot:
    stills: list[Named] = field(default_factory=list[Named])
    roles: dict[str, Named] = field(default_factory=dict[str, Named])


def _by_shot(named: Iterable[Named], unread: dict[str, str]) -> dict[tuple[str, ...], _Shot]:
    """The pictures of each shot, one of each kind and frame; shots without a still are `unread`."""
    shots: dict[tuple[str, ...], _Shot] = defaultdict(_Shot)
    for each in sorted(named, key=_preferred):
        shot = shots[each.shot]
        same = shot.roles.get(each.role) if each.role else _of_frame(shot.stills, each.frame)
        if same:
            unread[each.path] = f"says the same as {same.path}, which is taken"
        elif each.role:
            shot.roles[each.role] = each
        else:
            shot.stills.append(each)
    for shot in shots.values():
        between = shot.stills[1:-1]
        unread |= {each.path: "is a frame between the first and the last, which are taken" for each in between}
    for lone in [shot for shot in shots if not shots[shot].stills]:
        unread |= {each.path: f"is for shot {lone[-1]}, which has no still" for each in shots.pop(lone).roles.values()}
    return shots


def _of_frame(stills: Iterable[Named], frame: int) -> Named | None:
    return next((each for each in stills if each.frame == frame), None)


def _preferred(each: Named) -> tuple[object, ...]:
    """Frames in order, then formats that hold more, then paths."""
    return each.shot, each.frame, SUFFIXES.index(Path(each.path).suffix.lower()), each.path


def _row(shot: _Shot, relative: str, length: str) -> dict[str, str]:
    first, last = shot.stills[0], shot.stills[-1]
    fields = first.fields
    row = {name.capitalize(): str(fields.get(name, "")) for name in ("project", *_GROUP)}
    row["Still"] = _beside(relative, first.path)
    row |= {role.capitalize(): _beside(relative, each.path) for role, each in shot.roles.items()}
    if last is not first:
        row.setdefault("End", _beside(relative, last.path))
        row["Frames"] = str(last.frame - first.frame + 1)
    else:
        row["Duration"] = length
    if "frame" in fields:
        row["Frame in"] = str(first.frame)
    if first.version:
        row["Notes"] = f"still v{first.version:03d}"
    return row


def _beside(relative: str, path: str) -> str:
    return path if relative == "." else f"{Path(relative).as_posix()}/{path}"


def _nothing(folder: Path, unread: Mapping[str, str], template: str) -> str:
    wanted = f"the template reads names such as {example(template)}"
    if not unread:
        return f"there are no pictures in {folder} ({wanted}.png)"
    path, why = next(iter(unread.items()))
    return f"none of {len(unread)} pictures in {folder} can be read; {path} {why} ({wanted}{Path(path).suffix})"


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
