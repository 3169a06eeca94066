"""Room in a node's cache: what nobody uses makes way, least recently used first.

    the disk, the limit ─ less what others are still to bring ─▶ too little? ─▶ remove one that is not in use ─▶ …
                                                                              └▶ all are in use: error
What is used is locked: each set of weights has a lock file, shared by whoever brings or uses it; its time says when it
was last used. Beside the weights stands what they come to when they are whole, so that two models that
come at once do not count on the same room.
"""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from farm.errors import OutOfSpace
from farm.models.diffusion.installed import RECORD, Installed
from farm.weights.bringing import there
from farm.weights.fetch import SPARE, FreeBytes, gigabytes

logger = logging.getLogger(__name__)

_WEIGHTS, _LOCKS = ".weights", ".locks"
_FILES, _BOOKED = "files", "bytes"


class Room:
    """The sets of weights of one cache folder, by fingerprint, and how much they may come to."""

    def __init__(self, folder: Path, limit_bytes: int, free: FreeBytes) -> None:
        """`limit_bytes` 0: as much as the disk has."""
        self._folder = folder
        self._limit_bytes = limit_bytes - limit_bytes // 50  # a fiftieth for what the files of a disk cost beside
        self._free = free

    def weights(self, fingerprint: str) -> Path:
        """Where the files of that fingerprint lie."""
        return self._set(fingerprint) / _FILES

    def use(self, fingerprint: str) -> int:
        """A descriptor that keeps it, there or to come, from being removed until it is closed. Notes the time."""
        descriptor = _opened(self._folder / _LOCKS / fingerprint)
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        os.utime(descriptor)
        return descriptor

    @contextmanager
    def alone(self, what: str, why: str = "") -> Iterator[None]:
        """One process of this machine at a time; who has to wait logs `why`."""
        descriptor = _opened(self._folder / _LOCKS / f"{what}.alone")
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if why:
                    logger.info("waiting: %s", why)
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def make(self, record: Installed) -> None:
        """See to it that the files of `record`, which the caller uses, find room. Raises `OutOfSpace`."""
        with self.alone("room"):
            while (lacking := self._lacking(record)) > 0:
                is_hopeless = 0 < self._limit_bytes < record.size  # nothing is removed for what will not fit at all
                if is_hopeless or not self._remove_one(record.fingerprint):
                    raise OutOfSpace(self._too_little(record, lacking))
            self._set(record.fingerprint).mkdir(parents=True, exist_ok=True)
            (self._set(record.fingerprint) / _BOOKED).write_text(str(record.size))

    # -- inside ------------------------------------------------------------------------------------------------------

    def _lacking(self, record: Installed) -> int:
        """Bytes that are too few for it, on the disk or within the limit."""
        others = [each for each in self._sets() if each.name != record.fingerprint]
        booked = {each: _booked(each) for each in others}
        to_come = sum(max(0, size - _size(each)) for each, size in booked.items())
        missing = record.size - sum(there(file, self.weights(record.fingerprint)) for file in record.files)
        lacking = missing + to_come + SPARE - self._free(self._folder) if missing else 0
        return max(lacking, record.size + sum(booked.values()) - self._limit_bytes if self._limit_bytes else 0)

    def _remove_one(self, kept: str) -> bool:
        """Remove what was used least lately of what nobody uses; False where there is none."""
        for each in sorted(self._sets(), key=lambda each: _used_ns(self._folder / _LOCKS / each.name)):
            if each.name == kept:
                continue
            descriptor = _opened(self._folder / _LOCKS / each.name)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._remove(each)
                return True
            except BlockingIOError:
                continue
            finally:
                os.close(descriptor)
        return False

    def _remove(self, each: Path) -> None:
        for record in self._folder.glob(f"*/{RECORD}"):
            if each.name in record.read_text(encoding="utf-8"):  # first: from here on it is not in the cache
                record.unlink()
                with suppress(OSError):
                    record.parent.rmdir()
        logger.info("removed from the cache to make room: %s, %s", each, gigabytes(_size(each)))
        shutil.rmtree(each)

    def _too_little(self, record: Installed, lacking: int) -> str:
        used = sum(map(_size, self._sets()))
        bound = f", and may hold {gigabytes(self._limit_bytes)}" if self._limit_bytes else ""
        return (
            f"{self._folder} has no room for {record.name}: of its {gigabytes(record.size)}, {gigabytes(lacking)} are"
            f" too many (it holds {gigabytes(used)}, in use by workers{bound}; the disk has"
            f" {gigabytes(self._free(self._folder))} free: free some, or set FARM_MODEL_CACHE to a larger disk, or"
            " FARM_MODEL_CACHE_SIZE to more)"
        )

    def _set(self, fingerprint: str) -> Path:
        return self._folder / _WEIGHTS / fingerprint

    def _sets(self) -> list[Path]:
        folder = self._folder / _WEIGHTS
        return list(folder.iterdir()) if folder.is_dir() else []


def _opened(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)


def _booked(each: Path) -> int:
    """What a set comes to when it is whole."""
    with suppress(OSError, ValueError):
        return int((each / _BOOKED).read_text())
    return _size(each)


def _size(each: Path) -> int:
    """What a set has on the disk."""
    total = 0
    for path in (each / _FILES).rglob("*"):
        with suppress(FileNotFoundError):  # it was a part a moment ago
            total += path.stat().st_size if path.is_file() else 0
    return total


def _used_ns(lock: Path) -> int:
    return lock.stat().st_mtime_ns if lock.exists() else 0
