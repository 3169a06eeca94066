"""An `.otio` document, from its JSON to OTIO's own objects.

    text ──json, depth looked at──▶ plain values ──by "OTIO_SCHEMA"──▶ Timeline, Track, Clip…

Built here, object by object, because OTIO's parser is not one for files from elsewhere: it ends the whole process at
documents that are broken in the wrong place, or nested too deep. What the farm makes nothing of is passed over: other
people's metadata, unknown effects (they count as effects), unknown things on a track (they count as a nest).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from importlib import import_module
from typing import Any, cast

from farm.findings import Place
from farm.shots.reading.cells import refuse

MAX_DEPTH = 100
METADATA = ("farm", "fcp_xml", "cmx_3600")
"""Whose metadata is kept."""

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]')
_SCHEMA = re.compile(r"(\w{1,64})\.\d{1,4}", re.ASCII)


def opentimelineio() -> Any:
    """The library, which knows no types, imported when it is needed: it takes a moment."""
    return import_module("opentimelineio")


def parsed(text: str, place: Place) -> Any:
    """The JSON in `text`. Raises `DocumentError`."""
    depth = 0
    for token in _TOKEN.finditer(text):
        letter = token[0][0]
        depth += (letter in "[{") - (letter in "]}")
        if depth > MAX_DEPTH:
            raise refuse(place, f"nested more than {MAX_DEPTH} deep", "unnest sequences and export again")
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as failure:
        row = failure.lineno if isinstance(failure, json.JSONDecodeError) else None
        said = failure.msg.lower() if isinstance(failure, json.JSONDecodeError) else "a number is too long"
        raise refuse(Place(place.file, row), f"not readable as OpenTimelineIO: {said}", "export it again") from None


def built(raw: object) -> Any:
    """The object of a parsed document. Raises ValueError, TypeError and their like for what makes none."""
    match schema(raw):
        case "Timeline":
            return _timeline(_fields(raw))
        case "SerializableCollection":
            made = opentimelineio().schema.SerializableCollection()
            for child in _items(raw, "children"):
                if schema(child) == "Timeline":
                    made.append(built(child))
            return made
        case name:
            raise ValueError(f"it holds a {name}, and no timeline" if name else "it holds no timeline")


def schema(raw: object) -> str:
    """The name of an object's schema, without its version; "" for what is none."""
    found = _SCHEMA.fullmatch(str(_fields(raw).get("OTIO_SCHEMA", "")))
    return found[1] if found else ""


def _timeline(raw: Mapping[str, Any]) -> Any:
    start = raw.get("global_start_time")
    made = opentimelineio().schema.Timeline(
        name=_text(raw, "name"), global_start_time=None if start is None else _time(start), metadata=_metadata(raw)
    )
    for child in _items(raw.get("tracks"), "children"):
        if schema(child) in {"Track", "Sequence"}:
            made.tracks.append(_track(_fields(child)))
    return made


def _track(raw: Mapping[str, Any]) -> Any:
    made = opentimelineio().schema.Track(name=_text(raw, "name"), kind=_text(raw, "kind"))
    for child in _items(raw, "children"):
        made.append(_item(_fields(child), schema(child)))
    return made


def _item(raw: Mapping[str, Any], name: str) -> Any:
    otio = opentimelineio()
    if name == "Transition":
        offsets = {each: _time(raw.get(each)) for each in ("in_offset", "out_offset")}
        return otio.schema.Transition(name=_text(raw, "name"), **offsets)
    given: dict[str, Any] = {"name": _text(raw, "name"), "source_range": _range(raw.get("source_range"))}
    if name in {"Gap", "Filler"}:
        return otio.schema.Gap(**given)
    if name != "Clip":
        return otio.schema.Stack(**given) if given["source_range"] else _nest(raw, given["name"])
    made = otio.schema.Clip(
        **given,
        media_reference=_media(raw),
        metadata=_metadata(raw),
        markers=[_marker(_fields(each)) for each in _items(raw, "markers")],
        effects=[_effect(_fields(each), schema(each)) for each in _items(raw, "effects")],
    )
    made.enabled = raw.get("enabled", True) is not False
    return made


