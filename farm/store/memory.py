"""Clips in this process's memory: for tests and for looking around. Equal URLs share one store within the process."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from fsspec import AbstractFileSystem
from fsspec.implementations.memory import MemoryFileSystem

from farm.store.backend import Entry, Stored

_LOCK = threading.RLock()
"""One for the whole process, as fsspec's memory file system is one for the whole process."""


class MemoryFiles:
    """Files of fsspec's memory file system, below a root."""

    errors: tuple[type[Exception], ...] = (OSError,)
    local = False
    remedy = "memory stores live in one process"

    def __init__(self, root: str) -> None:
        self._files = MemoryFileSystem()
        self._root = f"/{root.strip('/')}".rstrip("/")

    def put_file(self, key: str, source: Path, *, adopt: bool) -> Stored:  # noqa: ARG002 (memory always copies)
        data = source.read_bytes()
        self.put_bytes(key, data)
        return Stored(len(data), hashlib.sha256(data).hexdigest())

    def put_bytes(self, key: str, data: bytes) -> None:
        with _LOCK:
            self._files.pipe_file(self._path(key), data, mode="create")

    def read_bytes(self, key: str) -> bytes:
        with _LOCK:
            return self._files.cat_file(self._path(key))

    def fetch(self, key: str, target: Path) -> None:
        data = self.read_bytes(key)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)

    def local_path(self, key: str) -> Path | None:  # noqa: ARG002 (never on disk)
        return None

    def size(self, key: str) -> int:
        with _LOCK:
            info = self._files.info(self._path(key))
        if info["type"] != "file":
            raise FileNotFoundError(key)
        return info["size"]

    def entries(self, prefix: str) -> Iterator[Entry]:
        with _LOCK:
            found = cast(dict[str, dict[str, Any]], self._files.find(self._root, detail=True))
        for path in sorted(found):
            key = path[len(self._root) + 1 :]
            if key.startswith(prefix):
                yield Entry(key, found[path]["size"], int(found[path]["created"] * 1e6))

    def delete(self, key: str) -> None:
        with _LOCK:
            self.size(key)
            self._files.rm_file(self._path(key))

    def link(self, source: str, target: str) -> None:
        with _LOCK:
            self.put_bytes(target, self.read_bytes(source))

    def sweep(self, before_us: int) -> int:  # noqa: ARG002 (nothing outlives its writer)
        return 0

    def url(self, key: str) -> str:
        return f"memory:/{self._path(key)}"

    def filesystem(self) -> tuple[AbstractFileSystem, str]:
        return self._files, self._root

    def _path(self, key: str) -> str:
        return f"{self._root}/{key}"
