"""CSV and XLSX as studios hand them in."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from laws import tries

from farm.errors import DocumentError
from farm.shots.load import load
from farm.shots.reading.columns import ColumnNames
from farm.shots.reading.table import read_csv

Write = Callable[[str, "str | bytes"], Path]
Said = Callable[..., list[str]]

ROWS = "Shot,Still,Duration,Description\nsh010,a.png,3.5,séance\n"


@pytest.mark.parametrize(
    "content",
    [
        ROWS.encode(),
        ROWS.encode("utf-8-sig"),
        ROWS.encode("utf-16"),
        b"\xfe\xff" + ROWS.encode("utf-16-be"),
        ROWS.encode("utf-16-le"),
        ROWS.replace("\n", "\r\n").encode(),
        ROWS.replace("\n", "\r").encode(),
        ROWS.replace(",", ";").replace("3.5", "3,5").encode(),
        ROWS.replace(",", "\t").encode(),
        ROWS.replace(",", "|").encode(),
        b"sep=;\r\n" + ROWS.replace(",", ";").encode(),
        ("\n ,, \n" + ROWS).encode(),
        ROWS.replace("3.5", '" 3.5 "').encode(),
        ROWS.replace("Shot,", "SHOT_CODE ,").encode(),
        (ROWS + "\n,,,\n\n").encode(),
    ],
    ids=[
        "plain", "bom", "utf-16", "big-endian", "bare", "crlf", "cr", "semicolons", "tabs", "pipes",
        "sep line", "rows above", "blanks", "other case", "below",
    ],
)  # fmt: skip
def test_every_dialect_is_understood(write: Write, content: bytes) -> None:
    shot_list = load(write("shots.csv", content))
    assert [(shot.code, shot.nb_frames, shot.description) for shot in shot_list.shots] == [("sh010", 84, "séance")]
    assert shot_list.findings == ()


def test_latin_text_is_read_with_a_note(write: Write, said: Said) -> None:
    path = write("shots.csv", ROWS.encode("cp1252"))
    assert load(path).shots[0].description == "séance"
    assert said(path) == ["shots.csv: not UTF-8; read as Windows-1252 (check letters with accents, or save as UTF-8)"]


def test_documents_must_be_utf_8(write: Write, said: Said) -> None:
    path = write("shots.yaml", "shots: [{code: séance}]".encode("cp1252"))
    assert said(path) == ["shots.yaml: not UTF-8 (save it as UTF-8)"]


@pytest.mark.parametrize("line", ["sep=", 'sep="', "sep=\\n", "sep=xx"])
def test_a_strange_sep_line_is_a_header_without_columns(write: Write, said: Said, line: str) -> None:
    assert said(write("shots.csv", f"{line}\n{ROWS}"))


def test_the_header_decides_the_separator_not_the_text(write: Write) -> None:
    path = write("shots.csv", "Shot;Still;Duration;Prompt\na;a.png;2;push in, pan left, tilt up, hold, then, more\n")
    assert load(path).shots[0].prompt == "push in, pan left, tilt up, hold, then, more"


def test_a_line_break_inside_quotes_starts_no_row(write: Write, said: Said) -> None:
    path = write("shots.csv", 'Shot,Still,Duration,Notes\na,a.png,2,"one\ntwo"\n\nb,b.png,0,\n')
    assert [finding.partition(" ")[0] for finding in said(path)] == ["shots.csv:4"]


def test_a_row_may_be_short(write: Write) -> None:
    assert load(write("shots.csv", "Shot,Still,Duration,Prompt,Notes\na,a.png,2\n")).shots[0].prompt == ""


def test_control_characters_reach_neither_messages_nor_metadata(write: Write, said: Said) -> None:
    path = write("shots.csv", 'Shot,Still,Duration,"Bid\x1b[31m\nred"\na,a.png,2,x\x1by\n')
    assert load(path).shots[0].metadata == {"Bid[31m\nred": "xy"}
    assert said(path)[0].startswith('shots.csv:1 column "Bid�[31m�red": not a column the farm knows')


def test_a_column_without_a_name_is_left_out(write: Write) -> None:
    shot_list = load(write("shots.csv", "Shot,,Still,Duration\na,zzz,a.png,2\n"))
    assert shot_list.shots[0].metadata == {}
    assert shot_list.findings == ()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "shots.csv: the file is empty (export it again)"),
        (b"\xef\xbb\xbf\n \n", "shots.csv: the file is empty (export it again)"),
        (b",,\n", "shots.csv: the file is empty (export it again)"),
        (b"Shot,Still,Duration\n", "shots.csv: there are no shots below the header (add one row for each shot)"),
        (
            b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256)),
            "shots.csv: this is no text file (export it as CSV, YAML or JSON, or give its true suffix)",
        ),
        (
            b"PK\x03\x04" + bytes(200),
            "shots.csv: this is no text file (export it as CSV, YAML or JSON, or give its true suffix)",
        ),
        (
            b"Shot,Still\0,Duration\na,b,3\n",
            "shots.csv: this is no text file (export it as CSV, YAML or JSON, or give its true suffix)",
        ),
        (
            b"a" * (20 * 1024 * 1024 + 1),
            "shots.csv: larger than 20 MB (split the list; pictures do not belong into it)",
        ),
        (b"," * 600 + b"Shot\nx\n", "shots.csv: more than 500 columns (remove the empty ones)"),
        (
            b"Shot,Still,Duration\n" + b"a,b,3\n" * 20_001,
            "shots.csv: 20001 shots are more than 20000 (split the list, by sequence for instance)",
        ),
        (b"Shot,Still,Duration\n" + b"a,b,3\n" * 50_000, "shots.csv: more than 40000 rows (split the list)"),
    ],
    ids=["empty", "blank", "commas", "header", "png", "zip", "nul", "huge", "wide", "many", "too many"],
)
def test_a_file_that_cannot_be_used(write: Write, said: Said, content: bytes, message: str) -> None:
    assert said(write("shots.csv", content)) == [message]


def test_an_endless_cell_is_refused(write: Write, said: Said) -> None:
    (found,) = said(write("shots.csv", "Shot,Still,Duration,Notes\na,a.png,3," + "x" * 200_000))
    assert found.startswith("shots.csv:2: not readable as CSV: field larger than field limit")


def test_the_rows_of_a_sheet_are_those_of_the_file(write: Write) -> None:
    sheet = read_csv(write("shots.csv", "\nShot,Still\n\na,b\n"), ColumnNames())
    assert (sheet.header[0].place.row, [place.row for place, _ in sheet.rows]) == (2, [4])


HEADER = ["Shot", "Still", "Duration", "Notes"]


def test_what_a_workbook_shows(workbook: Callable[..., Path], tmp_path: Path) -> None:
    import openpyxl

    path = workbook(shots=[HEADER, [10, "a.png", 3.5, True], [], [2.0, "b.png", dt.time(0, 0, 3), None]])
    book = openpyxl.load_workbook(path)
    sheet: Any = book["shots"]
    sheet["A2"].number_format = "000"
    sheet.append(["c", "c.png", dt.timedelta(seconds=2.5), dt.date(2026, 11, 20)])
    sheet.merge_cells("A8:D8")
    book.save(path)
    shots = load(path).shots
    assert [(shot.code, shot.nb_frames, shot.notes, shot.place.row) for shot in shots] == [
        ("010", 84, "yes", 2),
        ("2", 72, "", 4),
        ("c", 60, "2026-11-20 00:00:00", 5),
    ]


def test_the_sheet_named_shots_wins_and_hidden_ones_do_not_count(workbook: Callable[..., Path]) -> None:
    import openpyxl

    rows = {name: [HEADER, [name, "a.png", 2]] for name in ("old", "first", "Shots")}
    path = workbook(**rows)
    book = openpyxl.load_workbook(path)
    book["old"].sheet_state = "hidden"
    book.save(path)
    assert load(path).shots[0].code == "Shots"
    book.remove(book["Shots"])
    book.save(path)
    assert load(path).shots[0].code == "first"


def formulas(path: Path, cells: dict[str, str]) -> None:
    """Put saved values behind formulas, as a spreadsheet program does."""
    data = io.BytesIO(path.read_bytes())
    with zipfile.ZipFile(data) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            text = old.read(name).decode()
            if name.endswith("sheet1.xml"):
                for cell, xml in cells.items():
                    assert f'<c r="{cell}"><f>' in text
                    start = text.index(f'<c r="{cell}">')
                    text = text[:start] + xml + text[text.index("</c>", start) + 4 :]
            new.writestr(name, text)


def test_formulas_count_by_their_saved_values(workbook: Callable[..., Path]) -> None:
    path = workbook(shots=[HEADER, ["a", "a.png", "=1+2", '=IF(A2="","x","")']])
    formulas(
        path, {"C2": '<c r="C2"><f>1+2</f><v>3</v></c>', "D2": '<c r="D2" t="str"><f>IF(A2="","x","")</f><v></v></c>'}
    )
    assert [(shot.nb_frames, shot.notes) for shot in load(path).shots] == [(72, "")]


def test_a_formula_without_a_saved_value_names_its_cell(workbook: Callable[..., Path], said: Said) -> None:
    path = workbook(shots=[HEADER, ["a", "a.png", "=1+2", "n"], ["b", "b.png", 0, None]])
    formula, length = said(path)
    problem = 'shots.xlsx:2 column "Duration": C2 holds a formula without a saved value'
    assert formula == f"{problem} (save the sheet in a spreadsheet program, or paste values)"
    assert length.startswith('shots.xlsx:3 column "Duration": 0 s is no length')


def test_a_formula_in_an_ignored_column_does_not_matter(workbook: Callable[..., Path], write: Write) -> None:
    path = workbook(shots=[[*HEADER, "Total"], ["a", "a.png", 3, None, "=C2*2"]])
    assert load(path, columns=write("columns.yaml", "Total: ignore\n")).shots[0].metadata == {}


def test_an_error_in_a_cell_is_named(workbook: Callable[..., Path], said: Said) -> None:
    path = workbook(shots=[HEADER, ["a", "a.png", 3, "=A1/0"]])
    formulas(path, {"D2": '<c r="D2" t="e"><f>A1/0</f><v>#DIV/0!</v></c>'})
    assert said(path) == ['shots.xlsx:2 column "Notes": D2 holds the error #DIV/0! (mend its formula)']


def zipped(**parts: bytes) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return data.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"Shot,Still\n", "this is no XLSX workbook (save it as .xlsx, or give its true suffix)"),
        (b"\xd0\xcf\x11\xe0" + bytes(600), "this is an old .xls workbook (save it as .xlsx)"),
        (
            b"\xd0\xcf\x11\xe0" + bytes(600) + "EncryptedPackage".encode("utf-16-le"),
            "the workbook is protected by a password (save it without one)",
        ),
        (b"PK\x03\x04" + bytes(100), "not readable as XLSX: File is not a zip file (save it anew from a spreadsheet)"),
        (
            zipped(a=b"x"),
            "not readable as XLSX: There is no item named '[Content_Types].xml' in the archive",
        ),
        (zipped(a=bytes(201 << 20)), "unpacks to 201 MB (keep pictures and other sheets out of it)"),
    ],
    ids=["text", "xls", "password", "cut off", "other zip", "bomb"],
)
def test_a_workbook_that_cannot_be_read(write: Write, said: Said, content: bytes, message: str) -> None:
    (found,) = said(write("shots.xlsx", content))
    assert found.startswith(f"shots.xlsx: {message}")


def test_a_workbook_padded_to_its_last_column_is_read(workbook: Callable[..., Path]) -> None:
    import openpyxl

    path = workbook(shots=[HEADER, ["a", "a.png", 3, None]])
    book = openpyxl.load_workbook(path)
    book["shots"]["XFD1048576"].number_format = "0.00"
    book.save(path)
    assert load(path).shots[0].code == "a"


CELL = st.one_of(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.none(),
    st.dates(dt.date(1901, 1, 1)),
    st.times(),
)


@settings(max_examples=tries(30), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(CELL, max_size=5), max_size=3))
def test_any_cells_are_a_list_or_a_document_error(workbook: Callable[..., Path], rows: list[list[Any]]) -> None:
    path = workbook(shots=[[*HEADER, "Aspect"], *rows])
    with suppress(DocumentError):
        assert load(path).shots
