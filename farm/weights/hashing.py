"""Digests of files, read in blocks and told as they go: sha256 for records, git's own for small files of the hub."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from farm.errors import InputError
from farm.models.diffusion.installed import WeightFile
from farm.weights.progress import Progress

BLOCK = 4 << 20
READERS = 4
"""Files hashed at once: a disk gives more than one core can hash."""


def sha256(path: Path, advance: Callable[[int], None]) -> str:
    """Hex digest of a file, `advance` hearing of every block."""
    return _digest(path, hashlib.sha256(), advance)


def git_blob(path: Path) -> str:
    """What git calls a file of these contents: sha1 over "blob SIZE", a zero byte, and the contents."""
    start = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    return _digest(path, start, lambda _: None)


def hashed(folder: Path, names: Iterable[str], progress: Progress) -> tuple[WeightFile, ...]:
    """Every named file below `folder` with its size and digest, in order of their names."""
    files = sorted(names)
    progress.begin("reading", sum((folder / name).stat().st_size for name in files))

    def of(name: str) -> WeightFile:
        path = folder / name
        return WeightFile(path=name, size=path.stat().st_size, sha256=sha256(path, progress.advance))

    try:
        with ThreadPoolExecutor(READERS) as readers:
            return tuple(readers.map(of, files))
    except OSError as error:
        raise InputError(f"{error.filename or folder} cannot be read: {error.strerror}") from error


def copied(source: Path, target: Path, advance: Callable[[int], None]) -> str:
    """Copy a file; the sha256 of what was read, as hex."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb", buffering=0) as copy:
        return _digest(source, hashlib.sha256(), advance, copy.write)


def _digest(
    path: Path, state: hashlib._Hash, advance: Callable[[int], None], also: Callable[[memoryview], object] | None = None
) -> str:
    fed(path, state, advance, also)
    return state.hexdigest()


def fed(
    path: Path, state: hashlib._Hash, advance: Callable[[int], None], also: Callable[[memoryview], object] | None = None
) -> None:
    """Read a file into a digest that goes on after it, `advance` and `also` hearing of every block."""
    block = memoryview(bytearray(BLOCK))
    with path.open("rb", buffering=0) as file:
        while count := file.readinto(block):
            state.update(block[:count])
            if also:
                also(block[:count])
            advance(count)
