"""The seam behind `ClipStore`: what one kind of storage has to do, in terms of operating-system errors.

A backend raises `FileExistsError` for a taken key, `FileNotFoundError` for an absent one, any other `OSError` (or one
of its own `errors`) for everything else; `farm.store.clips` turns them into the farm's words. Keys arrive checked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from fsspec import AbstractFileSystem


@dataclass(frozen=True, slots=True)
class Stored:
    """What was written: its size in bytes and the sha256 of its bytes, as hex."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One complete key, as listed."""

    key: str
    size: int
    """Bytes."""
    modified_us: int
    """UTC microseconds."""


class Backend(Protocol):
    """One kind of storage, rooted at a URL."""

    errors: tuple[type[Exception], ...]
    """What its calls raise when storage fails."""
    local: bool
    """True when keys are files that can be read in place."""
    remedy: str
    """What to look at when access is denied."""

    def put_file(self, key: str, source: Path, *, adopt: bool) -> Stored: ...
    def put_bytes(self, key: str, data: bytes) -> None: ...
    def read_bytes(self, key: str) -> bytes: ...
    def fetch(self, key: str, target: Path) -> None: ...
    def local_path(self, key: str) -> Path | None: ...
    def size(self, key: str) -> int: ...
    def entries(self, prefix: str) -> Iterator[Entry]: ...
    def delete(self, key: str) -> None: ...
    def link(self, source: str, target: str) -> None: ...
    def sweep(self, before_us: int) -> int: ...
    def url(self, key: str) -> str: ...
    def filesystem(self) -> tuple[AbstractFileSystem, str]: ...
