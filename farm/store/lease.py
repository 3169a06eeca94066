"""Who leads: one driver at a time, by a lock that is free when its holder dies.

    FileLock(leader.lock) ── held by one process ──▶ epoch + 1 in the database ──▶ Lease(epoch)

The lock keeps a second driver out, at once and without a timeout; the epoch keeps a driver out that lost the lock and
does not know it: every write names its epoch and a stale one is refused. A fork of the holder gives its copy of the
lock up at once, so that only the holder's own death frees it. On PostgreSQL the lock is a session of the database:
`farm.store.postgres_lead`.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import weakref
from pathlib import Path
from types import TracebackType
from typing import Self

from farm.errors import LeaseError
from farm.store.database import Lock


class FileLock:
    """An exclusive lock on a file of a local disk, with a note of who holds it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1

    def acquire(self) -> None:
        """Take the lock now. Raises `LeaseError`, naming the holder, when another process has it."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = _holder(descriptor)
            os.close(descriptor)
            raise LeaseError(
                f"another farm leads here: {holder} (wait for it, stop it, or use another --out; {self._path})"
            ) from error
        note = json.dumps({"pid": os.getpid(), "host": socket.gethostname()})
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, note.encode(), 0)
        self._descriptor = descriptor
        _HELD.add(self)

    def release(self) -> None:
        """Give the lock back; nothing happens when it is not held."""
        if self._descriptor >= 0:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
            self.forget()

    @property
    def held(self) -> bool:
        return self._descriptor >= 0

    def keep(self, epoch: int) -> None:
        """Nothing to do: the operating system keeps it."""

    def forget(self) -> None:
        """Close this process's handle: of a fork, which shares the lock with its parent and leaves it to it."""
        os.close(self._descriptor)
        self._descriptor = -1
        _HELD.discard(self)


class Lease:
    """The lead: `epoch` goes into every write. Ends with `release`, the `with` block or the process."""

    def __init__(self, epoch: int, lock: Lock) -> None:
        self.epoch = epoch
        self._lock = lock

    @property
    def alive(self) -> bool:
        """False once the lead is released, or known to be somebody else's."""
        return self._lock.held

    def release(self) -> None:
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _holder(descriptor: int) -> str:
    try:
        note = json.loads(os.pread(descriptor, 4096, 0))
    except ValueError:  # it has only just taken the lock
        return "a process that has just started"
    return f"process {note['pid']} on {note['host']}"


_HELD: weakref.WeakSet[FileLock] = weakref.WeakSet()


def _forget_in_child() -> None:
    for lock in list(_HELD):
        lock.forget()


os.register_at_fork(after_in_child=_forget_in_child)
