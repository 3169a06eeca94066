"""Something that is read now and then, by a thread of its own, so that whoever wants it never waits long for it.

    latest() ─▶ young enough? it ─▶ else read anew, waited for a moment ─▶ the new one, or the old one meanwhile

However many ask, one reads. What hangs (a disk across the network, a database that restarts) keeps nobody up.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from farm.errors import StorageError

T = TypeVar("T")

PATIENCE_S = 0.5


@dataclass(frozen=True, slots=True)
class Dated(Generic[T]):
    """What was read, and when by the process's own clock."""

    value: T
    at_s: float


class Fresh(Generic[T]):
    """The latest reading. `read` may raise `StorageError`, which `failed` is told; the old one stands then."""

    def __init__(
        self,
        read: Callable[[T | None], T],
        failed: Callable[[StorageError], None],
        *,
        young_s: float,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._read = read
        """Is given the reading before."""
        self._failed = failed
        self._young_s = young_s
        self._patience_s = patience_s
        self._latest: Dated[T] | None = None
        self._turn = threading.Lock()
        self._reader: threading.Thread | None = None

    def latest(self) -> Dated[T] | None:
        """The latest; None when nothing could be read yet."""
        with self._turn:
            latest, reader = self._latest, self._reader
            if latest is not None and time.monotonic() - latest.at_s < self._young_s:
                return latest
            if reader is None or not reader.is_alive():
                reader = self._reader = threading.Thread(target=self._look, name="metrics-reader", daemon=True)
                reader.start()
        reader.join(self._patience_s)
        return self._latest

    def close(self, wait_s: float = 5.0) -> None:
        """Wait for a reading that is under way, as what it reads from is about to be closed."""
        with self._turn:
            reader = self._reader
        if reader is not None:
            reader.join(wait_s)

    def _look(self) -> None:
        began_s, before = time.monotonic(), self._latest
        try:
            value = self._read(before.value if before else None)
        except StorageError as error:
            self._failed(error)
            return
        self._latest = Dated(value, began_s)
