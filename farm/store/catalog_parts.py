"""The catalog's parts: Parquet files that are written once, their names, and how they are read as one table.

    catalog/takes/project=demo/000000000001-000000005000.parquet        changes 1 to 5000, as `follow` met them
    catalog/takes/project=demo/000000000000-000000123456-1f0c….parquet  everything up to 123456, as `rebuild` found it

A part of a range of changes is named by the range alone: whoever writes it first is right, for it shows every change
of its range, and whatever happened later stands in a later part too. Parts that begin at 0 are named by a hash of their
bytes besides, because a rebuild leaves several. Parts overlap; of the rows of one key the newest counts (`newest`).
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias
from urllib.parse import quote, unquote

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from farm.errors import KeyExists
from farm.store.catalog_rows import ATTEMPTS, TAKES
from farm.store.clips import ClipStore

Name: TypeAlias = Literal["takes", "attempts"]
Row: TypeAlias = dict[str, Any]

ROOT = "catalog"
SCHEMAS: Mapping[Name, pa.Schema] = {"takes": TAKES, "attempts": ATTEMPTS}
KEYS: Mapping[Name, tuple[str, ...]] = {"takes": ("project", "task"), "attempts": ("project", "task", "attempt")}
ORDER: Mapping[Name, list[tuple[str, str]]] = {
    "takes": [("project", "ascending"), ("task", "ascending"), ("seq", "descending")],
    "attempts": [("project", "ascending"), ("task", "ascending"), ("attempt", "ascending"), ("job", "ascending")],
}
"""The row that counts is the first of its key: of takes the newest, of attempts one that knows its job (nulls last)."""

_KEY = re.compile(rf"{ROOT}/(takes|attempts)/project=([^/]+)/(\d{{12}})-(\d{{12}})(?:-[0-9a-f]{{16}})?\.parquet")


@dataclass(frozen=True, slots=True)
class Part:
    """One file of the catalog."""

    key: str
    name: Name
    project: str
    first: int
    """The first change it covers; 0 for a part of a rebuild."""
    last: int

    @property
    def rebuilt(self) -> bool:
        return self.first == 0


def parts(clips: ClipStore, name: Name | None = None, project: str | None = None) -> list[Part]:
    """Every part, or those of one table, or of one project of it."""
    folder = f"{ROOT}/{name}/" if name else f"{ROOT}/"
    if name and project is not None:
        folder += f"project={quote(project, safe='')}/"
    found = ((key, _KEY.fullmatch(key)) for key in clips.keys(folder))
    return [
        Part(key, "takes" if match[1] == "takes" else "attempts", unquote(match[2]), int(match[3]), int(match[4]))
        for key, match in found
        if match
    ]


def write_range(clips: ClipStore, name: Name, project: str, span: tuple[int, int], rows: Sequence[Row]) -> None:
    """Write the part of one range of changes, unless it is written already."""
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(rows), schema=SCHEMAS[name]), buffer, compression="zstd")
    _put(clips, f"{_folder(name, project)}/{span[0]:012d}-{span[1]:012d}.parquet", buffer.getvalue())


class LargeParts:
    """Writes everything up to change `last` in few large parts: rows come in portions, and are never all held at once.

    What is held is one open part for each table and project, as the compressed bytes it will be. `keys` are the parts
    that are written; a part ends with the portion that fills it, and `close` ends those that are left.
    """

    def __init__(self, clips: ClipStore, last: int, rows_per_part: int) -> None:
        self.keys: set[str] = set()
        self._clips = clips
        self._last = last
        self._rows_per_part = rows_per_part
        self._open: dict[tuple[Name, str], _Growing] = {}

    def add(self, name: Name, project: str, rows: Sequence[Row]) -> None:
        """Add a portion of rows."""
        if not rows:
            return
        growing = self._open.setdefault((name, project), _Growing(SCHEMAS[name]))
        growing.add(rows)
        if growing.rows >= self._rows_per_part:
            self._end(name, project)

    def close(self) -> None:
        """Write what is left."""
        for name, project in list(self._open):
            self._end(name, project)

    def _end(self, name: Name, project: str) -> None:
        data = self._open.pop((name, project)).end()
        digest = hashlib.sha256(data).hexdigest()[:16]
        key = f"{_folder(name, project)}/{0:012d}-{self._last:012d}-{digest}.parquet"
        _put(self._clips, key, data)
        self.keys.add(key)


class _Growing:
    """A Parquet file on its way, a row group for each portion."""

    def __init__(self, schema: pa.Schema) -> None:
        self.rows = 0
        self._buffer = io.BytesIO()
        self._writer = pq.ParquetWriter(self._buffer, schema, compression="zstd")

    def add(self, rows: Sequence[Row]) -> None:
        self._writer.write_table(pa.Table.from_pylist(list(rows), schema=self._writer.schema))
        self.rows += len(rows)

    def end(self) -> bytes:
        self._writer.close()
        return self._buffer.getvalue()


def read_keys(clips: ClipStore, part: Part) -> Iterator[tuple[str, int]]:
    """Task and attempt of every row of a part."""
    table = pq.read_table(io.BytesIO(clips.read_bytes(part.key)), columns=["task", "attempt"])
    return zip(table["task"].to_pylist(), table["attempt"].to_pylist(), strict=True)


def read_parts(clips: ClipStore, name: Name, found: Sequence[Part], columns: Sequence[str] | None = None) -> pa.Table:
    """The rows of those parts, all of them, with their project. Columns that an old part lacks are null.

    Raises FileNotFoundError when a part is gone.
    """
    return dataset(clips, name, found).to_table(columns=None if columns is None else list(columns))


def dataset(clips: ClipStore, name: Name, found: Sequence[Part]) -> ds.Dataset:
    """The same, to be scanned: nothing is read before somebody asks for rows."""
    schema = SCHEMAS[name].append(pa.field("project", pa.string()))
    if not found:
        return ds.dataset(schema.empty_table())
    files, base = clips.filesystem()
    return ds.dataset(
        [f"{base}/{part.key}" for part in found],
        schema=schema,
        format="parquet",
        filesystem=files,
        partitioning=ds.partitioning(pa.schema([("project", pa.string())]), flavor="hive"),
        partition_base_dir=f"{base}/{ROOT}/{name}",
    )


def newest(name: Name, table: pa.Table) -> pa.Table:
    """One row per key, sorted by key."""
    table = table.sort_by(ORDER[name])
    is_first = np.zeros(table.num_rows, np.bool_)
    is_first[:1] = True
    for column in KEYS[name]:
        values = table[column]
        is_first[1:] |= pc.not_equal(values[1:], values[:-1]).to_numpy()  # pyright: ignore[reportAttributeAccessIssue]
    return table.filter(pa.array(is_first))


def _folder(name: Name, project: str) -> str:
    return f"{ROOT}/{name}/project={quote(project, safe='')}"


def _put(clips: ClipStore, key: str, data: bytes) -> None:
    try:
        clips.put_bytes(key, data)
    except KeyExists:
        return  # written before a crash
