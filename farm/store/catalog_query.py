"""SQL over the catalog, with DuckDB: it reads the parts that lie there, and nothing else.

    parts ──pyarrow dataset──▶ registered ──views──▶ one SELECT ──▶ Answer

The query is not trusted: DuckDB runs without external access (no file, no network, no extension), its settings locked,
in memory that is bounded and never spills to disk, and for a bounded time; one statement, which must be a query. So
the storage behind does not matter: what is read comes through the clip store's own file system, only the columns that
are asked for.

A rebuild of the catalog may delete parts under a query's hands: then they are listed and read again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Timer
from typing import TYPE_CHECKING, TypeAlias

import pyarrow as pa

from farm.errors import InputError, StorageError
from farm.store.catalog_parts import Name, Part, dataset, parts
from farm.store.catalog_views import TABLES, VIEWS, parts_of
from farm.store.clips import ClipStore
from farm.store.query_errors import told

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Listed: TypeAlias = dict[Name, list[Part]]

READS = 5
"""How often the parts are listed again when a rebuild deletes them meanwhile."""
BATCH_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class Limits:
    """What one query may use."""

    rows: int = 1_000_000
    seconds: float = 120.0
    memory_mb: int = 2048
    threads: int = 2


LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a query gives: a table whose columns have different names, cut off where more was there."""

    rows: pa.Table
    is_cut: bool = False


def query(clips: ClipStore, sql: str, limits: Limits = LIMITS) -> Answer:
    """The answer to one SQL query over the tables and views of `farm.store.catalog_views`.

    Raises `InputError`, a sentence with the nearest names, for SQL that cannot be answered or asks for more than
    `limits`, and `StorageError` where the parts cannot be read.
    """
    import duckdb

    for _ in range(READS):
        listed: Listed = {name: parts(clips, name) for name in TABLES}
        try:
            with _connected(clips, listed, limits) as connection:
                return _answered(connection, sql, limits)
        except (duckdb.Error, OSError) as error:
            if _lies_there(clips, listed):
                raise told(error, sql, limits.seconds, limits.memory_mb) from error
    raise StorageError(
        f"the parts of {clips.url('catalog')} are deleted faster than they can be read "
        "(is `farm catalog rebuild` running again and again?)"
    )


@contextmanager
def _connected(clips: ClipStore, listed: Listed, limits: Limits) -> Iterator[DuckDBPyConnection]:
    """DuckDB with the catalog and nothing else within its reach."""
    import duckdb

    hardened: dict[str, str | bool | int | float | list[str]] = {
        "enable_external_access": "false",
        "python_enable_replacements": "false",
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "allow_community_extensions": "false",
        "allow_persistent_secrets": "false",
        "temp_directory": "",
        "memory_limit": f"{limits.memory_mb}MB",
        "threads": str(limits.threads),
        "lock_configuration": "true",
    }
    with duckdb.connect(":memory:", config=hardened) as connection:
        for name in TABLES:
            connection.register(parts_of(name), dataset(clips, name, listed[name]))
        for view in VIEWS:
            connection.execute(f"CREATE VIEW {view.name} AS {view.sql}")
        yield connection


def _answered(connection: DuckDBPyConnection, sql: str, limits: Limits) -> Answer:
    import duckdb

    statements = connection.extract_statements(sql)
    if len(statements) != 1 or statements[0].type not in {duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN}:
        raise InputError(
            "a query is one SELECT: the catalog can only be read (`farm catalog views` lists what there is)"
        )
    timer = Timer(limits.seconds, connection.interrupt)
    timer.daemon = True
    timer.start()
    try:
        reader = connection.sql(statements[0].query).to_arrow_reader(BATCH_ROWS)
        batches, rows = list[pa.RecordBatch](), 0
        while rows <= limits.rows and (batch := next(reader, None)) is not None:
            batches.append(batch)
            rows += batch.num_rows
    finally:
        timer.cancel()
    table = pa.Table.from_batches(batches, reader.schema)
    return Answer(table.slice(0, limits.rows).rename_columns(_apart(table.column_names)), rows > limits.rows)


def _apart(names: list[str]) -> list[str]:
    """Names of columns, those that repeat told apart by numbers."""
    counts: Counter[str] = Counter()
    found: list[str] = []
    for name in names:
        counts[name] += 1
        found.append(name if counts[name] == 1 else f"{name}_{counts[name]}")
    return found


def _lies_there(clips: ClipStore, listed: Listed) -> bool:
    """True when every part that was read from is still there."""
    return all(set(found) <= set(parts(clips, name)) for name, found in listed.items())
