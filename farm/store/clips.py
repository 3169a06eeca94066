"""Shared storage for everything that is made: a key is absent or complete, never partial, never overwritten.

    ClipStore(url) ─┬─ file://, plain paths   farm.store.local     write beside, fsync, hard-link into place
                    ├─ memory://              farm.store.memory    under one lock, gone with the process
                    └─ s3://                  farm.store.s3        conditional PUT, conditional end of a multipart

Whoever loses a race for a key gets `KeyExists` and the winner's bytes stand. One conformance suite
(`tests/store/test_clips_conformance.py`) is run by all three. Other storage is refused rather than trusted: a backend
that ignored "only if absent" would break the law in silence.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fsspec import AbstractFileSystem

from farm.errors import InputError, KeyExists, KeyMissing, OutOfSpace, StorageError
from farm.store.backend import Backend, Entry, Stored
from farm.store.keys import check_key

SWEEP_AGE_US = 24 * 3600 * 1_000_000
"""Unfinished writes older than this belong to nobody."""

_FULL = {errno.ENOSPC, errno.EDQUOT}


class ClipStore:
    """Write-once storage at `url`. Safe to share between threads, and to pickle to other processes.

    `options` go to the storage behind: for `s3://` those of s3fs (`endpoint_url`, `key`, `secret`, `client_kwargs`…)
    and `part_bytes`, the size of the parts in which large files travel. Opening touches nothing.

    Every method raises `InputError` for a key that cannot be one and `StorageError` (with the place and what to look
    at) when storage fails; `OutOfSpace` when it is full.
    """

    def __init__(self, url: str | Path, **options: Any) -> None:
        self._opened = (str(url), options)
        self._backend = _open(str(url), options)

    def __reduce__(self) -> tuple[Any, ...]:
        return (_reopen, self._opened)

    def __repr__(self) -> str:
        return f"ClipStore({self._opened[0]!r})"

    # -- writing ------------------------------------------------------------------------------------------------

    def put_file(self, key: str, path: Path, *, adopt: bool = False) -> Stored:
        """Store a file's bytes under `key`, durably, and give back their size and sha256.

        With `adopt` the caller gives the file up: a store on the same file system takes it over without copying, so
        nobody may write to it afterwards. Raises `KeyExists`; `InputError` when `path` cannot be read.
        """
        check_key(key)
        with self._told(key, source=path):
            return self._backend.put_file(key, path, adopt=adopt)

    def put_bytes(self, key: str, data: bytes) -> None:
        """Store `data` under `key`, durably. Raises `KeyExists`."""
        check_key(key)
        with self._told(key):
            self._backend.put_bytes(key, data)

    def link(self, source: str, target: str) -> None:
        """Publish `source` under a second key without moving bytes through this machine.

        Raises `KeyMissing` for `source`, `KeyExists` for `target`.
        """
        check_key(target)
        self.size(source)
        with self._told(target):
            self._backend.link(source, target)

    def delete(self, key: str) -> None:
        """Remove a complete key. For `farm.store.gc` only. Raises `KeyMissing`."""
        check_key(key)
        with self._told(key, reading=True):
            self._backend.delete(key)

    def sweep(self, now_us: int) -> int:
        """Remove what killed writers left a day or more before `now_us`; gives back how many."""
        with self._told(""):
            return self._backend.sweep(now_us - SWEEP_AGE_US)

    # -- reading ------------------------------------------------------------------------------------------------

    def read_bytes(self, key: str) -> bytes:
        """All bytes of `key`. Raises `KeyMissing`."""
        check_key(key)
        with self._told(key, reading=True):
            return self._backend.read_bytes(key)

    def fetch(self, key: str, target: Path) -> None:
        """Put the bytes of `key` at `target`, which appears complete or not at all. Raises `KeyMissing`.

        The file may share its bytes with the store, so treat it as read-only.
        """
        check_key(key)
        with self._told(key, reading=True, target=target):
            self._backend.fetch(key, target)

    def local_path(self, key: str) -> Path | None:
        """Where `key` lies as a file on this machine, to be read in place; None when it does not."""
        check_key(key)
        with self._told(key, reading=True):
            return self._backend.local_path(key)

    @property
    def local(self) -> bool:
        """True when clips lie as files on this machine's file systems, where reading is free of a copy."""
        return self._backend.local

    def exists(self, key: str) -> bool:
        """True when `key` is complete."""
        try:
            self.size(key)
        except KeyMissing:
            return False
        return True

    def size(self, key: str) -> int:
        """Bytes of `key`. Raises `KeyMissing`."""
        check_key(key)
        with self._told(key, reading=True):
            return self._backend.size(key)

    def entries(self, prefix: str = "") -> Iterator[Entry]:
        """Every complete key that begins with `prefix`, in code-point order, with size and time."""
        with self._told(prefix):
            yield from self._backend.entries(prefix)

    def keys(self, prefix: str = "") -> Iterator[str]:
        """Every complete key that begins with `prefix`, in code-point order."""
        return (entry.key for entry in self.entries(prefix))

    def url(self, key: str) -> str:
        """The full URL of `key`."""
        return self._backend.url(check_key(key))

    def filesystem(self) -> tuple[AbstractFileSystem, str]:
        """The fsspec file system and root path, for readers such as pyarrow. Never write through it."""
        return self._backend.filesystem()

    # -- errors -------------------------------------------------------------------------------------------------

    @contextmanager
    def _told(
        self, key: str, *, reading: bool = False, source: Path | None = None, target: Path | None = None
    ) -> Iterator[None]:
        """Turn what storage raises into the farm's errors, naming the place and the remedy.

        `source` and `target` are files outside the store that the call reads and writes.
        """
        try:
            yield
        except self._backend.errors as error:
            raise self._translated(error, key, reading=reading, source=source, target=target) from error

    def _translated(
        self, error: Exception, key: str, *, reading: bool, source: Path | None, target: Path | None
    ) -> Exception:
        place = self._backend.url(key)
        if source is not None and getattr(error, "filename", None) == str(source):
            return InputError(f"{source} cannot be read: {_reason(error)} (was it moved or deleted meanwhile?)")
        if isinstance(error, FileExistsError):
            return KeyExists(f"{place} is already written, and nothing is ever overwritten")
        if isinstance(error, FileNotFoundError) and reading:
            return KeyMissing(f"{place} is not there")
        place = str(target or place)
        if isinstance(error, IsADirectoryError | NotADirectoryError) and target is None:
            return InputError(f"{place} cannot be a key: a key cannot also be the folder of another")
        if isinstance(error, OSError) and error.errno in _FULL:
            return OutOfSpace(f"no space is left for {place} (free some, or `farm gc` what is no longer needed)")
        if isinstance(error, PermissionError):
            return StorageError(f"no permission for {place}: {_reason(error)} ({self._backend.remedy})")
        verb = "read" if reading else "write"
        return StorageError(f"cannot {verb} {place}: {_reason(error)} ({self._backend.remedy})")


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _open(url: str, options: dict[str, Any]) -> Backend:
    scheme, separator, rest = url.partition("://")
    if not separator or scheme == "file":
        from farm.store.local import LocalFiles

        return LocalFiles(Path(rest if separator else url))
    if scheme == "memory":
        from farm.store.memory import MemoryFiles

        return MemoryFiles(rest)
    if scheme == "s3":
        from farm.store.s3 import S3Objects

        return S3Objects(rest, **options)
    raise InputError(f"{url}: clips cannot be kept on {scheme}:// (use a path, file://, s3:// or memory://)")


def _reopen(url: str, options: dict[str, Any]) -> ClipStore:
    return ClipStore(url, **options)
