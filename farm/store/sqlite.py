"""The job store in one SQLite file of a local folder: durable when a commit returns.

WAL lets readers go on while the driver writes; synchronous=FULL waits for the disk at every commit. Transactions are
begun by us and not by the driver: a write takes the write lock first (BEGIN IMMEDIATE), so that it waits its turn
instead of failing in the middle.
"""

from __future__ import annotations

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry

from farm.errors import FarmError, OutOfSpace, StorageError
from farm.store.lease import FileLock
from farm.store.schema import current, migrate, refuse_newer
from farm.store.state import refuse_network
from farm.store.tables import SCHEMA

DATABASE = "farm.sqlite"
LEADER_LOCK = "leader.lock"
SCHEMA_LOCK = "schema.lock"
BUSY_TIMEOUT_MS = 30_000
LOG_PAGES = 4_000
"""The log may grow so far, 16 MB, before it is moved into the file. A commit of a few hundred tasks comes to hundreds
of pages, so that at SQLite's own 1,000 it would be moved, and two more syncs waited for, at every other commit."""

PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}",
    "PRAGMA cache_size = -65536",
    f"PRAGMA wal_autocheckpoint = {LOG_PAGES}",
)

_REMEDIES = {
    "SQLITE_READONLY": "it cannot be written (check its owner and permissions, or set FARM_STATE to another folder)",
    "SQLITE_CANTOPEN": "it cannot be opened (check its folder's permissions, or set FARM_STATE to another folder)",
    "SQLITE_PERM": "it cannot be opened (check its permissions, or set FARM_STATE to another folder)",
    "SQLITE_NOTADB": "it is not a database (restore it from a backup, or move it away to start afresh)",
    "SQLITE_CORRUPT": "it is damaged (restore it from a backup, or move it away to start afresh)",
    "SQLITE_BUSY": "another process has kept it locked for too long (is a backup or a viewer holding it?)",
}


class Sqlite:
    """The job store in `folder`, which is made when absent, with its schema up to date.

    Raises `InputError` on a network file system or for a newer schema, `LeaseError` when an older schema cannot be
    migrated because a driver is at work on it, `StorageError` when the file cannot be used.
    """

    def __init__(self, folder: Path) -> None:
        refuse_network(folder)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(f"cannot make {folder}: {error.strerror} (set FARM_STATE to another folder)") from error
        self._folder = folder
        self._path = folder / DATABASE
        self.engine: Engine = create_engine(f"sqlite:///{self._path}")
        event.listen(self.engine, "connect", _configure)
        event.listen(self.engine, "begin", _begin)
        try:
            with self.told():
                self._update()
        except FarmError:
            self.engine.dispose()
            raise

    def leader_lock(self) -> FileLock:
        return FileLock(self._folder / LEADER_LOCK)

    def reading(self, connection: Connection) -> AbstractContextManager[object]:
        return connection.begin()

    def writing(self, connection: Connection) -> AbstractContextManager[object]:
        return connection.execution_options(farm_writing=True).begin()

    @contextmanager
    def told(self) -> Iterator[None]:
        """Turn what SQLite raises into the farm's errors, naming the file and the remedy."""
        try:
            yield
        except DBAPIError as error:
            if isinstance(error.orig, sqlite3.Error) and not isinstance(error.orig, sqlite3.IntegrityError):
                raise _translated(error.orig, self._path) from error
            raise

    def _update(self) -> None:
        """Make or migrate the schema, one process at a time; an existing one only while nobody leads."""
        with self.engine.connect() as connection, self.reading(connection):
            found = current(connection)
        if found == SCHEMA:
            return
        refuse_newer(found, str(self._path))
        with (self._folder / SCHEMA_LOCK).open("w") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)
            lead = self.leader_lock()
            if found:
                lead.acquire()
            try:
                with self.engine.connect() as connection, self.writing(connection):
                    if current(connection) != SCHEMA:
                        migrate(connection, str(self._path))
            finally:
                lead.release()


def _translated(error: sqlite3.Error, path: Path) -> FarmError:
    name = getattr(error, "sqlite_errorname", "")
    if name == "SQLITE_FULL":
        return OutOfSpace(f"no space is left for {path} (free some, or set FARM_STATE to a larger disk)")
    for code, remedy in _REMEDIES.items():
        if name.startswith(code):
            return StorageError(f"{path}: {remedy}")
    return StorageError(f"{path}: {error} ({name}; is its disk in order?)")


def _configure(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    cursor = connection.cursor()
    for pragma in PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _begin(connection: Connection) -> None:
    is_writing = connection.get_execution_options().get("farm_writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writing else "BEGIN")
