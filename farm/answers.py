"""What a query of the catalog gives, for a person and for scripts: a table or one block a row, CSV, JSON, Parquet.

Arrow table ─┬─▶ few columns: a table      every form names the columns alike and leaves nothing out
             ├─▶ many:        a block for each row, one line a column
             └─▶ CSV · JSON · Parquet
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from farm.errors import InputError
from farm.printable import printable, shortened
from farm.store.catalog_views import TABLES, VIEWS

FOLDED = 32
"""Columns of the screen beyond which a value is folded rather than its table given up."""
GAP = 2
CELL = 400
"""Characters of one value that are shown on the screen."""


def screen_view(rows: pa.Table, width: int) -> RenderableType:
    """The answer as a person reads it on a screen of `width` characters."""
    if not rows.num_rows:
        return Text("no rows", "dim")
    cells = [[_shown(value) for value in values] for values in _values(rows)]
    names = [Text(printable(name, keep="\n")) for name in rows.column_names]
    widest = [max(map(_width, column)) for column in zip(names, *cells, strict=True)]
    if sum(min(column, FOLDED) + GAP for column in widest) - GAP > width:
        return _blocks(names, cells)
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, GAP, 0, 0))
    for name, field, column in zip(names, rows.schema, widest, strict=True):
        justify = "right" if _is_number(field.type) else "left"
        table.add_column(name, justify=justify, overflow="fold", min_width=min(column, FOLDED))
    for values in cells:
        table.add_row(*values)
    return table


def _width(text: Text) -> int:
    return max((line.cell_len for line in text.split()), default=0)


def _blocks(names: Sequence[Text], rows: Sequence[Sequence[Text]]) -> Group:
    parts: list[RenderableType] = []
    for number, values in enumerate(rows, 1):
        block = Table(box=None, pad_edge=False, show_header=False)
        block.add_column(style="dim", no_wrap=True)
        block.add_column(overflow="fold")
        for name, value in zip(names, values, strict=True):
            block.add_row(name, value)
        parts += [Text(f"row {number}", "bold"), block, Text()]
    return Group(*parts[:-1])


def _shown(value: Any) -> Text:
    if value is None:
        return Text()
    text = printable(_rounded(value) if isinstance(value, float) else _plain_text(value), keep="\n")
    return Text(shortened(text, CELL))


def _rounded(value: float) -> str:
    """Three digits behind the point are enough to read; small numbers keep four that count."""
    return f"{value:.3f}".rstrip("0").rstrip(".") if abs(value) >= 1 else f"{value:.4g}"


def as_csv(rows: pa.Table) -> Iterator[str]:
    """The answer as lines of comma-separated values; nothing stands for null, JSON for what is no single value."""
    yield _csv_line(rows.column_names)
    for values in _values(rows):
        yield _csv_line(["" if value is None else _plain_text(value) for value in values])


def _csv_line(cells: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue()


def as_json(rows: pa.Table) -> str:
    """The answer as a JSON list of objects, one a row; maps are objects, times and intervals ISO 8601."""
    found = [dict(zip(rows.column_names, map(_plain, values), strict=True)) for values in _values(rows)]
    return json.dumps(found, indent=2, ensure_ascii=False)


def write_parquet(rows: pa.Table, path: Path) -> None:
    """Write the answer into a new file. Raises `InputError` where there is one already, or none can be."""
    try:
        with path.open("xb") as file:
            pq.write_table(rows, file, compression="zstd")
    except FileExistsError:
        raise InputError(f"{path} is there already (name another file)") from None
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror} (name another file)") from error


def views_list() -> Group:
    """Every table and view with its sentence and its columns."""
    parts: list[RenderableType] = []
    for view in VIEWS:
        block = Table(box=None, pad_edge=False, show_header=False)
        block.add_column(no_wrap=True)
        block.add_column(style="dim", overflow="fold")
        for name, holds in view.columns.items():
            block.add_row(Text(f"  {name}"), Text(holds))
        parts += [Text.assemble((view.name, "bold"), f"   {view.says}"), block, Text()]
    return Group(
        *parts, Text("Times are in microseconds where a name ends in _us, money in millionths in _micros.", "dim")
    )


def views_json() -> str:
    """The same as a JSON list."""
    found = [
        {"name": view.name, "is_table": view.name in TABLES, "says": view.says, "columns": dict(view.columns)}
        for view in VIEWS
    ]
    return json.dumps(found, indent=2)


def _values(rows: pa.Table) -> Iterator[tuple[Any, ...]]:
    """Row after row, a batch in memory at a time."""
    maps = [pa.types.is_map(field.type) for field in rows.schema]
    for batch in rows.to_batches(max_chunksize=10_000):
        columns = [column.to_pylist() for column in batch.columns]
        whole = [
            [value if value is None else dict(value) for value in column] if is_map else column
            for column, is_map in zip(columns, maps, strict=True)
        ]
        yield from zip(*whole, strict=True)


def _plain(value: Any) -> Any:
    """A value as JSON holds it."""
    match value:
        case bool() | int() | str() | None:
            return value
        case float():
            return value if math.isfinite(value) else None
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case dict():
            return {str(key): _plain(item) for key, item in value.items()}
        case pa.MonthDayNano():
            return f"P{value.months}M{value.days}DT{value.nanoseconds / 1e9:g}S"
        case list() | tuple():
            return [_plain(item) for item in value]
        case datetime() | date() | time():
            return value.isoformat()
        case bytes():
            return value.hex()
        case UUID():
            return str(value)
        case _:
            return str(value)


def _plain_text(value: Any) -> str:
    plain = _plain(value)
    return plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False)


def _is_number(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
