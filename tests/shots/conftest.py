"""Lists written to a folder of the test's own, and what the farm says about them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from farm.errors import DocumentError
from farm.shots.load import load


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    """Write a file into the test's folder."""

    def write_file(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write_file


@pytest.fixture
def said() -> Callable[..., list[str]]:
    """What loading a list says: every finding as text, whether it loads or not."""

    def findings(path: Path, **options: Any) -> list[str]:
        try:
            return [str(finding) for finding in load(path, **options).findings]
        except DocumentError as error:
            return [str(finding) for finding in error.findings]

    return findings


@pytest.fixture
def workbook(tmp_path: Path) -> Callable[..., Path]:
    """Write a workbook; a keyword names each sheet's rows."""

    def write_book(name: str = "shots.xlsx", **sheets: Sequence[Sequence[Any]]) -> Path:
        import openpyxl

        book = openpyxl.Workbook()
        book.remove(book.worksheets[0])
        for title, rows in sheets.items():
            sheet = book.create_sheet(title)
            for row in rows:
                sheet.append(list(row))
        path = tmp_path / name
        book.save(path)
        return path

    return write_book
