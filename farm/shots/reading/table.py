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
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path

from farm.findings import Finding, Place, Severity
from farm.shots.reading.cells import Cell, error, refuse
from farm.shots.reading.columns import IGNORE, ColumnNames
from farm.shots.reading.draft import MAX_COLUMNS, MAX_SHOTS, Sheet
from farm.shots.reading.merged import Broken, Record
from farm.shots.reading.source import decoded, read_bytes
from farm.shots.reading.values import quoted, shown
from farm.shots.reading.workbook import read_rows

MAX_ROWS = 2 * MAX_SHOTS
"""Rows that hold something; far above MAX_SHOTS there is no point in counting on."""

HEADER_ROWS = 12
"""Rows that hold something among which the header is looked for."""

SEPARATORS = (",", ";", "\t", "|")


def read_csv(path: Path, names: ColumnNames) -> Sheet:
    """The sheet in a CSV or TSV file. Raises `DocumentError`."""
    place = Place(path.name)
    text, notes = decoded(read_bytes(path), place)
    text, separator = _separated(text, names)
    return _sheet(place, _records(text, separator, place), names, notes)


def _separated(text: str, names: ColumnNames) -> tuple[str, str]:
    """The text without Excel's `sep=;` line, and its separator: the one that finds the most known columns."""
    first, _, rest = text.partition("\n")
    if first.lower().startswith("sep=") and (separator := first[4:].rstrip("\r\n")) in SEPARATORS:
        return rest, separator
    top = list(islice((line for line in text.splitlines() if line.strip(" \t\r\n,;|")), HEADER_ROWS))

    def merit(separator: str) -> tuple[int, int]:
        rows = list(csv.reader(top, delimiter=separator))
        known = max((sum(names.field(column) is not None for column in row) for row in rows), default=0)
        return known, len(rows[0]) if rows else 0

    try:
        return text, max(SEPARATORS, key=merit)
    except csv.Error:
        return text, ","


def _records(text: str, separator: str, place: Place) -> Iterator[Record]:
    """Numbered records. `strict` makes an open quote an error instead of swallowing the rest of the list."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    row = 0
    while True:
        row += 1
        try:
            yield row, list(next(reader))
        except StopIteration:
            return
        except csv.Error as failure:
            remedy = 'close every quote, and double quotes inside text: "a ""big"" sky"'
            raise refuse(Place(place.file, row), f"not readable as CSV: {failure}", remedy) from None


def _sheet(place: Place, records: Iterable[Record], names: ColumnNames, notes: Sequence[Finding]) -> Sheet:
    filled = ((row, values) for row, values in records if not all(map(_is_blank, values)))
    above, (number, first), filled = _header(filled, names)
    if not first:
        raise refuse(place, "the file is empty", "export it again")
    columns = ["" if isinstance(value, Broken) else value.strip() for value in _trimmed(first)]
    if len(columns) > MAX_COLUMNS:
        raise refuse(place, f"more than {MAX_COLUMNS} columns", "remove the empty ones")
    header = tuple(Cell(column, Place(place.file, number, shown(column) or None)) for column in columns)
    findings = [*notes, *_above(above, place)]
    rows: list[tuple[Place, tuple[Cell, ...]]] = []
    for row, values in filled:
        if len(rows) == MAX_ROWS:
            raise refuse(place, f"more than {MAX_ROWS} rows", "split the list")
        at = Place(place.file, row)
        if len(_trimmed(values)) > len(columns):
            findings.append(_longer(at, _trimmed(values), len(columns)))
        pairs = list(zip(columns, values, strict=False))
        rows.append((at, tuple(_cell(value, at.at(shown(column))) for column, value in pairs)))
        findings += [
            _broken(value, at.at(shown(column)))
            for column, value in pairs
            if isinstance(value, Broken) and column and names.field(column) != IGNORE
        ]
    return Sheet(place, header, tuple(rows), tuple(findings))


def _header(records: Iterator[Record], names: ColumnNames) -> tuple[list[Record], Record, Iterator[Record]]:
    """The rows above the header, the header, and the rows below it.

    The header is the first of the top rows that names the shots and something else that shots have; without such a
    row it is the first there is. What stands above it is a title, a date, a client: nothing of a shot.
    """
    top = list(islice(records, HEADER_ROWS))
    for index, (_, values) in enumerate(top):
        known = {names.field(value) for value in values if isinstance(value, str) and value.strip()} - {None}
        if "code" in known and len(known) > 1:
            return top[:index], top[index], chain(top[index + 1 :], records)
    return [], top[0] if top else (0, []), chain(top[1:], records)


def _above(rows: Sequence[Record], place: Place) -> Iterator[Finding]:
    """A note that rows above the header are left out."""
    if rows:
        written = (value.strip() for _, values in rows for value in values if isinstance(value, str))
        texts = [quoted(value) for value in written if value]
        yield Finding(
            Severity.NOTE,
            "list.above",
            Place(place.file, rows[0][0]),
            f"{', '.join(texts[:3])} above the header is left out",
            "say what holds for the whole list in project.yaml",
        )


def _cell(value: str | Broken, place: Place) -> Cell:
    """A broken cell is no blank: it stays as a cell that holds nothing, so that it inherits nothing."""
    return Cell(None if isinstance(value, Broken) else value, place)


def _is_blank(value: str | Broken) -> bool:
    return isinstance(value, str) and not value.strip()


def _trimmed(values: Sequence[str | Broken]) -> Sequence[str | Broken]:
    """`values` without the blanks at its end."""
    last = max((index for index, value in enumerate(values) if not _is_blank(value)), default=-1)
    return values[: last + 1]


def _longer(at: Place, values: Sequence[str | Broken], expected: int) -> Finding:
    extra = values[expected]
    left = quoted(extra.strip()) if isinstance(extra, str) else extra.cell
    problem = f"the row has {len(values)} values for {expected} columns, {left} is left over"
    return error(at, problem, "put text that holds the separator into quotes", rule="list.ragged")


def _broken(value: Broken, place: Place) -> Finding:
    return error(place, f"{value.cell} {value.problem}", value.remedy, rule="list.formula")


def read_xlsx(path: Path, names: ColumnNames) -> Sheet:
    """The sheet in a workbook: the one named "shots", else the first visible one. Raises `DocumentError`."""
    place = Place(path.name)
    rows, headings = read_rows(path)
    return _sheet(place, rows, names, list(_left_out(headings, place)))


def _left_out(headings: Sequence[Record], place: Place) -> Iterator[Finding]:
    """A note for each heading among the shots."""
    for number, values in headings:
        said = next((value.strip() for value in values if isinstance(value, str) and value.strip()), "")
        problem = f"{quoted(said)} is merged across columns: a heading, and no shot"
        yield Finding(Severity.NOTE, "list.heading", Place(place.file, number), problem, "nothing to do, or unmerge it")
