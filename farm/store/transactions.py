"""How the job store reads and writes: one moment, or one durable transaction under one lease.

reading ──▶ sees one moment                     transaction ──▶ has the write lock from its beginning
write(epoch, count) ──▶ a transaction of the driver's: checks the epoch, reserves `count` numbers of the outbox
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Executable

from farm.errors import LeaseError
from farm.store import queries
from farm.store.database import Database
from farm.store.rows import AnyRow

IDS_PER_QUERY = 1000


class Transactions:
    """What every concern of the job store stands on."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        """A connection that sees one moment."""
        database = self._database
        with database.told(), database.engine.connect() as connection, database.reading(connection):
            yield connection

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        """A transaction that waits for its turn to write."""
        database = self._database
        with database.told(), database.engine.connect() as connection, database.writing(connection):
            yield connection

    @contextmanager
    def _write(self, epoch: int, count: int) -> Iterator[tuple[Connection, int]]:
        """A transaction of the driver's, with `count` numbers reserved, the last of which is given."""
        with self._transaction() as connection:
            seq = connection.execute(queries.TAKE_SEQS, {"b_epoch": epoch, "b_count": count}).scalar()
            if seq is None:
                raise stale(epoch, connection.execute(queries.EPOCH).scalar_one())
            yield connection, seq


def stale(epoch: int, current: int) -> LeaseError:
    return LeaseError(f"this driver (epoch {epoch}) no longer leads: epoch {current} does")


@contextmanager
def without_collecting() -> Iterator[None]:
    """Read without the cyclic garbage collector, which doubles the time by walking what is only growing."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def many(connection: Connection, statement: Executable, values: Sequence[Mapping[str, Any]]) -> None:
    """Run a statement once for each of `values`."""
    if values:
        connection.execute(statement, values)


def by_ids(connection: Connection, statement: Executable, ids: Iterable[str], **more: str) -> list[AnyRow]:
    """The rows of a statement over `ids`, asked for in portions."""
    left = iter(ids)
    found: list[AnyRow] = []
    while portion := list(islice(left, IDS_PER_QUERY)):
        found += connection.execute(statement, {"ids": portion, **more})
    return found
