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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from farm.clock import now_us
from farm.driver.explain import ended
from farm.errors import InputError
from farm.jobview import PENDING, DriverView, Receipt, answered, answered_task, clock, driver_view, job_to_be
from farm.store.jobs import JobStore
from farm.store.records import Job, Request, RequestState, TaskRecord, Verb
from farm.tasks import SETTLED

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
        """What came of a request within `wait_s`; where nobody leads it is queued at once.

        Raises `InputError` for a key under which something else was asked for.
        """
        asked = new_request(verb, job, body or {}, key)
        kept = self.store.ask(asked)
        if kept.id != asked.id:
            _check_same(asked, kept)
        give_up = time.monotonic() + wait_s
        while True:
            found = self.store.request(kept.id)
            assert found is not None
            driver = self.driver()
            if found.state is not RequestState.PENDING or not driver.leads or time.monotonic() >= give_up:
                return Receipt.of(found, driver, again=kept.id != asked.id)
            if self.stop.wait(POLL_S):
                return Receipt.of(found, driver)

    def why(self, subject: str, shot: str, wait_s: float) -> Receipt:
        """Why a job (its id, or its beginning), or one shot of it, or a task waits.

        Only a driver knows; where none leads, that is why. Raises `InputError` for what cannot be found.
        """
        jobs, driver = self._jobs(subject), self.driver()
        if not jobs and (task := self._settled_task(subject)):
            return answered_task(task)
        if driver.leads and not jobs:  # it may be a task
            return self.ask(Verb.WHY, body={"subject": subject}, wait_s=wait_s)
        name = self._one(subject, jobs)
        job = self.store.job(name)
        if job and not job.state.live:
            return answered(name, job.state, ended(job, self.store))
        if driver.leads:
            return self.ask(Verb.WHY, body={"subject": name, "shot": shot}, wait_s=wait_s)
        return answered(name, job.state if job else PENDING, f"{driver.words} (farm up, or farm drive, brings one)")

    def driver(self) -> DriverView:
        """Who leads now."""
        return driver_view(self.store.last_pulse(), now_us())

    def job(self, start: str) -> str:
        """The one job whose id begins with `start`; it may be submitted and not taken in yet.

        Raises `InputError` for none, and for several.
        """
        return self._one(start, self._jobs(start))

    def job_if_any(self, start: str) -> str:
        """The same, "" for none: it may be a task."""
        found = self._jobs(start)
        return self._one(start, found) if found else ""

    def _settled_task(self, start: str) -> TaskRecord | None:
        """The one task that begins so, when nothing more comes of it."""
        found = self.store.find_tasks(start, 2)
        record = self.store.tasks(found)[found[0]] if len(found) == 1 else None
        return record if record and record.state in SETTLED else None

    def _jobs(self, start: str) -> list[str]:
        if not start:
            return []
        return sorted({*self.store.find_jobs(start), *(job for job in self._to_be() if job.startswith(start))})

    def _one(self, start: str, found: Sequence[str]) -> str:
        if start in found:
            return start
        if not found:
            raise InputError(f'there is no job "{start}" (farm jobs --all lists them)')
        if len(found) > 1:
            more = f" and {len(found) - PREFIX_SHOWN} more" if len(found) > PREFIX_SHOWN else ""
            shown = ", ".join(found[:PREFIX_SHOWN])
            raise InputError(f"{len(found)} jobs begin with {start}: {shown}{more} (give more of the name)")
        return found[0]

    def taken_in(self, name: str) -> Job | None:
        """A job by its id, once a driver has taken it in; None when a stop was asked for first.

        Raises `InputError` when its submission is refused.
        """
        submission = self._to_be().get(name)
        while (job := self.store.job(name)) is None:
            asked = self.store.request(submission.id) if submission else None
            if asked is None or asked.state is RequestState.REFUSED:
                raise InputError(asked.reason if asked else f'there is no job "{name}" (farm jobs --all lists them)')
            if self.stop.wait(POLL_S):
                return None
        return job

    def _to_be(self) -> dict[str, Request]:
        """Submissions that no driver has seen, by the id that their job will have."""
        return {job_to_be(request): request for request in self.store.pending() if request.verb is Verb.SUBMIT}


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


def _check_same(asked: Request, kept: Request) -> None:
    """Raise `InputError` when one key was used for two different things."""
    if (asked.verb, asked.job, asked.body) != (kept.verb, kept.job, kept.body):
        what = f"{kept.verb} {kept.job or job_to_be(kept)}".strip()
        raise InputError(
            f'the key "{asked.key}" stands for another request, "{what}" of {kept.principal} at {clock(kept.at_us)} '
            "(take another key)"
        )
