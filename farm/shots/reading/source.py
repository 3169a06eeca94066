"""Bytes of a document become text: size, encoding, and what is no text at all.

bytes ──BOM?──▶ UTF-8 | UTF-16 ──▶ text
  └── none ──▶ UTF-8, else Windows-1252 (with a note: letters may be wrong)
"""

from __future__ import annotations

import codecs
from pathlib import Path

from farm.findings import Finding, Place, Severity
from farm.shots.reading.cells import refuse

MAX_BYTES = 20 * 1024 * 1024

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def read_bytes(path: Path, limit: int = MAX_BYTES) -> bytes:
    """The whole file. Raises `DocumentError` when it is absent, unreadable or larger than `limit` bytes."""
    place = Place(path.name)
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except FileNotFoundError:
        raise refuse(place, f"there is no such file in {path.absolute().parent}", "check the path") from None
    except IsADirectoryError:
        raise refuse(place, "this is a folder", "name the file itself") from None
    except OSError as failure:
        raise refuse(place, f"cannot be read: {failure.strerror}", "check its permissions") from None
    if len(data) > limit:
        raise refuse(place, f"larger than {limit >> 20} MB", "split the list; pictures do not belong into it")
    if not data.strip():
        raise refuse(place, "the file is empty", "export it again")
    return data


def decoded(data: bytes, place: Place) -> tuple[str, tuple[Finding, ...]]:
    """The text of `data`, and a note where the encoding had to be guessed."""
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            text = data[len(bom) :].decode(encoding, errors="replace")
            return _text_only(text, place), ()
    if encoding := _bare_utf16(data):
        return _text_only(data.decode(encoding, errors="replace"), place), ()
    try:
        return _text_only(data.decode("utf-8"), place), ()
    except UnicodeDecodeError:
        pass
    text = data.decode("cp1252", errors="replace")
    note = Finding(
        Severity.NOTE,
        "list.encoding",
        place,
        "not UTF-8; read as Windows-1252",
        "check letters with accents, or save as UTF-8",
    )
    return _text_only(text, place), (note,)


def _bare_utf16(data: bytes) -> str | None:
    """UTF-16 without a byte-order mark shows itself by zeros in every other byte of the first words."""
    high, low = data[1:16:2], data[0:16:2]
    if high and not any(high):
        return "utf-16-le"
    return "utf-16-be" if not any(low) else None


def _text_only(text: str, place: Place) -> str:
    """Refuses what is no text: spreadsheets and pictures under another suffix."""
    strange = sum(char == "�" or (char < " " and char not in "\t\n\r\f") for char in text[:4096])
    if "\0" in text or strange > max(8, len(text[:4096]) // 50):
        raise refuse(place, "this is no text file", "export it as CSV, YAML or JSON, or give its true suffix")
    if not text.strip():
        raise refuse(place, "the file is empty", "export it again")
    return text
