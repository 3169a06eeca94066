"""A shot as a shot list would write it: the way back from a `Shot` to columns of text.

    Shot ──told──▶ {"prompt": "slow push in", "handles": "8", "models": "animatic, wan"} ──farm.shots.load──▶ Shot

Only what differs from a list that says nothing; files, lengths and what concerns the farm's work alone are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from enum import StrEnum
from typing import Any, cast

from farm.shots.model import Shot
from farm.shots.reading.schema import LENGTH_FIELDS, MEDIA_FIELDS, ShotEntry

_UNTOLD = frozenset(
    {
        *LENGTH_FIELDS,
        *MEDIA_FIELDS,
        "code",
        "references",
        "cut_order",
        "fps",
        "priority",
        "budget",
        "status",
        "select",
        "trim_in",
        "trim_out",
    }
)
_TOLD = tuple(each for each in fields(Shot) if each.name in ShotEntry.model_fields and each.name not in _UNTOLD)


def told(shot: Shot, size: tuple[int, int]) -> dict[str, str]:
    """Fields of `ShotEntry` and their text; `size` is the list's, in pixels."""
    found = {each.name: _text(value) for each in _TOLD if (value := getattr(shot, each.name)) != _default(each)}
    if (shot.width, shot.height) != size:
        found["resolution"] = f"{shot.width}x{shot.height}"
    return found


def _default(field: Field[Any]) -> object:
    return field.default if field.default_factory is MISSING else field.default_factory()


def _text(value: object) -> str:
    match value:
        case StrEnum():
            return value.value
        case bool():
            return "yes" if value else "no"
        case tuple():
            return "; ".join(map(str, cast("tuple[object, ...]", value)))
        case Mapping():
            return "; ".join(f"{key}={item}" for key, item in cast("Mapping[object, object]", value).items())
        case _:
            return str(value)
