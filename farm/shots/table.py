"""CSV and XLSX become one kind of sheet: a header, and rows that know their number.

    shots.csv  ──encoding, separator by the header──┐
                                                    ├──▶ Sheet, every value as the text a person saw
    shots.xlsx ──first visible sheet, saved values──┘

Rows are counted as a spreadsheet shows them: the header is 1, empty rows count but hold no shot, a line break inside
quotes starts no row. A row may be shorter than the header (spreadsheets leave trailing blanks out), never longer.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from farm.errors import DocumentError
from farm.findings import Finding, Place
from farm.shots.cells import Cell, error, refuse
from farm.shots.columns import ColumnNames
from farm.shots.draft import MAX_SHOTS, Sheet
from farm.shots.reading import decoded, read_bytes
from farm.shots.values import quoted

MAX_COLUMNS = 500
MAX_ROWS = 2 * MAX_SHOTS
"""Rows that hold something; far above MAX_SHOTS there is no point in counting on."""

SEPARATORS = (",", ";", "\t", "|")


def read_csv(path: Path, names: ColumnNames) -> Sheet:
    """The sheet in a CSV or TSV file. Raises `DocumentError`."""
    place = Place(path.name)
    text, notes = decoded(read_bytes(path), place)
    text, separator = _separated(text, names)
    return _sheet(place, _records(text, separator, place), notes)


def _separated(text: str, names: ColumnNames) -> tuple[str, str]:
    """The text without Excel's `sep=;` line, and its separator: the one that finds the most known columns."""
    first, _, rest = text.partition("\n")
    if first.strip().lower().startswith("sep=") and len(first.strip()) == 5:
        return rest, first.strip()[4]
    header = next((line for line in text.splitlines() if line.strip(" \t\r\n,;|")), "")

    def merit(separator: str) -> tuple[int, int]:
        columns: list[str] = next(csv.reader([header], delimiter=separator), list[str]())
        return sum(names.field(column) is not None for column in columns), len(columns)

    try:
        return text, max(SEPARATORS, key=merit)
    except csv.Error:
        return text, ","


def _records(text: str, separator: str, place: Place) -> Iterator[tuple[int, list[str]]]:
    """Numbered records. `strict` makes an open quote an error instead of swallowing the rest of the list."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    row = 0
    while True:
        row += 1
        try:
            yield row, next(reader)
        except StopIteration:
            return
        except csv.Error as failure:
            remedy = 'close every quote, and double quotes inside text: "a ""big"" sky"'
            raise refuse(Place(place.file, row), f"not readable as CSV: {failure}", remedy) from None


def _sheet(place: Place, records: Iterator[tuple[int, list[str]]], notes: tuple[Finding, ...]) -> Sheet:
    filled = ((row, values) for row, values in records if any(value.strip() for value in values))
    first = next(filled, None)
    if first is None:
        raise refuse(place, "the file is empty", "export it again")
    number, columns = first
    header = tuple(
        Cell(column.strip(), Place(place.file, number, column.strip() or None)) for column in _trimmed(columns)
    )
    if len(header) > MAX_COLUMNS:
        raise refuse(place, f"more than {MAX_COLUMNS} columns", "remove the empty ones")
    findings = list(notes)
    rows: list[tuple[Place, tuple[Cell, ...]]] = []
    for row, values in filled:
        if len(rows) == MAX_ROWS:
            raise refuse(place, f"more than {MAX_ROWS} rows", "split the list")
        at = Place(place.file, row)
        extra = [value for value in values[len(header) :] if value.strip()]
        if extra:
            findings.append(_longer(at, len(_trimmed(values)), len(header), extra[0]))
        cells = (Cell(value, at.at(str(column.value))) for value, column in zip(values, header, strict=False))
        rows.append((at, tuple(cells)))
    return Sheet(place, header, tuple(rows), tuple(findings))


def _trimmed(values: list[str]) -> list[str]:
    while values and not values[-1].strip():
        values = values[:-1]
    return values


def _longer(at: Place, found: int, expected: int, extra: str) -> Finding:
    problem = f"the row has {found} values for {expected} columns, {quoted(extra.strip())} is left over"
    return error(at, problem, "put text that holds the separator into quotes", rule="list.ragged")


def read_xlsx(path: Path, names: ColumnNames) -> Sheet:
    """The sheet in a workbook: the one named "shots", else the first visible one. Raises `DocumentError`."""
    from farm.shots.workbook import read_rows

    del names  # a workbook needs no separator
    place = Place(path.name)
    rows, findings = read_rows(path)
    sheet = _sheet(place, iter(rows), ())
    if findings:
        raise DocumentError([*sheet.findings, *findings])
    return sheet
