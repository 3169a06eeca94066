"""JSON as cells: the standard decoder, told to keep numbers as text and to remember where values begin."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from json import decoder, scanner
from typing import Any, TypeAlias, cast

from farm.findings import Place
from farm.shots.reading.cells import MAX_DEPTH, Cell, refuse
from farm.shots.reading.values import quoted, shown

Scan: TypeAlias = Callable[[str, int], tuple[Any, int]]


def json_cells(text: str, file: str) -> Cell:
    """The document in `text`. Raises `DocumentError`."""
    line_starts = [0, *(found.end() for found in re.finditer("\n", text))]
    try:
        return _cell(_MarkingDecoder().decode(text), file, "", line_starts)
    except json.JSONDecodeError as failure:
        at = Place(file, failure.lineno)
        raise refuse(at, f"not readable as JSON: {failure.msg.lower()}", "check quotes and commas") from None
    except RecursionError:
        raise refuse(Place(file), f"nested more than {MAX_DEPTH} deep", "a shot list is flat") from None


@dataclass(frozen=True, slots=True)
class _At:
    """A JSON value, and the offset where it begins."""

    value: Any
    start: int


class _MarkingDecoder(json.JSONDecoder):
    """The standard decoder, numbers kept as text and every value of a list or object wrapped in `_At`."""

    def __init__(self) -> None:
        super().__init__(parse_float=str, parse_int=str, parse_constant=str, object_pairs_hook=_Pairs)
        self.parse_object: Any = _parse_object
        self.parse_array: Any = _parse_array
        plain_scanner: Any = scanner
        self.scan_once = _marking(plain_scanner.py_make_scanner(self))


def _parse_object(at: Any, strict: bool, scan: Scan, *rest: Any) -> Any:
    plain: Any = decoder
    return plain.JSONObject(at, strict, _marking(scan), *rest)


def _parse_array(at: Any, scan: Scan) -> Any:
    plain: Any = decoder
    return plain.JSONArray(at, _marking(scan))


def _marking(scan: Scan) -> Callable[[str, int], tuple[_At, int]]:
    def marked(text: str, start: int) -> tuple[_At, int]:
        value, end = scan(text, start)
        return _At(value, start), end

    return marked


class _Pairs(list[tuple[str, _At]]):
    """An object's members, told apart from a list."""


def _cell(found: _At, file: str, path: str, line_starts: list[int]) -> Cell:
    place = Place(file, bisect_right(line_starts, found.start), path or None)
    if path.count(".") + path.count("[") > MAX_DEPTH:
        raise refuse(place, f"nested more than {MAX_DEPTH} deep", "a shot list is flat")
    match found.value:
        case _Pairs() as members:
            pairs: dict[str, Cell] = {}
            for key, item in members:
                if key in pairs:
                    raise refuse(place, f"{quoted(key)} stands twice", "keep one of them")
                below = f"{path}.{shown(key)}" if path else shown(key)
                pairs[key] = _cell(item, file, below, line_starts)
            return Cell(pairs, place)
        case list():
            listed = cast("list[_At]", found.value)
            return Cell(tuple(_cell(item, file, f"{path}[{i}]", line_starts) for i, item in enumerate(listed)), place)
        case bool():
            return Cell("yes" if found.value else "no", place)
        case _:
            return Cell(found.value, place)
