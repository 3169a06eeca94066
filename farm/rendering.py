"""Rendering: one list, here or by whoever leads; or driving a farm for as long as it is wanted.

render ─▶ lead? ─┬─ yes ─▶ a driver here, until that job rests ─▶ its account
                 └─ no  ─▶ handed to the driver that leads, and followed
drive  ─▶ stand by until the lead is free ─▶ a driver, until a stop is asked for
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import JsonValue

from farm.asking import Asking, new_request
from farm.clock import now_us
from farm.config import Config
from farm.driving import Led, OfJob, driver_here, driver_on_cluster, measuring
from farm.errors import Cancelled, InputError, LeaseError
from farm.follow import Follower
from farm.handing import Ask, request_body, submission_of
from farm.modelshelf import ModelShelf
from farm.shotfarm import ShotFarm, looked_at
from farm.site import Site
from farm.stopping import Stop
from farm.store.jobs import JobStore
from farm.store.lease import Lease
from farm.store.records import RequestState, Verb
from farm.summary import JobSummary

if TYPE_CHECKING:
    from farm.driver.seams import Observer

logger = logging.getLogger(__name__)

ELSEWHERE_WAIT_S = 30.0
"""How long a render waits for a driver elsewhere to take its list."""


class Rendering:
    """Renders with some settings and models, until it is stopped."""

    def __init__(self, config: Config, models: ModelShelf, stop: Stop) -> None:
        self._config = config
        self._models = models
        self._stop = stop

    def render(self, ask: Ask, out: str, observer: Observer) -> JobSummary:
        """Render a shot list and publish what comes out. Returns when all is settled, or a stop was asked for.

        Where another driver leads the list is handed to it, and followed.
        """
        site = Site(self._config, out)
        with site.store() as store:
            submission = submission_of(ask, self._config, self._models.kit.models, site.clips)
            body = {**request_body(submission, site.out), "instead": True}
            asking = Asking(store, self._stop.event)
            try:
                lease = store.lead()
            except LeaseError:
                return self._render_elsewhere(asking, body, site, observer)
            with lease:
                return self._render_here(site, store, lease, body, observer)

    def _render_here(
        self, site: Site, store: JobStore, lease: Lease, body: Mapping[str, JsonValue], observer: Observer
    ) -> JobSummary:
        began_us, job = now_us(), _begun(store, body)
        request = store.ask(new_request(Verb.RESUME, job, {}) if job else new_request(Verb.SUBMIT, "", body))

        def over() -> bool:
            nonlocal job
            if not job and (decided := store.request(request.id)) and decided.state is not RequestState.PENDING:
                if decided.state is RequestState.REFUSED:
                    raise InputError(decided.reason)
                job = str(decided.answer["job"])
            return bool(job) and driver.rests(job)

        farm = ShotFarm(site.out, site.clips, store, lease.epoch, self._models.kit)
        wanted = OfJob(lambda: job, observer)
        with (
            measuring(self._config, site, only_if_asked=True) as metrics,
            metrics.leading(store, lease.epoch) as meter,
            driver_here(
                Led(self._config, site, store, lease, farm, meter), wanted, self._stop.event, self._stop.hear
            ) as driver,
        ):
            driver.run(until=over)
        if not job:  # stopped before it began
            raise Cancelled("stopped before the list was taken in")
        return farm.plans[job].account(began_us)

    def _render_elsewhere(
        self, asking: Asking, body: Mapping[str, JsonValue], site: Site, observer: Observer
    ) -> JobSummary:
        receipt = asking.ask(Verb.SUBMIT, body=body, wait_s=ELSEWHERE_WAIT_S)
        if receipt.state != RequestState.APPLIED:
            if receipt.reason:
                raise InputError(receipt.reason)
            raise LeaseError(f"another process leads here and does not take the list, which is {receipt.note}")
        job = asking.store.job(receipt.job)
        assert job is not None
        Follower(asking.store, job, observer).follow(self._stop.event.wait)
        looked = looked_at(asking.store.job(job.id) or job, site.clips, asking.store, self._models.kit)
        for _ in looked.begin():
            pass
        return looked.account()

    def drive(self, out: str, observer: Observer, *, embedded: bool) -> None:
        """Drive a farm until a stop is asked for; stands by while another driver leads."""
        site = Site(self._config, out)
        drives = driver_here if embedded or not self._config.ray else driver_on_cluster
        with measuring(self._config, site) as metrics:
            while not self._stop.event.is_set():
                with site.store() as store:
                    metrics.stand_by()
                    lease = store.lead_when_free(self._stop.event, waiting=logger.warning)
                    if lease is None:
                        return
                    with lease, metrics.leading(store, lease.epoch) as meter:
                        farm = ShotFarm(site.out, site.clips, store, lease.epoch, self._models.kit)
                        led = Led(self._config, site, store, lease, farm, meter)
                        try:
                            with drives(led, observer, self._stop.event, self._stop.hear) as driver:
                                driver.run()
                        except LeaseError as error:
                            logger.warning("%s; standing by", error)


def _begun(store: JobStore, body: Mapping[str, JsonValue]) -> str:
    """The live job that asks for just the same; "" for none."""
    live = (line.id for line in store.job_lines() if line.state.live)
    jobs = (store.job(job) for job in live)
    return next((job.id for job in jobs if job and job.document == body["submission"]), "")
