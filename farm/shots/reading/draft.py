"""A list as it was written, whatever its format: our field names, values with their places, nothing filled in yet.

table.py ──Sheet──┐
                  ├──▶ Draft(head, defaults, rows) ──farm.shots.load──▶ ShotList
document.py ─Cell─┘
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from farm.errors import DocumentError
from farm.findings import Finding, Place
from farm.shots.reading.cells import Cell, error, refuse
from farm.shots.reading.columns import IGNORE, LIST_FIELDS, METADATA, PROJECT, ColumnNames, key, unknown_note
from farm.shots.reading.pixels import looks_like_size
from farm.shots.reading.schema import LENGTH_FIELDS, ShotEntry
from farm.shots.reading.values import BadValue, closest, harmless, pairs, quoted

MAX_SHOTS = 20_000
MAX_COLUMNS = 500


@dataclass(frozen=True, slots=True)
class Row:
    """One shot as written."""

    place: Place
    cells: Mapping[str, Cell]
    """By our field."""
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])
    """By their column."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A list as written. `head` and `defaults` are empty for tables, which have no place for them."""

    place: Place
    rows: tuple[Row, ...]
    head: Mapping[str, Cell] = field(default_factory=dict[str, Cell])
    defaults: Mapping[str, Cell] = field(default_factory=dict[str, Cell])
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table as read: the header and every row that holds something."""

    place: Place
    header: tuple[Cell, ...]
    rows: tuple[tuple[Place, tuple[Cell, ...]], ...]
    findings: tuple[Finding, ...] = ()


def sheet_draft(sheet: Sheet, names: ColumnNames, given: Collection[str] = ()) -> Draft:
    """The draft of a table; `given` are fields that no column needs to give.

    Raises `DocumentError` when the table has no shots, or lacks a column that no shot can do without.
    """
    if not sheet.rows:
        raise refuse(sheet.place, "there are no shots below the header", "add one row for each shot")
    _limit(len(sheet.rows), sheet.place)
    header = [str(cell.value or "") for cell in sheet.header]
    fields = names.fields(header)
    findings = [*sheet.findings, *_clashes(sheet.header, fields), *names.unused(header)]
    findings += [
        unknown_note(column, cell.place, names.field(column) or "")
        for column, name, cell in zip(header, fields, sheet.header, strict=True)
        if name is None
    ]
    if missing := _missing({*fields, *given}, Place(sheet.place.file, sheet.header[0].place.row)):
        raise DocumentError([*findings, *missing])
    rows = tuple(_sheet_row(place, cells, header, fields) for place, cells in sheet.rows)
    head = {PROJECT: found} if (found := _project(rows, findings)) else {}
    return Draft(sheet.place, rows, head, findings=tuple(findings))


def _missing(present: Collection[str | None], place: Place) -> list[Finding]:
    """What the header lacks, said once and not for every row."""
    needed = (
        (("code",), "no column names the shots", 'call one "Shot"'),
        (("still",), "no column holds the stills", 'call one "Still"'),
        (LENGTH_FIELDS, "no column holds lengths", 'call one "Duration" (seconds) or "Frames"'),
    )
    remedy = "or map yours in a mapping file"
    return [
        error(place, problem, f"{name}, {remedy}", rule="columns.missing")
        for fields, problem, name in needed
        if not any(field in present for field in fields)
    ]


def _sheet_row(place: Place, cells: tuple[Cell, ...], header: list[str], fields: list[str | None]) -> Row:
    known: dict[str, Cell] = {}
    metadata: dict[str, str] = {}
    for column, name, cell in zip(header, fields, cells, strict=False):
        if name == IGNORE or (cell.is_empty and cell.value is not None):
            continue
        if name is None or name == METADATA or _is_remark(name, cell):
            metadata[harmless(column)] = harmless(str(cell.value or ""))
        else:
            known[_refined(name, cell)] = cell
    return Row(place, known, metadata)


def _is_remark(name: str, cell: Cell) -> bool:
    """True for words where a file could stand: a "Sound" column says MOS, or sync, as often as a file's name."""
    return name == "audio" and isinstance(cell.value, str) and not re.search(r"[./\\]", cell.value)


def _refined(name: str, cell: Cell) -> str:
    """`size` is a shot size, unless it is written in pixels."""
    if name == "size" and isinstance(cell.value, str) and looks_like_size(cell.value.strip()):
        return "resolution"
    return name


def _clashes(header: tuple[Cell, ...], fields: Sequence[str | None]) -> list[Finding]:
    """Columns that mean one field: each names the column before it."""
    findings: list[Finding] = []
    seen: dict[str, str] = {}
    for cell, name in zip(header, fields, strict=True):
        column = str(cell.value or "")
        meaning = name or f"?{key(column)}"
        if not column or meaning in {IGNORE, METADATA}:
            continue
        if meaning in seen:
            said = f"both mean {quoted(meaning)}" if meaning[0] != "?" else "have one name"
            problem = f"{quoted(seen[meaning])} and {quoted(column)} {said}"
            findings.append(error(cell.place, problem, "rename one, or ignore it in a mapping file"))
        seen.setdefault(meaning, column)
    return findings


