"""The job store in one SQLite file of a local folder: durable when a commit returns.

WAL lets readers go on while the driver writes; synchronous=FULL waits for the disk at every commit. Transactions are
begun by us and not by the driver: a write takes the write lock first (BEGIN IMMEDIATE), so that it waits its turn
instead of failing in the middle.
"""

from __future__ import annotations

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry

from farm.errors import FarmError, OutOfSpace, StorageError
from farm.store.lease import Lock
from farm.store.schema import current, migrate
from farm.store.state import refuse_network
from farm.store.tables import SCHEMA

DATABASE = "farm.sqlite"
LEADER_LOCK = "leader.lock"
SCHEMA_LOCK = "schema.lock"
BUSY_TIMEOUT_MS = 30_000

PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}",
    "PRAGMA cache_size = -65536",
)

_REMEDIES = {
    "SQLITE_READONLY": "it cannot be written (check its owner and permissions, or set FARM_STATE to another folder)",
    "SQLITE_CANTOPEN": "it cannot be opened (check its folder's permissions, or set FARM_STATE to another folder)",
    "SQLITE_PERM": "it cannot be opened (check its permissions, or set FARM_STATE to another folder)",
    "SQLITE_NOTADB": "it is not a database (restore it from a backup, or move it away to start afresh)",
    "SQLITE_CORRUPT": "it is damaged (restore it from a backup, or move it away to start afresh)",
    "SQLITE_BUSY": "another process has kept it locked for too long (is a backup or a viewer holding it?)",
}


def open_sqlite(folder: Path) -> Engine:
    """The engine of the job store in `folder`, which is made when absent, with its schema up to date.

    Raises `InputError` on a network file system or for a newer schema, `LeaseError` when an older schema cannot be
    migrated because a driver is at work on it, `StorageError` when the file cannot be used.
    """
    refuse_network(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"cannot make {folder}: {error.strerror} (set FARM_STATE to another folder)") from error
    path = folder / DATABASE
    engine = create_engine(f"sqlite:///{path}")
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)
    try:
        with told(path):
            _update(engine, folder)
    except FarmError:
        engine.dispose()
        raise
    return engine


def writing(connection: Connection) -> Connection:
    """The same connection, whose next transaction takes the write lock first."""
    return connection.execution_options(farm_writing=True)


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Turn what SQLite raises into the farm's errors, naming the file and the remedy."""
    try:
        yield
    except DBAPIError as error:
        if isinstance(error.orig, sqlite3.Error) and not isinstance(error.orig, sqlite3.IntegrityError):
            raise _translated(error.orig, path) from error
        raise


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


def _update(engine: Engine, folder: Path) -> None:
    """Make or migrate the schema, one process at a time; an existing one only while nobody leads."""
    with engine.connect() as connection, connection.begin():
        found = current(connection)
    if found == SCHEMA:
        return
    with (folder / SCHEMA_LOCK).open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        lead = Lock(folder / LEADER_LOCK)
        if found:
            lead.acquire()
        try:
            with engine.connect() as connection, writing(connection).begin():
                if current(connection) != SCHEMA:
                    migrate(connection, str(folder / DATABASE))
        finally:
            lead.release()
