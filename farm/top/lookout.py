"""Reading in the background, so that keys are answered while a database is slow or away.

thread: look ── every so many seconds ──▶ latest          the screen's loop: latest ──▶ frame
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from farm.overview.values import Overview

LEAVING_S = 1.0
"""How long a reading may go on when the screen is left; one that takes longer ends with the process."""


class Lookout:
    """The last overview that was read. What a reading raises is raised where it is asked for."""

    def __init__(self, opened: Callable[[], AbstractContextManager[Callable[[], Overview]]], every_s: float) -> None:
        self._opened = opened
        self._every_s = every_s
        self._over = threading.Event()
        self._latest: Overview | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="lookout", daemon=True)

    @property
    def latest(self) -> Overview | None:
        """None before the first was read."""
        if self._error is not None:
            raise self._error
        return self._latest

    @contextmanager
    def looking(self) -> Iterator[None]:
        """While inside, it reads."""
        self._thread.start()
        try:
            yield
        finally:
            self._over.set()
            self._thread.join(LEAVING_S)

    def _run(self) -> None:
        try:
            with self._opened() as look:
                while not self._over.is_set():
                    self._latest = look()
                    self._over.wait(self._every_s)
        except BaseException as error:  # noqa: BLE001 - the thread's boundary: `latest` raises it
            self._error = error
