"""Scratch folders that do not outlive their processes for long, however those end.

    <root>/cpu-3-81234-x7f2/    held by a lock on the folder itself, which the kernel lets go when its process dies
    <root>/cache/<farm>/        what this machine's workers share (`farm.cluster.cache`)

Whoever makes a folder first removes those that nobody holds any more: a `kill -9` leaves nothing behind for longer than
until the next worker starts on that machine. Locks tell the dead from the living where process numbers cannot: numbers
are used again, and mean nothing between containers that share a disk.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CACHE = "cache"
_LOCK = ".lock"
_DEAD = ".dead-"


class Scratch:
    """One process's folder below `root`; it goes with `close`, or with the sweep after the process's death."""

    def __init__(self, root: Path, name: str) -> None:
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _locked(root):
            self.path = Path(tempfile.mkdtemp(prefix=f"{name}-{os.getpid()}-", dir=root))
            held = _hold(self.path)
            left = _left(root)
        assert held is not None, "nobody else may sweep meanwhile"
        self._held = held
        for folder in left:
            shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._held)


def _left(root: Path) -> list[Path]:
    """Folders below `root` whose processes are gone, renamed so that nobody else takes them for theirs to remove."""
    left: list[Path] = []
    for folder in root.iterdir():
        if folder.name.startswith(_DEAD):
            left.append(folder)
        elif folder.is_dir() and folder.name != CACHE and (held := _hold(folder)) is not None:
            left.append(folder.rename(root / f"{_DEAD}{uuid.uuid4().hex}"))
            os.close(held)
    return left


def _hold(folder: Path) -> int | None:
    """Lock a folder for as long as this process lives; None when another has it."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    return handle


@contextmanager
def _locked(root: Path) -> Iterator[None]:
    """Between making a folder and locking it nobody may sweep."""
    with (root / _LOCK).open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
