"""Cells merged in a spreadsheet, read as a person reads them.

    | SQ010 | sh010 |        merged downwards: the value holds for every row beside it
    |       | sh020 |
    | INT. LAKE, NIGHT |     merged across, and nothing else in the row: a heading among shots, not a shot

A workbook keeps the value in the first cell of a range, and lists the ranges after the cells.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

MAX_RANGES = 20_000
"""Ranges of a sheet that are looked at."""
MAX_FILLED = 1_000_000
"""Cells that may lie below others; ranges of a sane sheet do not overlap, and come nowhere near."""

_RANGE = re.compile(r"([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})")


@dataclass(frozen=True, slots=True)
class Broken:
    """A cell whose value cannot be known."""

    cell: str
    """Its name in the sheet: "B7"."""
    problem: str
    remedy: str


Record: TypeAlias = "tuple[int, list[str | Broken]]"
"""A row's number, and its values."""


@dataclass(frozen=True, slots=True)
class Merge:
    """A range of cells that looks like one. Rows count from 1, columns from 0; both ends are inside."""

    first_row: int
    last_row: int
    first_column: int
    last_column: int


def merges_of(sheet: Any) -> list[Merge]:
    """The merged ranges of a sheet that openpyxl has opened for reading only, which it does not tell itself."""
    from openpyxl.xml.functions import iterparse

    found: list[Merge] = []
    with sheet._get_source() as source:
        for _, element in iterparse(source):
            if element.tag.rpartition("}")[2] == "mergeCell" and len(found) < MAX_RANGES:
                found += [merge for merge in [_merge(element.get("ref") or "")] if merge]
            element.clear()
    return found


def _merge(ref: str) -> Merge | None:
    match = _RANGE.fullmatch(ref)
    return match and Merge(int(match[2]), int(match[4]), _column(match[1]), _column(match[3]))


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def merged_rows(rows: Sequence[Record], merges: Sequence[Merge]) -> tuple[list[Record], list[Record]]:
    """The rows with values merged downwards filled in, and apart from them the headings merged across columns."""
    across = {(merge.first_row, merge.first_column) for merge in merges if merge.last_column > merge.first_column}
    headings = [(number, values) for number, values in rows if _is_heading(number, values, across)]
    apart = {number for number, _ in headings}
    held = {number: values for number, values in rows if number not in apart}
    numbers, filled = sorted(held), 0
    for merge in merges:
        value = _at(held.get(merge.first_row, []), merge.first_column)
        below = numbers[bisect_left(numbers, merge.first_row + 1) : bisect_right(numbers, merge.last_row)]
        filled += len(below)
        if filled > MAX_FILLED:
            break
        for number in below if value else ():
            held[number] = _with(held[number], merge.first_column, value)
    return list(held.items()), headings


def _is_heading(number: int, values: Sequence[str | Broken], across: set[tuple[int, int]]) -> bool:
    filled = [column for column, value in enumerate(values) if value]
    return len(filled) == 1 and (number, filled[0]) in across


def _at(values: Sequence[str | Broken], column: int) -> str | Broken:
    return values[column] if column < len(values) else ""


def _with(values: Sequence[str | Broken], column: int, value: str | Broken) -> list[str | Broken]:
    """`values` with a blank of theirs filled in."""
    longer = [*values, *[""] * (column + 1 - len(values))]
    longer[column] = longer[column] or value
    return longer
