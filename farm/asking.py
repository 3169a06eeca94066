"""Asking the driver for something, and hearing what came of it.

    ask ─▶ requests ─▶ (the driver's desk) ─▶ applied │ refused          nobody leads: queued, and said so

A request is durable once it is asked: whoever asked may go away, and the next driver finds it.
"""

from __future__ import annotations

import getpass
import socket
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from farm.clock import now_us
from farm.errors import InputError
from farm.jobview import Receipt, driver_view
from farm.store.jobs import JobStore
from farm.store.records import Request, RequestState, Verb

POLL_S = 0.1
PREFIX_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Asking:
    """Asks of the driver that leads at one job store, if any."""

    store: JobStore
    stop: threading.Event

    def ask(
        self, verb: Verb, job: str = "", body: Mapping[str, JsonValue] | None = None, *, key: str = "", wait_s: float
    ) -> Receipt:
        """What came of a request within `wait_s`; where nobody leads it is queued at once."""
        request = self.store.ask(new_request(verb, job, body or {}, key))
        give_up = time.monotonic() + wait_s
        while True:
            found = self.store.request(request.id)
            assert found is not None
            receipt = Receipt.of(found, driver_view(self.store.last_pulse(), now_us()))
            waiting = found.state is RequestState.PENDING and receipt.note.startswith("queued, driven")
            if not waiting or time.monotonic() >= give_up or self.stop.wait(POLL_S):
                return receipt

    def job(self, start: str) -> str:
        """The one job whose id begins with `start`. Raises `InputError` for none, and for several."""
        found = self.store.find_jobs(start)
        if start in found:
            return start
        if not found:
            raise InputError(f"there is no job {start} (farm jobs --all lists them)")
        if len(found) > 1:
            shown = ", ".join(found[:PREFIX_SHOWN])
            raise InputError(f"{len(found)} jobs begin with {start}: {shown} (give more of the name)")
        return found[0]


def new_request(verb: Verb, job: str, body: Mapping[str, JsonValue], key: str = "") -> Request:
    """A request of whoever runs this process."""
    return Request(
        id=uuid.uuid4().hex, verb=verb, principal=principal(), at_us=now_us(), job=job, body=dict(body), key=key
    )


def principal() -> str:
    """Who runs this process: "ann@host"."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a user id without a name, as in containers
        user = "somebody"
    return f"{user}@{socket.gethostname()}"