def _project(rows: tuple[Row, ...], findings: list[Finding]) -> Cell | None:
    """The one project that rows name."""
    cells = [cell for row in rows if (cell := row.cells.get(PROJECT))]
    for cell in cells:
        if cell.value != cells[0].value:
            problem = f"{quoted(str(cell.value))} is another project than {quoted(str(cells[0].value))} above"
            findings.append(error(cell.place, problem, "hand in one list for each project"))
            break
    return cells[0] if cells else None


def document_draft(root: Cell, names: ColumnNames) -> Draft:
    """The draft of a YAML or JSON document. Raises `DocumentError` where it has no list of shots."""
    shots, head, findings = _split(root)
    if not isinstance(shots.value, tuple):
        raise refuse(shots.place, "there is no list of shots", 'write "shots:" and one "- code: sh010" for each')
    if not shots.value:
        raise refuse(shots.place, "the list of shots is empty", "add at least one shot")
    _limit(len(shots.value), shots.place)
    notes: dict[str, Finding] = {}
    defaults = _entry(head.pop("defaults", Cell({}, root.place)), names, findings, notes)
    rows = [_entry(cell, names, findings, notes) for cell in shots.value]
    whole = tuple(replace(row, metadata={**defaults.metadata, **row.metadata}) for row in rows)
    if found := _project(whole, findings):
        head.setdefault(PROJECT, found)
    columns = [name for cell in shots.value if isinstance(cell.value, Mapping) for name in cell.value]
    said = (*findings, *notes.values(), *names.unused(columns))
    return Draft(root.place, whole, head, defaults.cells, said)


def _split(root: Cell) -> tuple[Cell, dict[str, Cell], list[Finding]]:
    """The shots of a document, and the settings beside them by our names."""
    if not isinstance(root.value, Mapping):
        return root, {}, []
    _limit_settings(root)
    head: dict[str, Cell] = {}
    findings: list[Finding] = []
    for name, cell in root.value.items():
        field_name = _list_field(name)
        if field_name in head:
            findings.append(error(cell.place, f"{quoted(field_name)} is given twice", "keep one of them"))
        elif field_name in LIST_FIELDS:
            head[field_name] = cell
        else:
            problem = f"{quoted(name)} is no setting of a list"
            findings.append(error(cell.place, problem, _list_remedy(name), rule="list.unknown"))
    return head.pop("shots", Cell(None, root.place)), head, findings


def _list_field(name: str) -> str:
    compared = key(name)
    return {"show": "project", "resolution": "size", "framerate": "fps"}.get(compared, compared)


def _list_remedy(name: str) -> str:
    if key(name) in {key(known) for known in ShotEntry.model_fields}:
        return "settings for every shot belong under defaults:"
    return closest(name, LIST_FIELDS)


def _entry(cell: Cell, names: ColumnNames, findings: list[Finding], notes: dict[str, Finding]) -> Row:
    """One shot's mapping, its keys understood as columns are."""
    if not isinstance(cell.value, Mapping):
        findings.append(error(cell.place, "a shot's settings belong here", 'write lines such as "code: sh010"'))
        return Row(cell.place, {})
    _limit_settings(cell, len(notes))
    known: dict[str, Cell] = {}
    metadata: dict[str, str] = {}
    for column, value in cell.value.items():
        name = METADATA if key(column) == METADATA else names.field(column)
        if name == IGNORE or value.is_empty:
            continue
        if name is None and key(column) not in notes:
            notes[key(column)] = unknown_note(column, value.place)
        if name is None or name == METADATA:
            _keep(column, value, metadata, findings)
        elif (refined := _refined(name, value)) in known:
            findings.append(error(value.place, f"{quoted(refined)} is given twice", "keep one of them"))
        else:
            known[refined] = value
    return Row(cell.place, known, metadata)


def _keep(column: str, cell: Cell, metadata: dict[str, str], findings: list[Finding]) -> None:
    """Keep what the farm does not know as text: `metadata: {bid: 3}`, or `bid: 3` itself."""
    try:
        match cell.value:
            case Mapping() if key(column) == METADATA:
                metadata.update(pairs(cell.plain))
            case str():
                metadata[harmless(column)] = harmless(cell.value)
            case _:
                metadata[harmless(column)] = harmless(_flat(cell))
    except BadValue as failure:
        findings.append(error(cell.place, failure.problem, failure.remedy))


def _flat(cell: Cell) -> str:
    """A nested value as one line of text."""
    match cell.value:
        case tuple():
            return ", ".join(_flat(item) for item in cell.value)
        case Mapping():
            return "; ".join(f"{name}={_flat(item)}" for name, item in cell.value.items())
        case _:
            return cell.value or ""


def _limit(shots: int, place: Place) -> None:
    if shots > MAX_SHOTS:
        raise refuse(place, f"{shots} shots are more than {MAX_SHOTS}", "split the list, by sequence for instance")


def _limit_settings(cell: Cell, unknown: int = 0) -> None:
    if len(cell.value or ()) + unknown > MAX_COLUMNS:
        raise refuse(cell.place, f"more than {MAX_COLUMNS} different settings", "gather your own under metadata:")
