"""A clip store in memory that says what was asked of it, and can fail."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from threading import Condition

import pytest

from farm.errors import StorageError
from farm.store.clips import ClipStore


class Watched:
    """`farm.logs.files.Storage`."""

    def __init__(self) -> None:
        self.clips = ClipStore(f"memory://{uuid.uuid4().hex}")
        self.asked: list[str] = []
        self.fails = False
        self._changed = Condition()

    def put_bytes(self, key: str, data: bytes) -> None:
        self._note(f"put {key}")
        self.clips.put_bytes(key, data)
        with self._changed:
            self._changed.notify_all()

    def read_bytes(self, key: str) -> bytes:
        return self.clips.read_bytes(key)

    def keys(self, prefix: str = "") -> Iterator[str]:
        return self.clips.keys(prefix)

    def delete(self, key: str) -> None:
        self._note(f"delete {key}")
        self.clips.delete(key)

    def wait_for(self, key: str) -> None:
        """Until that key is there."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.clips.exists(key), timeout=60), list(self.clips.keys())

    def _note(self, what: str) -> None:
        self.asked.append(what)
        if self.fails:
            raise StorageError("the bucket is away")


@pytest.fixture
def storage() -> Watched:
    return Watched()
