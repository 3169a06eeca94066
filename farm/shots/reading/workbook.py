"""XLSX rows as the text a person sees in them. openpyxl is imported here, and only when a workbook is read.

    zip checked (true suffix, password, unpacked size) ──▶ values as saved + formulas ──▶ rows of text

Merged cells are one value, as they look (`farm.shots.reading.merged`). A formula counts by its saved value; one without
is an error that names its cell, because guessing it as empty would silently change the shot.
"""

from __future__ import annotations

import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import ParseError

from farm.findings import Place
from farm.shots.reading.cells import refuse
from farm.shots.reading.merged import Broken, Record, merged_rows, merges_of
from farm.shots.reading.source import read_bytes

if TYPE_CHECKING:
    from openpyxl.workbook import Workbook

MAX_UNPACKED = 200 * 1024 * 1024
MAX_CELLS = 10_000_000
"""Blanks between cells included."""
SHEET_NAME = "shots"

_OLE = b"\xd0\xcf\x11\xe0"
_PASSWORD = "EncryptedPackage".encode("utf-16-le")
_ZEROS = re.compile(r"0{2,12}")
_UNREADABLE = (
    zipfile.BadZipFile, zlib.error, ParseError, KeyError, ValueError, TypeError, IndexError, AttributeError,
    EOFError, OSError, OverflowError, NotImplementedError, RuntimeError, AssertionError,
)  # fmt: skip
"""What openpyxl and zipfile raise on broken workbooks; both let whatever their parsing meets escape."""


def read_rows(path: Path) -> tuple[list[Record], list[Record]]:
    """Rows that hold something, and the headings among them: of the sheet "shots", else of the first visible one.

    Raises `DocumentError` when the file is no workbook that can be read.
    """
    place = Place(path.name)
    data = read_bytes(path)
    _check_container(data, place)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl tells about styles and validations it leaves out
            return _rows(data, place)
    except _UNREADABLE as failure:
        raise refuse(place, f"not readable as XLSX: {_reason(failure)}", "save it anew from a spreadsheet") from None


def _reason(failure: Exception) -> str:
    said = str(failure.args[0]) if isinstance(failure, KeyError) and failure.args else str(failure)
    return said.partition("\n")[0][:120] or type(failure).__name__


def _check_container(data: bytes, place: Place) -> None:
    """Refuse what is no XLSX, and what would unpack to more than memory should hold."""
    if data.startswith(_OLE):
        if _PASSWORD in data:
            raise refuse(place, "the workbook is protected by a password", "save it without one")
        raise refuse(place, "this is an old .xls workbook", "save it as .xlsx")
    if not data.startswith(b"PK"):
        raise refuse(place, "this is no XLSX workbook", "save it as .xlsx, or give its true suffix")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as failure:
        raise refuse(place, f"not readable as XLSX: {_reason(failure)}", "save it anew from a spreadsheet") from None
    if size > MAX_UNPACKED:
        raise refuse(place, f"unpacks to {size >> 20} MB", "keep pictures and other sheets out of it")


def _rows(data: bytes, place: Place) -> tuple[list[Record], list[Record]]:
    import openpyxl

    values = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    formulas = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=False)
    title = _sheet_title(values, place)
    rows: list[Record] = []
    visited = 0
    for number, (saved, written) in enumerate(zip(_cells(values[title]), _cells(formulas[title]), strict=True), 1):
        visited += len(saved)
        if visited > MAX_CELLS:
            raise refuse(place, f"more than {MAX_CELLS} cells", "delete the empty rows and columns around the list")
        texts = [_text(cell, source) for cell, source in zip(saved, written, strict=True)]
        if any(texts):
            rows.append((number, texts))
    return merged_rows(rows, merges_of(values[title]))


def _sheet_title(book: Workbook, place: Place) -> str:
    visible = [sheet.title for sheet in book.worksheets if sheet.sheet_state == "visible"]
    if not visible:
        raise refuse(place, "the workbook has no visible sheet", "show the sheet that holds the shots")
    return next((title for title in visible if title.strip().lower() == SHEET_NAME), visible[0])


def _cells(sheet: Any) -> Iterator[tuple[Any, ...]]:
    sheet.reset_dimensions()  # a wrong or huge stated size would pad every row with blanks
    return sheet.iter_rows()


def _text(cell: Any, source: Any) -> str | Broken:
    """What a person sees in a cell, as far as it matters here. `source` is the same cell with its formula."""
    if cell.data_type == "e":
        return Broken(cell.coordinate, f"holds the error {cell.value}", "mend its formula")
    match cell.value:
        case None if source.value is not None and cell.data_type != "str":  # a saved "" has that type
            remedy = "save the sheet in a spreadsheet program, or paste values"
            return Broken(source.coordinate, "holds a formula without a saved value", remedy)
        case None:
            return ""
        case bool():
            return "yes" if cell.value else "no"
        case int():
            digits = _ZEROS.fullmatch(cell.number_format or "")
            return str(cell.value).zfill(len(digits[0])) if digits else str(cell.value)
        case float():
            return str(int(cell.value)) if cell.value.is_integer() else repr(cell.value)
        case timedelta():
            return f"{cell.value.total_seconds():.3f}".rstrip("0").rstrip(".")
        case time():
            return cell.value.isoformat()
        case datetime() | date():
            return cell.value.isoformat(sep=" ") if isinstance(cell.value, datetime) else cell.value.isoformat()
        case _:
            return str(cell.value)
