"""Timelines as shot lists: every clip is a row, and a sheet beside the timeline says what the timeline cannot.

    cut.edl ──▶ Edit ──▶ rows: code, still, length, prompt, handles
    cut.csv ───────────▶ the same columns as any shot list, by the clip's name; what it says wins, but for lengths

A still comes from the sidecar, from what the farm wrote into the timeline, or from the clip's own media where that is
one picture. A movie is no still: then the finding says which column of which sheet is to name one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from farm.findings import Finding, Place, Severity
from farm.shots.edit import Edit, EditClip
from farm.shots.reading.cells import Cell, error, refuse
from farm.shots.reading.columns import ColumnNames
from farm.shots.reading.document import SUFFIXES, read_document
from farm.shots.reading.draft import Draft, Row, document_draft, sheet_draft
from farm.shots.reading.edl_reader import read_edl
from farm.shots.reading.fcp7_reader import read_fcp_xml
from farm.shots.reading.otio_reader import read_otio
from farm.shots.reading.schema import LENGTH_FIELDS
from farm.shots.reading.table import read_csv, read_xlsx
from farm.shots.reading.values import quoted

TIMELINES: Mapping[str, Callable[[Path, Fraction | None], Edit]] = {
    ".otio": lambda path, fps: read_otio(path),  # noqa: ARG005
    ".xml": lambda path, fps: read_fcp_xml(path),  # noqa: ARG005
    ".fcpxml": lambda path, fps: read_fcp_xml(path),  # noqa: ARG005
    ".edl": read_edl,
}
BUNDLES = (".otioz", ".otiod", ".fcpxmld")
"""Folders and archives around a timeline."""

SHEETS = {".csv": read_csv, ".tsv": read_csv, ".xlsx": read_xlsx}

MAX_HANDLES = 240


def read_edit(path: Path, fps: Fraction | None = None) -> Edit:
    """The edit in a timeline file; `fps` is the rate of one that does not say it. Raises `DocumentError`."""
    suffix = path.suffix.lower()
    if suffix in BUNDLES:
        raise refuse(Place(path.name), "this is a bundle", "unpack it, and hand in the timeline inside")
    if suffix not in TIMELINES:
        raise refuse(Place(path.name), f"{quoted(suffix)} is no timeline", f"use {', '.join(TIMELINES)}")
    return TIMELINES[suffix](path, fps)


def timeline_draft(path: Path, names: ColumnNames, fps: Fraction | None) -> Draft:
    """The draft of a timeline and the sheet beside it. Raises `DocumentError`."""
    return rows_of(read_edit(path, fps), path, names)


def rows_of(edit: Edit, path: Path, names: ColumnNames) -> Draft:
    """The draft of an edit that was read at `path`, with the sheet beside that. Raises `DocumentError`."""
    beside = sidecar(path)
    told = _sidecar_draft(beside, names) if beside else Draft(Place(path.name), ())
    sheet = beside.name if beside else f"{path.stem}.csv"
    return edit_draft(edit, told, sheet, frozenset({*names.constants, *told.defaults}))


def sidecar(path: Path) -> Path | None:
    """The sheet beside a timeline that has its name; None where there is none."""
    return next((found for suffix in (*SHEETS, *SUFFIXES) if (found := path.with_suffix(suffix)).is_file()), None)


def _sidecar_draft(path: Path, names: ColumnNames) -> Draft:
    if path.suffix.lower() in SUFFIXES:
        return document_draft(read_document(path), names)
    return sheet_draft(SHEETS[path.suffix.lower()](path, names), names, {"still", *LENGTH_FIELDS})


def edit_draft(edit: Edit, told: Draft, sheet: str, given: frozenset[str] = frozenset()) -> Draft:
    """The draft of an edit; `told` is the sidecar's, `sheet` its name, `given` what it says of every shot."""
    rows = {_key(row): row for row in told.rows}
    findings = [*edit.findings, *told.findings, *_unused(edit, told)]
    drawn = [_row(edit, clip, rows.get(clip.shot.casefold()), "fps" in given) for clip in edit.clips]
    if "still" not in given:
        without = [(clip, row) for clip, row in zip(edit.clips, drawn, strict=True) if "still" not in row.cells]
        findings += [_no_still(clip, sheet) for clip, _ in without]
        drawn = [row if "still" in row.cells else _blank(row) for row in drawn]
    head = {**told.head, "fps": Cell(str(edit.fps), Place(edit.file))}
    if edit.size:
        head.setdefault("size", Cell(f"{edit.size[0]}x{edit.size[1]}", Place(edit.file)))
    return Draft(Place(edit.file), tuple(drawn), head, told.defaults, tuple(findings))


def _key(row: Row) -> str:
    code = row.cells.get("code")
    return code.value.casefold() if code and isinstance(code.value, str) else ""


def _row(edit: Edit, clip: EditClip, told: Row | None, retimed: bool) -> Row:
    """What a clip says of its shot, and the sidecar over it. A `retimed` shot has a rate of its own."""
    retimed = retimed or (told is not None and "fps" in told.cells)
    seconds = clip.frames / edit.fps
    length = ("duration", f"{seconds.numerator}/{seconds.denominator}") if retimed else ("nb_frames", str(clip.frames))
    said = dict(clip.told) | {"code": clip.shot, length[0]: length[1]}
    if clip.prompt:
        said.setdefault("prompt", clip.prompt)
    if clip.is_still:
        said.setdefault("still", clip.media)
    if 0 < clip.handles <= MAX_HANDLES:
        said.setdefault("handles", str(clip.handles))
    cells = {name: Cell(words, clip.place) for name, words in said.items()}
    own = {} if told is None else {name: cell for name, cell in told.cells.items() if name not in LENGTH_FIELDS}
    known = {"record": edit.timecode(clip.start), "source": edit.base.text(max(0, clip.source)), "reel": clip.reel}
    if clip.name != clip.shot:
        known["clip"] = clip.name
    metadata = {name: words for name, words in known.items() if words} | dict(told.metadata if told else {})
    return Row(clip.place, cells | own | {"code": cells["code"]}, metadata)


def _blank(row: Row) -> Row:
    """A row whose missing still has been told already."""
    return replace(row, cells={**row.cells, "still": Cell(None, row.place)})


def _no_still(clip: EditClip, sheet: str) -> Finding:
    if not clip.media:
        problem = "it has no media, and a shot starts from a still"
    else:
        kind = "one of a sequence of images" if _is_sequence(clip) else "a movie"
        problem = f"its media, {quoted(Path(clip.media).name)}, is {kind}, and a shot starts from a still"
    remedy = f'name one in the column "Still" of {sheet} beside it, in the row of {quoted(clip.shot)}'
    return error(clip.place, problem, remedy, rule="edit.still", shot=clip.shot)


def _is_sequence(clip: EditClip) -> bool:
    return any(mark in clip.media for mark in ("%0", "[", "##"))


def _unused(edit: Edit, told: Draft) -> Iterator[Finding]:
    """What the sidecar says in vain."""
    clips = {clip.shot.casefold() for clip in edit.clips}
    lengths = [cell for row in told.rows for name, cell in row.cells.items() if name in LENGTH_FIELDS]
    if lengths:
        problem = "lengths come from the timeline"
        yield Finding(Severity.WARNING, "edit.sidecar", lengths[0].place, problem, "leave this column out")
    for row in told.rows:
        if _key(row) and _key(row) not in clips:
            problem = f"no clip of {edit.file} is called {quoted(_key(row))}"
            yield Finding(Severity.WARNING, "edit.sidecar", row.place, problem, "check the name in the column Shot")
