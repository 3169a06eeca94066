"""Who leads on PostgreSQL: a session that holds an advisory lock and gives a sign of life every second.

    leader dies      ──▶ its connection closes ──▶ the server frees the lock ──▶ the next to ask leads
    leader stalls    ──▶ no sign for SILENCE_S ──▶ the next to ask ends all its sessions, and leads
    server restarts  ──▶ the leader takes the lock again, if nobody has led meanwhile (the epoch says so)

A sign is a statement on the locking session; `pg_stat_activity` keeps its time by the server's clock, so that nothing
is written and no two clocks are compared. All sessions of one driver carry its name, by which they are ended together:
one that was stopped inside a transaction loses it, and the epoch refuses whatever it tries afterwards.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import psycopg

from farm.errors import LeaseError

BEAT_S = 1.0
SILENCE_S = 4.0
END_TIMEOUT_MS = 2_000
NAME_LENGTH = 63
"""The server cuts names of sessions here."""

_KEY = "hashtext('farm lead') & 2147483647, hashtext(current_schema()) & 2147483647"
_TRY_LOCK = f"SELECT pg_try_advisory_lock({_KEY})"
_HOLDER = f"""
    SELECT held.pid, session.application_name, extract(epoch FROM clock_timestamp() - session.state_change)
    FROM pg_locks AS held JOIN pg_stat_activity AS session USING (pid)
    WHERE held.locktype = 'advisory' AND held.granted AND held.objsubid = 2
    AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND (held.classid::bigint, held.objid::bigint) = ({_KEY})
"""  # noqa: S608 - constants
_END = """
    SELECT pg_terminate_backend(pid, %(timeout_ms)s) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND (pid = %(pid)s OR application_name = %(name)s)
"""
_EPOCH = "SELECT epoch FROM farm"


def session_name(pid: int, token: str, host: str) -> str:
    """What all sessions of one process's store are called, and known by."""
    return f"farm:{token}:{pid}:{host}"[:NAME_LENGTH]


def _process(name: str) -> str:
    """Whom a session's name stands for, in words."""
    parts = name.split(":", 3)
    return f"process {parts[2]} on {parts[3]}" if len(parts) == 4 and parts[0] == "farm" else f"session {name!r}"


class LeaderSession:
    """The lead's lock, and the thread that keeps it."""

    def __init__(
        self,
        connect: Callable[[], psycopg.Connection[Any]],
        name: str,
        place: str,
        told: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._connect = connect
        self._name = name
        self._place = place
        self._told = told
        self._connection: psycopg.Connection[Any] | None = None
        self._released = threading.Event()
        self._lost = threading.Event()
        self._thread: threading.Thread | None = None
        self._epoch = 0

    @property
    def held(self) -> bool:
        """False once it is released, or somebody else has led since."""
        return self._thread is not None and not self._lost.is_set()

    def acquire(self) -> None:
        """Take the lock now, from a silent holder too. Raises `LeaseError`, naming the holder, when it is taken."""
        with self._told():
            connection = self._connect()
            try:
                _take(connection, self._place)
            except BaseException:
                connection.close()
                raise
        self._connection = connection
        self._thread = threading.Thread(target=self._keep, name="farm-lead", daemon=True)
        self._thread.start()

    def keep(self, epoch: int) -> None:
        """From here on a lost connection is made again, as long as `epoch` is the last that led."""
        self._epoch = epoch

    def release(self) -> None:
        """Give the lock back; nothing happens when it is not held."""
        if self._thread is not None:
            self._released.set()
            self._thread.join()
            self._thread = None
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _keep(self) -> None:
        while not self._released.wait(BEAT_S):
            try:
                if self._connection is None:
                    self._connection = self._again()
                self._connection.execute("SELECT 1")
            except LeaseError:
                self._lost.set()
                return
            except psycopg.Error:  # no server for now: nobody else can lead either
                if self._connection is not None:
                    self._connection.close()
                self._connection = None

    def _again(self) -> psycopg.Connection[Any]:
        """The lock once more, after its connection was lost. Raises `LeaseError` when somebody else leads, or has."""
        connection = self._connect()
        try:
            _take(connection, self._place, mine=self._name)
            _check(connection, self._epoch)
        except BaseException:
            connection.close()
            raise
        return connection


def _take(connection: psycopg.Connection[Any], place: str, mine: str = "") -> None:
    """Take the lock on `connection`, after ending a holder that gives no sign of life, or is the session `mine` of
    which this process has lost its end. Raises `LeaseError`.
    """
    if _try(connection):
        return
    holder = connection.execute(_HOLDER).fetchone()
    if holder is not None:
        pid, name, silent_s = holder
        if name == mine:
            connection.execute(_END, {"timeout_ms": END_TIMEOUT_MS, "pid": pid, "name": None})
        elif silent_s is not None and silent_s > SILENCE_S:
            connection.execute(_END, {"timeout_ms": END_TIMEOUT_MS, "pid": pid, "name": name})
    if not _try(connection):
        who = _process(holder[1]) if holder else "a process that has just started"
        raise LeaseError(f"another farm leads here: {who} (wait for it, stop it, or use another database; {place})")


def _check(connection: psycopg.Connection[Any], epoch: int) -> None:
    row = connection.execute(_EPOCH).fetchone()
    if row is None or row[0] != epoch:
        raise LeaseError(f"epoch {epoch} leads no more")


def _try(connection: psycopg.Connection[Any]) -> bool:
    row = connection.execute(_TRY_LOCK).fetchone()
    return bool(row and row[0])
