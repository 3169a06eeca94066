"""One at a time: whoever pulls, adds or removes a name holds its lock, which its death frees."""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from farm.errors import StorageError

LOCKS = ".locks"


@contextmanager
def turn(models: Path, name: str) -> Iterator[None]:
    """Hold the name's lock in the folder `models`. Raises `StorageError` that says who holds it."""
    folder = models / LOCKS
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise StorageError(f"cannot write to {models}: {error.strerror} (set FARM_MODELS to another folder)") from error
    try:
        _take(descriptor, name)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, name: str) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.pread(descriptor, 300, 0).decode(errors="replace") or "a process that has just started"
        raise StorageError(f"{name} is being pulled, added or removed by {holder} (wait for it)") from error
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"process {os.getpid()} on {socket.gethostname()}".encode(), 0)
