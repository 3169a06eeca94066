"""A submission: everything a job needs, without the disk of whoever submitted it, as one JSON document.

    list + project + assets + refused shots ──▶ Submission ──document()──▶ JSON: Job.document, a request's body
                                                    ▲                        │
                                                    └────────read()──────────┘     checked, as it may come from anywhere

Each entry of "shots" is one shot: its fields without those that equal their default, its place in words as "row" (for
people and the catalog), and either the "assets" it is made from, as digest/name, or why it is "refused". An asset's
key is not written but computed, so that no document can point at anything but what was taken in.

A document says with "schema_version" the oldest version that can read it. A newer one is refused, and so is a setting
this version does not know: leaving it out could render something else than was asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, cast

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from farm.config import Project
from farm.errors import InputError
from farm.shots.model import Reroll, Shot, ShotList
from farm.shots.naming import clash
from farm.shots.reading.schema import MEDIA_FIELDS, Entry, ListEntry, ShotEntry
from farm.shots.reading.values import MAX_TEXT
from farm.tasks import Asset, asset_key

SCHEMA_VERSION = 1

DRAFT = "draft"
"""What a draft's clips are delivered as, and what its list is called after its name."""

SHOTS_MAX = 50_000
FRAMES_MAX = 600 * 240
"""Ten minutes at the highest rate: the longest shot that a list can ask for."""
TAKES_MAX = 64
"""Of a shot by one model, rerolls counted in."""
SIDE_MAX = 8192
"""Pixels."""

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_FRACTION = re.compile(r"\d{1,40}(/\d{1,40})?", re.ASCII)
_ASSET = re.compile(r"([0-9a-f]{64})/((?:still|sound)(?:\.[a-z0-9]{1,8})?)", re.ASCII)
_ROLE = re.compile(r"still|end|mask|depth|audio|music|reference_[1-9]\d{0,2}", re.ASCII)
_FRACTIONS = frozenset({"fps", "budget"})
_PATHS = frozenset({*MEDIA_FIELDS, "references"})
_WRITTEN = frozenset(ShotEntry.model_fields) & frozenset(Shot.__dataclass_fields__) - _FRACTIONS - _PATHS - {
    "nb_frames"
}
"""Fields that a list's reader can judge as they stand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What a job was submitted with."""

    shot_list: ShotList
    project: Project = field(default_factory=Project)
    """The settings it was made under."""
    assets: Mapping[str, Mapping[str, Asset]] = field(default_factory=dict[str, Mapping[str, Asset]])
    """By shot code, of every shot that is not refused: `still`, and where given `end`, `mask`, `reference_1`…"""
    music: Mapping[str, Asset] = field(default_factory=dict[str, Asset])
    """By sequence; "" is the whole list's."""
    refused: Mapping[str, str] = field(default_factory=dict[str, str])
    """Shots that cannot run, and why."""
    only: frozenset[str] | None = None
    """The shots to render; None for all."""
    warnings: tuple[str, ...] = ()
    """What the list and its stills could do better."""
    draft: bool = False
    """True for a quick look: half the size, one take, names of its own."""

    def document(self) -> dict[str, JsonValue]:
        """The submission as JSON, defaults left out."""
        listed = cast(
            "dict[str, Any]", _Listed(shot_list=self.shot_list).model_dump(mode="json", exclude_defaults=True)
        )
        entries = listed["shot_list"].pop("shots", [])
        shots = [self._entry(shot, said) for shot, said in zip(self.shot_list.shots, entries, strict=True)]
        around = _Outer(only=self.only, warnings=self.warnings, draft=self.draft).model_dump(
            mode="json", exclude_defaults=True
        )
        if settings := _settings(self.project):
            around["settings"] = settings
        if self.music:
            around["music_files"] = {key: f"{file.digest}/{file.name}" for key, file in sorted(self.music.items())}
        if self.only is not None:
            around["only"] = sorted(self.only)
        return {"schema_version": SCHEMA_VERSION, **listed["shot_list"], **around, "shots": shots}

    def _entry(self, shot: Shot, said: dict[str, JsonValue]) -> JsonValue:
        entry: dict[str, JsonValue] = {**said, "row": str(shot.place)}
        if shot.code in self.refused:
            entry["refused"] = self.refused[shot.code]
        if shot.code in self.assets:
            entry["assets"] = {role: f"{file.digest}/{file.name}" for role, file in self.assets[shot.code].items()}
        return entry

    @classmethod
    def read(cls, document: Mapping[str, JsonValue]) -> Submission:
        """The submission of a document. Raises `InputError`, which names the place, for one that cannot be used."""
        _check_version(document.get("schema_version"))
        _check_text(document)
        told = dict(document)
        entries = _entries(told.pop("shots", None))
        del told["schema_version"]
        outer = {name: told.pop(name) for name in _Outer.model_fields if name in told}
        own = [{name: entry.pop(name) for name in _Own.model_fields if name in entry} for entry in entries]
        try:
            around = _Outer.model_validate(outer)
            shot_list = _Listed.model_validate({"shot_list": {**told, "shots": entries}}).shot_list
            beside = [_Own.model_validate(each) for each in own]
        except ValidationError as error:
            raise InputError(_told(error)) from None
        _check_list(shot_list, draft=around.draft)
        for at, (shot, said) in enumerate(zip(shot_list.shots, entries, strict=True)):
            _check_shot(shot, said, f"shots[{at}]")
        if wrong := clash(around.settings.naming, around.settings.path, shot_list.name, shot_list.shots):
            raise _bad("settings", f"name too little: {wrong.problem} ({wrong.remedy})")
        codes = {shot.code for shot in shot_list.shots}
        if around.only is not None and not around.only <= codes:
            raise _bad("only", f"names shots that the list does not have: {', '.join(sorted(around.only - codes))}")
        return cls(
            shot_list=shot_list,
            project=around.settings,
            assets=dict(_assets(shot_list, beside)),
            music={
                key: _asset(shot_list.project, "music", written, "music_files")
                for key, written in around.music_files.items()
            },
            refused={
                shot.code: each.refused
                for shot, each in zip(shot_list.shots, beside, strict=True)
                if each.refused is not None
            },
            only=around.only,
            warnings=around.warnings,
            draft=around.draft,
        )

    def rerolled(self, code: str, reroll: Reroll) -> Submission:
        """With more takes of a shot. Raises `InputError` where it cannot have them."""
        codes = [shot.code for shot in self.shot_list.shots]
        if code not in codes:
            raise InputError(f"{self.shot_list.name} has no shot {code}")
        if code in self.refused:
            raise InputError(f"shot {code} cannot be made at all: {self.refused[code]}")
        shots = list(self.shot_list.shots)
        at = codes.index(code)
        shot = shots[at]
        if reroll.request in {known.request for known in shot.rerolls}:
            return self
        shots[at] = replace(shot, rerolls=(*shot.rerolls, reroll))
        _check_rerolls(shots[at], f"shot {code}: rerolls")
        return replace(self, shot_list=replace(self.shot_list, shots=tuple(shots)))


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Listed(_Part):
    """The list with its shots; what they do not know is refused with the rest."""

    shot_list: ShotList


