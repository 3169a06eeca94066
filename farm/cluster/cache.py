"""What this machine's workers have read from, or written to, remote storage: a hop on one machine reads it from disk.

    <root>/<boot>/ab/abcdef…/<size>/still.png      the file of one key; its name and its size stand in its path
    <root>/<boot>/new/<random>                     being fetched; linked to its place when it is complete
    <root>/<boot>/total                            bytes in all, and the lock under which they change

Keys are write-once, so a key names its bytes for ever. Files appear by `link`, so never in part; those that a crash of
the machine may have cut lie under another boot's id and are removed; a file of another size than its path says is
dropped. Users get a hard link of their own: what is evicted meanwhile stays theirs.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import logging
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

logger = logging.getLogger(__name__)

KEEP_PART = 0.9
"""An eviction goes on until this part of the bound is left, so that not every new file evicts."""

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Cache:
    """At most `limit_bytes` of files, the least recently used going first. Safe between processes and threads."""

    def __init__(self, root: Path, limit_bytes: int) -> None:
        boot = _BOOT_ID.read_text().strip() if _BOOT_ID.exists() else "boot"
        self._root = root / boot
        self._limit_bytes = limit_bytes
        (self._root / "new").mkdir(parents=True, exist_ok=True)
        for other in root.iterdir():
            if other.name != boot:
                shutil.rmtree(other, ignore_errors=True)

    def get(self, key: str, target: Path) -> bool:
        """Put the file of `key` at `target`, sharing its bytes: read-only. False when it is not here."""
        folder = self._folder(key)
        for size in _names(folder):
            file = folder / size / _name(key)
            try:
                os.link(file, target)
                whole = target.stat().st_size == int(size)
                if whole:
                    os.utime(target)  # both names are of one file: this is when it was last used
                    return True
                target.unlink()
                file.unlink()
            except FileNotFoundError:
                continue
        return False

    def add(self, key: str, source: Path) -> None:
        """Keep `source` as the file of `key`. The caller gives it up: nobody may write to it afterwards.

        A cache is never why work fails: when the disk refuses, the file is not kept.
        """
        size = source.stat().st_size
        place = self._folder(key) / str(size) / _name(key)
        if size > self._limit_bytes or place.exists():
            return
        try:
            source.chmod(0o444)
            with self._total() as total:
                if not place.exists():  # else another worker was faster
                    self._make_room(size, total)
                    place.parent.mkdir(parents=True, exist_ok=True)
                    _link(source, place, self._root / "new")
        except OSError as error:
            logger.warning("%s is not kept in %s: %s", key, self._root, error.strerror)

    def through(self, key: str, target: Path, fetch: Callable[[Path], None]) -> None:
        """Put the file of `key` at `target`: from here, else by `fetch`, and kept."""
        if self.get(key, target):
            return
        fetch(target)
        self.add(key, target)

    @property
    def bytes_kept(self) -> int:
        """What all files here come to."""
        with self._total():
            return sum(size for _, size, _ in self._files())

    # -- room ----------------------------------------------------------------------------------------------------

    def _make_room(self, size: int, total: _Total) -> None:
        """Book `size` more bytes; what would be too much is evicted first. A crash after that books too much, which
        the next eviction puts right.
        """
        if total.bytes + size > self._limit_bytes:
            total.book(self._evict(max(0, int(KEEP_PART * self._limit_bytes) - size)))
        total.book(total.bytes + size)

    def _evict(self, keep_bytes: int) -> int:
        """Remove the least recently used beyond `keep_bytes`; gives the bytes that are left."""
        left = 0
        for _, size, file in sorted(self._files(), reverse=True):
            if left + size <= keep_bytes:
                left += size
            else:
                file.unlink(missing_ok=True)
                with suppress(OSError):
                    file.parent.rmdir()
                    file.parent.parent.rmdir()
        return left

    def _files(self) -> Iterator[tuple[int, int, Path]]:
        """When last used (ns), bytes, and path of each."""
        for file in self._root.glob("??/*/*/*"):
            with suppress(FileNotFoundError):
                stat = file.stat()
                yield stat.st_mtime_ns, stat.st_size, file

    @contextmanager
    def _total(self) -> Iterator[_Total]:
        """The books, held: files come and go only meanwhile."""
        with (self._root / "total").open("a+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield _Total(file)

    def _folder(self, key: str) -> Path:
        digest = hashlib.sha256(key.encode()).hexdigest()
        return self._root / digest[:2] / digest


class _Total:
    """The bytes that are booked, in a file that this process has locked."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        file.seek(0)
        self.bytes = int(file.read() or 0)

    def book(self, size: int) -> None:
        """Say how many there are now; it is written when this returns."""
        self.bytes = size
        self._file.truncate(0)
        self._file.write(str(size))
        self._file.flush()


def _link(source: Path, place: Path, temp: Path) -> None:
    """Give `source` a second name; across file systems, copy it beside first."""
    try:
        os.link(source, place)
    except FileExistsError:
        return
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        copy = temp / uuid.uuid4().hex
        shutil.copyfile(source, copy)
        copy.chmod(0o444)
        with suppress(FileExistsError):
            os.link(copy, place)
        copy.unlink()


def _name(key: str) -> str:
    return key.rpartition("/")[2]


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208 (names are what is asked for)
    except FileNotFoundError:
        return []
