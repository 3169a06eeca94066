"""The farm over HTTP, as far as it goes: is this process alive, and may requests be sent to it.

    Readiness ── every other second, in a thread of its own ──▶ the job store: reachable? of this farm's schema?
        ▲ the last answer
    GET /healthz   200 while the process runs
    GET /readyz    200, or 503 with the reason
    GET /metrics   what Prometheus wants to know of this process, and of what it sees (`farm.metrics.served`)

A probe never waits for the database: it gets the last answer, unless that is too old to stand for anything.
"""

from __future__ import annotations

import logging
import threading
import time
from contextlib import ExitStack
from email.message import Message
from http import HTTPStatus
from typing import Self

from farm.clock import now_us
from farm.config import address
from farm.errors import FarmError, InputError
from farm.jobview import driver_view
from farm.metrics.endpoint import numbers
from farm.metrics.served import ServeMetrics, Sight
from farm.pages import Answer, PageServer
from farm.shots.reading.values import BadValue
from farm.site import Site
from farm.store.jobs import JobStore
from farm.store.records import Pulse
from farm.store.tables import SCHEMA

logger = logging.getLogger(__name__)

LOOK_S = 2.0
STALE_S = 15.0
"""An answer older than this is none: the database hangs."""


class Readiness:
    """Whether requests may be sent here. Looks from `with` on; opens the job store as soon as it can."""

    def __init__(self, site: Site, look_s: float = LOOK_S, stale_s: float = STALE_S) -> None:
        self._site = site
        self._look_s = look_s
        self._stale_s = stale_s
        self._answer = ("the job store has not been opened yet", time.monotonic())
        self._pulse: Pulse | None = None
        """The last driver's, as the last answer had it."""
        self._leaving = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="readiness", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()
        self._thread.join()

    def leave(self) -> None:
        """From now on nothing more is to be sent here."""
        self._leaving.set()

    def obstacle(self) -> str:
        """Why no requests may be sent here; "" when they may."""
        if self._leaving.is_set():
            return "this process ends"
        words, at_s = self._answer
        silent_s = time.monotonic() - at_s
        return words if silent_s < self._stale_s else f"the job store has not answered for {silent_s:.0f} s"

    def sight(self) -> Sight:
        """What is known of the farm, for whoever counts."""
        if self.obstacle():
            return Sight(is_ready=False)
        pulse, now = self._pulse, now_us()
        silent_s = max(0.0, (now - pulse.at_us) / 1e6) if pulse else None
        return Sight(is_ready=True, leads=driver_view(pulse, now).leads, silent_s=silent_s)

    def page(self, headers: Message) -> Answer:
        """The same, for whoever asks over HTTP."""
        del headers
        obstacle = self.obstacle()
        return Answer.words(HTTPStatus.SERVICE_UNAVAILABLE if obstacle else HTTPStatus.OK, obstacle or "ready")

    def _watch(self) -> None:
        with ExitStack() as opened:
            store: JobStore | None = None
            while not self._leaving.is_set():
                try:
                    store = store or opened.enter_context(self._site.store())
                    words = _difference(store.schema())
                    self._pulse = None if words else store.last_pulse()
                except FarmError as error:
                    words = str(error)
                if words != self._answer[0]:
                    logger.warning("not ready: %s", words) if words else logger.warning("ready")
                self._answer = (words, time.monotonic())
                self._leaving.wait(self._look_s)


def _difference(found: str) -> str:
    return (
        "" if found == SCHEMA else f"the job store has schema {found}, this farm knows {SCHEMA}: install that version"
    )


def health_server(listen: str, readiness: Readiness) -> PageServer:
    """A server at `listen` ("host:port"; port 0 for any that is free). Raises `InputError` when there can be none."""
    try:
        found = address(listen)
        if found is None:
            raise InputError('--listen off: this command does nothing else (write host:port, such as "0.0.0.0:8000")')
        metrics = ServeMetrics(readiness.sight)
        pages = {"/healthz": _alive, "/readyz": readiness.page, "/metrics": numbers(metrics.registry)}
        return PageServer(found, pages, metrics.observe)
    except BadValue as error:
        raise InputError(f"--listen: {error.problem} ({error.remedy})") from error
    except OSError as error:
        raise InputError(f"cannot listen at {listen}: {error.strerror} (choose another --listen)") from error


def _alive(headers: Message) -> Answer:
    del headers
    return Answer.words(HTTPStatus.OK, "alive")
