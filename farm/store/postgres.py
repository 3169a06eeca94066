"""The job store in a PostgreSQL database: durable when a commit returns, shared by drivers on several machines.

    postgresql://user@host/database ──▶ engine (work) ── one UPDATE of `farm` puts writers one behind the other
                                    └─▶ LeaderSession (farm.store.postgres_lead) ── advisory lock, heartbeat

A reader sees one moment (REPEATABLE READ). A session that stalls inside a transaction is ended by the server, so that a
driver that was stopped there does not keep the next one waiting. Sessions matter, so a connection pooler may stand
between only in session mode. A server that restarts costs one `StorageError`; the next call connects again.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import psycopg
from sqlalchemy import URL, Connection, Engine, create_engine, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError

from farm.errors import FarmError, InputError, OutOfSpace, StorageError
from farm.store.postgres_lead import LeaderSession, session_name
from farm.store.schema import current, migrate, refuse_newer
from farm.store.tables import SCHEMA

OLDEST_SERVER = 14
"""From here on the server can wait for a session that it ends."""
CONNECT_TIMEOUT_S = 5
STALLED_TRANSACTION_MS = 5_000
LOCK_TIMEOUT_MS = 10_000

SESSION = (
    f"-c idle_in_transaction_session_timeout={STALLED_TRANSACTION_MS} -c lock_timeout={LOCK_TIMEOUT_MS} "
    "-c plan_cache_mode=force_custom_plan"
)
"""Plans are made afresh: one that was made while a table was small walks all of it for ever after."""
NETWORK: dict[str, str] = {
    "connect_timeout": str(CONNECT_TIMEOUT_S),
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",
}
"""A dead network is noticed in about ten seconds, unless the URL says otherwise."""

EXPECTED = "postgresql://user@host/database"
SCHEMA_TURN = text("SELECT pg_advisory_xact_lock(hashtext('farm schema'), hashtext(current_schema()))")

_REMEDIES = {
    "25006": "it cannot be written: the server is read-only (is it a standby? name the primary in the URL)",
    "42501": "this user may not do that (grant it the database's schema: GRANT ALL ON SCHEMA public TO ...)",
    "53300": "it takes no more connections (raise max_connections, or stop what holds them)",
    "55P03": "another session keeps it locked for too long (is somebody's transaction left open?)",
    "57P01": "the connection was ended by the server (it restarts, or an administrator ended it; try again)",
    "57P02": "the server has crashed and recovers (try again)",
    "57P03": "the server starts up or shuts down (try again)",
    "25P03": "this process stalled inside a transaction, which the server has ended; nothing was changed (try again)",
    "40001": "it was changed by somebody else at the same moment (try again)",
}
_FULL = {"53100", "53200"}
_REFUSALS = {
    "password authentication failed": "check the user and password in the URL, or the password file",
    "no password supplied": "give the password in the URL, in PGPASSWORD or in ~/.pgpass",
    "does not exist": "create it (createdb, createuser), or correct the URL",
    "no pg_hba.conf entry": "let this host in: pg_hba.conf on the server",
}
"""What a server says when it turns a connection down; it gives no code then."""


class Postgres:
    """The job store in the database at `url`, with its schema up to date.

    Raises `InputError` for a URL or a database that cannot be used as it stands (wrong password, no such database, too
    old a server, a newer schema), `LeaseError` when an older schema cannot be migrated because a driver is at work on
    it, `StorageError` when the server cannot be reached or written.
    """

    def __init__(self, url: str) -> None:
        parsed = _parse(url)
        self._place = parsed.set(drivername="postgresql", query={}).render_as_string(hide_password=True)
        self._name = session_name(os.getpid(), secrets.token_hex(3), socket.gethostname())
        self.engine: Engine = create_engine(self._configured(parsed))
        try:
            with self.told():
                self._update()
        except FarmError:
            self.engine.dispose()
            raise

    def leader_lock(self) -> LeaderSession:
        return LeaderSession(self._session, self._name, self._place, self.told)

    def reading(self, connection: Connection) -> AbstractContextManager[object]:
        return connection.execution_options(isolation_level="REPEATABLE READ").begin()

    def writing(self, connection: Connection) -> AbstractContextManager[object]:
        return connection.begin()

    @contextmanager
    def told(self) -> Iterator[None]:
        """Turn what PostgreSQL raises into the farm's errors, naming the database and the remedy."""
        try:
            yield
        except DBAPIError as error:
            if isinstance(error.orig, psycopg.Error) and not isinstance(error.orig, psycopg.IntegrityError):
                raise _translated(error.orig, self._place) from error
            raise
        except psycopg.Error as error:
            raise _translated(error, self._place) from error

    def _configured(self, url: URL) -> URL:
        options = f"{url.query.get('options', '')} {SESSION}".strip()
        return url.set(query={**NETWORK, **url.query, "application_name": self._name, "options": options})

    def _session(self) -> psycopg.Connection[Any]:
        """A connection of its own, outside the pool, each statement of which is a transaction."""
        _, settings = self.engine.dialect.create_connect_args(self.engine.url)
        return psycopg.connect(**settings, autocommit=True)

    def _update(self) -> None:
        """Make or migrate the schema, one process at a time; an existing one only while nobody leads."""
        with self.engine.connect() as connection, self.reading(connection):
            version = connection.dialect.server_version_info
            if version is not None and version < (OLDEST_SERVER,):
                raise InputError(
                    f"{self._place}: PostgreSQL {version[0]} is too old (version {OLDEST_SERVER} or newer is needed)"
                )
            found = current(connection)
        if found == SCHEMA:
            return
        refuse_newer(found, self._place)
        lead = self.leader_lock()
        try:
            with self.engine.connect() as connection, self.writing(connection):
                connection.execute(SCHEMA_TURN)
                found = current(connection)
                if found and found != SCHEMA:
                    lead.acquire()
                if found != SCHEMA:
                    migrate(connection, self._place)
        finally:
            lead.release()


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise InputError(f"{url!r} is no database URL (expected {EXPECTED})") from error
    if parsed.drivername not in {"postgresql", "postgres", "postgresql+psycopg"} or not parsed.database:
        place = parsed.render_as_string(hide_password=True)
        raise InputError(f"{place}: this is not the URL of a PostgreSQL database (expected {EXPECTED})")
    return parsed.set(drivername="postgresql+psycopg")


def _translated(error: psycopg.Error, place: str) -> FarmError:
    code, words = error.sqlstate or "", _first_line(error)
    if code in _FULL:
        return OutOfSpace(f"{place}: the server has no space left ({words}; free some)")
    if code in _REMEDIES:
        return StorageError(f"{place}: {_REMEDIES[code]}")
    if not code and isinstance(error, psycopg.OperationalError):
        for refusal, remedy in _REFUSALS.items():
            if refusal in str(error):
                return InputError(f"{place}: {words} ({remedy})")
        return StorageError(f"{place} cannot be reached: {words} (is the server running, and the URL right? try again)")
    return StorageError(f"{place}: {words} ({code or type(error).__name__}; what does the server's log say?)")


def _first_line(error: psycopg.Error) -> str:
    """The server's own words, without the addresses that were tried before them."""
    last = next((line for line in reversed(str(error).splitlines()) if line.strip()), "the connection was lost")
    return last.rpartition("FATAL:")[2].strip()