def _nest(raw: Mapping[str, Any], name: str) -> Any:
    """A nested sequence without a range of its own: as long as the longest of what it holds."""
    inner = [_track(_fields(each)) for each in _items(raw, "children") if schema(each) == "Track"]
    tracks = inner or [_track(raw)]
    return opentimelineio().schema.Stack(name=name, children=tracks)


def _media(raw: Mapping[str, Any]) -> Any:
    """The reference that is in use, of a clip of the old kind or of the new."""
    otio = opentimelineio()
    several = raw.get("media_references")
    found = raw.get("media_reference") if several is None else _fields(several).get(_active(raw))
    fields, known = _fields(found), _range(_fields(found).get("available_range"))
    match schema(found):
        case "ExternalReference":
            return otio.schema.ExternalReference(target_url=_text(fields, "target_url"), available_range=known)
        case "GeneratorReference":
            return otio.schema.GeneratorReference(generator_kind=_text(fields, "generator_kind"), available_range=known)
        case "ImageSequenceReference":
            texts = {name: _text(fields, name) for name in ("target_url_base", "name_prefix", "name_suffix")}
            return otio.schema.ImageSequenceReference(**texts, available_range=known)
        case _:
            return otio.schema.MissingReference(available_range=known)


def _active(raw: Mapping[str, Any]) -> str:
    return _text(raw, "active_media_reference_key") or "DEFAULT_MEDIA"


def _marker(raw: Mapping[str, Any]) -> Any:
    return opentimelineio().schema.Marker(
        name=_text(raw, "name"), comment=_text(raw, "comment"), metadata=_metadata(raw)
    )


def _effect(raw: Mapping[str, Any], name: str) -> Any:
    otio = opentimelineio()
    match name:
        case "FreezeFrame":
            return otio.schema.FreezeFrame()
        case "LinearTimeWarp":
            return otio.schema.LinearTimeWarp(time_scalar=float(raw.get("time_scalar", 1.0)))
        case "TimeEffect":
            return otio.schema.TimeEffect()
        case _:
            return otio.schema.Effect(metadata=_metadata(raw))


def _time(raw: object) -> Any:
    fields = _fields(raw)
    return opentimelineio().opentime.RationalTime(float(fields.get("value", 0)), float(fields.get("rate", 0)))


def _range(raw: object) -> Any:
    if raw is None:
        return None
    fields = _fields(raw)
    return opentimelineio().opentime.TimeRange(_time(fields.get("start_time")), _time(fields.get("duration")))


def _metadata(raw: Mapping[str, Any]) -> dict[str, Any]:
    """What the farm and the formats it reads keep beside an object, as far as it is text and numbers."""
    found = _fields(raw.get("metadata"))
    return {name: _plain(found[name]) for name in METADATA if name in found}


def _plain(value: Any) -> Any:
    match value:
        case dict():
            return {name: _plain(each) for name, each in cast("dict[str, Any]", value).items()}
        case list():
            return [_plain(each) for each in cast("list[Any]", value)]
        case int() if abs(value) > 2**53:
            return str(value)
        case _:
            return value


def _fields(raw: object) -> Mapping[str, Any]:
    return cast("dict[str, Any]", raw) if isinstance(raw, dict) else {}


def _items(raw: object, name: str) -> list[Any]:
    found = _fields(raw).get(name)
    return cast("list[Any]", found) if isinstance(found, list) else []


def _text(raw: Mapping[str, Any], name: str) -> str:
    """Text, without the broken halves of letters that no other program takes."""
    found = raw.get(name)
    return found.encode("utf-8", "replace").decode() if isinstance(found, str) else ""
