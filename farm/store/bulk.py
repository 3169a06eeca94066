"""Many rows, or many ids, in one statement: what makes a commit of a few hundred changes cheap on both databases.

    SQLite        executemany of bare tuples                      id IN (SELECT value FROM json_each(?))
    PostgreSQL    INSERT, UPDATE ... FROM json_to_recordset(%s)   id = ANY (ARRAY(SELECT json_array_elements_text(%s)))

One JSON text is one parameter, however many rows it holds: there is no limit to heed, and a server plans one statement
once instead of hearing of each row by itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Executable, Table, Text, bindparam
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType

from farm.store.rows import AnyRow


class ManyRows:
    """An INSERT of rows, or with `keys` an UPDATE of the rows that have them, column by column."""

    def __init__(self, table: Table, columns: Sequence[str] = (), keys: Sequence[str] = ()) -> None:
        names = [*columns, *keys] if keys else list(table.c.keys())
        listed, holders = ", ".join(names), ", ".join("?" * len(names))
        record = f"json_to_recordset(%s::json) AS v ({', '.join(_typed(table.c[name]) for name in names)})"
        # The names are our own, of `farm.store.tables`.
        if keys:
            self._sqlite = f"UPDATE {table.name} SET {_pairs(columns, '?', ', ')} WHERE {_pairs(keys, '?', ' AND ')}"  # noqa: S608
            where = " AND ".join(f"{table.name}.{name} = v.{name}" for name in keys)
            self._postgresql = f"UPDATE {table.name} SET {_pairs(columns, 'v.', ', ')} FROM {record} WHERE {where}"  # noqa: S608
        else:
            self._sqlite = f"INSERT INTO {table.name} ({listed}) VALUES ({holders})"  # noqa: S608
            self._postgresql = f"INSERT INTO {table.name} ({listed}) SELECT {listed} FROM {record}"  # noqa: S608
        self._values = itemgetter(*names)

    def run(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write the rows, each of which has every column that is named."""
        if not rows:
            return
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(self._postgresql, (json.dumps(rows, ensure_ascii=False),))
        else:
            connection.exec_driver_sql(self._sqlite, [self._values(row) for row in rows])


class Among(FunctionElement[bool]):
    """A condition: the column is one of the ids that `by_ids` is given."""

    inherit_cache = True
    type = NullType()  # pyright: ignore[reportAssignmentType]
    """Not Boolean, which SQLite does not have: it would be compared with 1, and no index used."""

    def __init__(self, column: ColumnElement[str]) -> None:
        super().__init__(column, bindparam("ids", type_=Text()))


@compiles(Among, "sqlite")
def _among_sqlite(element: Among, compiler: SQLCompiler, **options: Any) -> str:
    column, ids = (compiler.process(part, **options) for part in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({ids}))"  # noqa: S608


@compiles(Among, "postgresql")
def _among_postgresql(element: Among, compiler: SQLCompiler, **options: Any) -> str:
    column, ids = (compiler.process(part, **options) for part in element.clauses)
    return f"{column} = ANY (ARRAY(SELECT json_array_elements_text(CAST({ids} AS JSON))))"


def by_ids(connection: Connection, statement: Executable, ids: Iterable[str], **more: str) -> Sequence[AnyRow]:
    """The rows of a statement that says `Among`."""
    wanted = list(ids)
    return connection.execute(statement, {"ids": json.dumps(wanted), **more}).all() if wanted else []


def _pairs(names: Sequence[str], value: str, separator: str) -> str:
    return separator.join(f"{name} = {value}{'' if value == '?' else name}" for name in names)


def _typed(column: Column[Any]) -> str:
    return f"{column.name} {column.type.compile(dialect=postgresql.dialect())}"