class _Outer(_Part):
    """What the document says beside the list."""

    settings: Project = Project()
    only: frozenset[str] | None = None
    warnings: tuple[str, ...] = ()
    draft: bool = False
    music_files: Mapping[str, str] = {}


class _Own(_Part):
    """What a shot's entry says beside the shot."""

    row: str = ""
    assets: Mapping[str, str] | None = None
    refused: str | None = None


def _settings(entry: Entry) -> dict[str, JsonValue]:
    """What differs from the defaults."""
    defaults = type(entry)()
    said = {name: getattr(entry, name) for name in type(entry).model_fields}
    return {name: _plain(value) for name, value in said.items() if value != getattr(defaults, name)}


def _plain(value: Any) -> JsonValue:
    """A setting as its reader takes it."""
    match value:
        case Fraction():
            return _written(value)
        case Entry():
            return cast("JsonValue", _settings(value))
        case tuple():
            return [_plain(item) for item in cast("tuple[Any, ...]", value)]
        case _:
            return value


def _written(value: Fraction) -> str:
    """An exact number: a decimal where it is one, as in 0.1, else a quotient, as in 24000/1001."""
    left, places = value.denominator, 0
    while left % 10 == 0 or left % 5 == 0 or left % 2 == 0:
        left //= 10 if left % 10 == 0 else 5 if left % 5 == 0 else 2
        places += 1
    if left != 1 or not places:
        return str(value)
    digits = str(value.numerator * 10**places // value.denominator).rjust(places + 1, "0")
    return f"{digits[:-places]}.{digits[-places:]}"


def _check_version(version: object) -> None:
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise _bad("schema_version", "is missing or no number (was this document made by farm?)")
    if version > SCHEMA_VERSION:
        raise InputError(
            f"this job was submitted by a newer farm: its document has version {version}, and this farm reads"
            f" {SCHEMA_VERSION} (update the driver, or submit with its own version)"
        )


def _check_text(document: Mapping[str, JsonValue]) -> None:
    """No control characters anywhere, which would reach somebody's terminal, and no halves of others."""
    left: list[tuple[str, object]] = [("", document)]
    while left:
        where, value = left.pop()
        match value:
            case str():
                if _CONTROL.search(value):
                    raise _bad(where.lstrip("."), "holds a control character")
            case Mapping():
                inner = cast("Mapping[str, object]", value)
                left += [(where, name) for name in inner]
                left += [(f"{where}.{name}", item) for name, item in inner.items()]
            case list():
                left += [(f"{where}[{at}]", item) for at, item in enumerate(cast("list[object]", value))]
            case _:
                pass


def _entries(shots: object) -> list[dict[str, JsonValue]]:
    if not isinstance(shots, list):
        raise _bad("shots", "is missing or no list")
    entries = cast("list[object]", shots)
    if len(entries) > SHOTS_MAX:
        raise _bad("shots", f"are {len(entries)}, and a job takes {SHOTS_MAX} (split the list)")
    found: list[dict[str, JsonValue]] = []
    for at, entry in enumerate(entries):
        if not isinstance(entry, dict):
            raise _bad(f"shots[{at}]", "is no shot")
        found.append(dict(cast("dict[str, JsonValue]", entry)))
        _check_fractions(found[-1], f"shots[{at}].")
    return found


def _check_fractions(said: Mapping[str, JsonValue], where: str) -> None:
    """Numbers are exact text of bounded length: "1e999999999" is one too, and would take all memory there is."""
    for name in _FRACTIONS & said.keys():
        value = said[name]
        if value is not None and not (isinstance(value, str) and _FRACTION.fullmatch(value)):
            raise _bad(f"{where}{name}", "is no exact number such as 24 or 24000/1001")


def _check_list(shot_list: ShotList, *, draft: bool) -> None:
    name = shot_list.name.removesuffix(f"-{DRAFT}") if draft else shot_list.name
    try:
        ListEntry(project=shot_list.project, name=name, seed=shot_list.seed)
    except ValidationError as error:
        raise InputError(_told(error)) from None
    _check_frame(shot_list, "")
    codes = [shot.code for shot in shot_list.shots]
    if len(set(codes)) != len(codes):
        raise _bad("shots", "have a code twice")


def _check_shot(shot: Shot, said: Mapping[str, JsonValue], where: str) -> None:
    """Refuse what no list could have said."""
    present = {name: getattr(shot, name) for name in _WRITTEN & said.keys()}
    try:
        ShotEntry.model_validate(present)
    except ValidationError as error:
        raise InputError(_told(error, where)) from None
    _check_frame(shot, f"{where}.")
    if not 1 <= shot.nb_frames <= FRAMES_MAX:
        raise _bad(f"{where}.nb_frames", f"is not between 1 and {FRAMES_MAX}")
    if shot.length < 1 or min(shot.trim_in, shot.trim_out) < -shot.handles:
        raise _bad(where, "is trimmed to nothing, or beyond its handles")
    if not shot.takes or not shot.models or not shot.targets:
        raise _bad(where, "needs a take, a model and a target at least")
    _check_rerolls(shot, f"{where}.rerolls")
    for text in (shot.still, shot.end, shot.mask, shot.depth, *shot.references, shot.driving_video, shot.audio):
        if len(text) > MAX_TEXT:
            raise _bad(where, "has a path that is too long")
    if any(len(text) > MAX_TEXT for text in shot.metadata.values()):
        raise _bad(f"{where}.metadata", "holds a text that is too long")


def _check_rerolls(shot: Shot, where: str) -> None:
    if any(reroll.takes < 1 or len(reroll.prompt) > MAX_TEXT for reroll in shot.rerolls):
        raise _bad(where, "ask for no take, or have a prompt that is too long")
    if shot.takes + sum(reroll.takes for reroll in shot.rerolls) > TAKES_MAX:
        raise _bad(where, f"make more than the {TAKES_MAX} takes that a shot can have of a model (copy the shot)")


def _check_frame(asked: Shot | ShotList, where: str) -> None:
    if not 1 <= asked.fps <= 240:
        raise _bad(f"{where}fps", "is not between 1 and 240 frames per second")
    for name, side in (("width", asked.width), ("height", asked.height)):
        if side % 2 or not 2 <= side <= SIDE_MAX:
            raise _bad(f"{where}{name}", f"is no even number of pixels from 2 to {SIDE_MAX}")


def _assets(shot_list: ShotList, beside: Iterable[_Own]) -> Iterable[tuple[str, dict[str, Asset]]]:
    for at, (shot, own) in enumerate(zip(shot_list.shots, beside, strict=True)):
        if own.refused is None and "still" not in (own.assets or {}):
            raise _bad(f"shots[{at}].assets", "has no still, and the shot is not refused")
        if own.assets is not None:
            yield (
                shot.code,
                {
                    role: _asset(shot_list.project, role, written, f"shots[{at}].assets")
                    for role, written in own.assets.items()
                },
            )


def _asset(project: str, role: str, written: str, where: str) -> Asset:
    found = _ASSET.fullmatch(written)
    if not found or not _ROLE.fullmatch(role):
        raise _bad(where, f"{role!r} is no file that was taken in")
    digest, name = found.groups()
    return Asset(digest=digest, name=name, key=asset_key(project, digest, name))


def _told(error: ValidationError, where: str = "") -> str:
    """The first thing that is wrong, with its place."""
    first = error.errors(include_url=False, include_input=False)[0]
    steps = [f"[{step}]" if isinstance(step, int) else f".{step}" for step in first["loc"] if step != "shot_list"]
    place = (where + "".join(steps)).lstrip(".")
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return f"the job's document cannot be used: {place}: {first['msg']}{more}"


def _bad(place: str, problem: str) -> InputError:
    return InputError(f"the job's document cannot be used: {place} {problem}")
