"""A thread for each webhook, beside a driver that leads: what an endpoint does keeps nobody else waiting.

    driver begins ─▶ Telling ─▶ a thread each: step, rest, step …
    driver ends ─▶ close ─▶ one last step, then whatever hangs is cut

The last step is for a farm that lives as long as one render: its end is told before the process is gone, if the
endpoint answers within a few seconds; else the next leader tells it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from time import monotonic

from farm.clock import now_us
from farm.errors import StorageError
from farm.notify.hook import Hook
from farm.notify.post import PATIENCE_S, Call, post
from farm.notify.schedule import Answer
from farm.notify.teller import Teller
from farm.store.jobs import JobStore

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0
CLOSE_S = 4.0
"""How long a driver that ends waits for the last messages."""
CUT_S = 1.0
"""… and for those that it cuts short."""


class Telling:
    """One webhook's thread."""

    def __init__(
        self, hook: Hook, store: JobStore, out: str, leads: Callable[[], bool], patience_s: float = PATIENCE_S
    ) -> None:
        self._hook = hook
        self._patience_s = patience_s
        self._call = Call()
        self._closing = threading.Event()
        self._cut = threading.Event()
        self._teller = Teller(hook, store, out, self._send, now_us, lambda: self._cut.is_set() or not leads())
        self._thread = threading.Thread(target=self._run, name=f"webhook {hook.name}", daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """Deliver what can be delivered at once, and then no more. Does not wait."""
        self._closing.set()

    def join(self, timeout_s: float) -> bool:
        """Wait for the end; False when it did not come in time."""
        self._thread.join(max(0.0, timeout_s))
        return not self._thread.is_alive()

    def cut(self) -> None:
        """End what is on its way."""
        self._cut.set()
        self._call.cut()

    def _run(self) -> None:
        while not self._closing.wait(self._step()):
            pass
        self._step()
        if not self._cut.is_set():
            self._keep(self._teller.close)

    def _step(self) -> float:
        """One step; gives how long to rest."""
        due_us = self._keep(self._teller.step)
        return min(LOOK_EVERY_S, max(0.0, (due_us - now_us()) / 1e6)) if due_us else LOOK_EVERY_S

    def _keep(self, action: Callable[[], int | None]) -> int:
        try:
            return action() or 0
        except StorageError as error:  # the next time will do
            logger.warning("webhook %s is told later: %s", self._hook.name, error)
            return 0

    def _send(self, headers: Mapping[str, str], body: bytes) -> Answer:
        self._call = Call(self._patience_s)
        if self._cut.is_set():
            self._call.cut()
        return post(self._hook.url, headers, body, self._call, now_us())


@contextmanager
def telling(hooks: Sequence[Hook], store: JobStore, out: str, leads: Callable[[], bool]) -> Generator[None]:
    """While inside, those webhooks are told what becomes of the farm's jobs."""
    threads = [Telling(hook, store, out, leads) for hook in hooks]
    try:
        yield
    finally:
        close(threads)


def close(threads: Sequence[Telling], close_s: float = CLOSE_S) -> None:
    """End them all: in order if they can, else at once."""
    for each in threads:
        each.finish()
    deadline_s = monotonic() + close_s
    late = [each for each in threads if not each.join(deadline_s - monotonic())]
    for each in late:
        each.cut()
    deadline_s = monotonic() + CUT_S
    for each in late:
        each.join(deadline_s - monotonic())
