"""How the job store reads and writes: one moment, or one durable transaction under one lease.

reading ──▶ sees one moment                     transaction ──▶ has the write lock from its beginning
write(epoch, count) ──▶ a transaction of the driver's: checks the epoch, reserves `count` numbers of the outbox
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from farm.errors import LeaseError, StorageError
from farm.store import queries
from farm.store.database import Database


class Transactions:
    """What every concern of the job store stands on."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._turn = threading.RLock()
        self._doubtful = 0
        """The last number of a write of which nobody said whether it was kept; 0 for none."""
        self._kept = 0
        """The last number of a write that was doubtful, and was kept."""
        self._written: tuple[int, int] | None = None
        """Epoch and last number of this process's last write; None when there was none, or it did not come about."""
        self._alone = False
        """True when nobody else can have written since what this process remembers of its own writes."""

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
        with self._turn:
            try:
                with self._transaction() as connection:
                    seq = connection.execute(queries.TAKE_SEQS, {"b_epoch": epoch, "b_count": count}).scalar()
                    if seq is None:
                        raise stale(epoch, connection.execute(queries.EPOCH).scalar_one())
                    if self._doubtful:
                        self._kept, self._doubtful = self._doubtful * (self._doubtful <= seq - count), 0
                    self._alone &= self._written == (epoch, seq - count)
                    self._written = None
                    yield connection, seq
                    self._doubtful = seq if count else 0
                self._doubtful, self._written = 0, (epoch, seq)
            except StorageError as error:  # perhaps because the next leader has ended this one's sessions
                self._refuse_stale(epoch, error)
                raise

    def _refuse_stale(self, epoch: int, error: StorageError) -> None:
        with self._reading() as connection:
            now = connection.execute(queries.EPOCH).scalar_one()
        if now != epoch:
            raise stale(epoch, now) from error


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
