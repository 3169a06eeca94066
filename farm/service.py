"""The farm's verbs, and where its parts are put together: what the command line calls, and later the HTTP API.

    load ─▶ lint ─▶ take in ─▶ look (what is there) ─▶ Driver.run on Ray ─▶ summary, report

Nothing above this module knows whether Ray, the store and the driver live in this process or elsewhere.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import JsonValue

from farm.asking import Asking
from farm.clock import now_us
from farm.config import Config, load_config, load_project
from farm.conforming import Conforming, conform
from farm.driver.desk import checked_priority
from farm.driver.draining import checked_within
from farm.errors import Cancelled, InputError
from farm.findings import Finding
from farm.follow import Follower
from farm.handing import Ask, budget_micros, findings_of, read, request_body, submission_of
from farm.jobview import DriverView, JobStatus, JobView, Receipt, driver_view, job_status, job_views
from farm.logbook import Logbook, Piece, Subject
from farm.migrating import migrated
from farm.modelshelf import ModelShelf
from farm.notify.view import DeliveryView, TrialView, delivery_view, trials
from farm.outlook import Outlook, outlook_of
from farm.overview.reader import Reader
from farm.overview.values import Overview
from farm.rendering import Rendering
from farm.shotfarm import looked_at
from farm.shots.folder import Found, look_through
from farm.site import Site
from farm.stopping import Stop
from farm.store.catalog import Catalog
from farm.store.gc import Garbage, collect
from farm.store.records import Job, RequestState, Verb
from farm.submission import Submission
from farm.summary import JobSummary

if TYPE_CHECKING:
    from farm.doctor import Check
    from farm.driver.seams import Observer
    from farm.store.catalog_query import Answer, Limits

logger = logging.getLogger(__name__)


class Service:
    """The verbs."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.models = ModelShelf(config)
        self.stop = Stop()
        """Asked of it, every verb that takes long comes to its end."""

    @classmethod
    def from_environment(cls) -> Service:
        return cls(load_config())

    # -- reading ------------------------------------------------------------------------------------------------

    def lint(self, ask: Ask) -> tuple[Finding, ...]:
        """Findings of reading and of checking, in the list's order; a list that cannot be read raises."""
        shot_list, project = read(ask, self.config, self.models.kit.models)
        return (*shot_list.findings, *findings_of(shot_list, project, self.models.kit.models))

    def look_through(self, folder: Path, template: str, *, project: str, length: str, beside: Path) -> Found:
        """The shots in a folder of stills, by the template that named them."""
        return look_through(folder, template, project=project, length=length, beside=beside)

    def plan(self, ask: Ask, out: str) -> Outlook:
        """What a render of `ask` to `out` would run, and what is there. Writes nothing."""
        site = Site(self.config, out)
        submission = submission_of(ask, self.config, self.models.kit.models, None)
        job = _paper_job(submission, site.out)
        with site.existing_store() as store:
            looked = looked_at(job, site.clips, store, self.models.kit)
            tasks = list(looked.begin())
            return outlook_of(looked, tasks)

    def gc(self, out: str, project: Path | None, *, delete: bool) -> tuple[Garbage, ...]:
        """What nobody needs any more; deleted when told to."""
        site = Site(self.config, out)
        with site.existing_store() as store:
            if store is None:
                raise InputError(f"{site.out} has no job store on this machine (collect garbage where its renders ran)")
            keep = load_project(project, Path.cwd()).retention
            return collect(
                site.clips,
                store,
                now_us=now_us(),
                older_than_days=keep.rejected_days,
                logs_older_than_days=keep.log_days,
                dry_run=not delete,
            )

    def doctor(self, out: str) -> tuple[Check, ...]:
        from farm.doctor import examine

        return examine(self.config, out or self.config.out)

    def jobs(self, out: str, *, everything: bool) -> tuple[tuple[JobView, ...], DriverView]:
        """The jobs of a farm, those that have ended only on demand, and who leads it."""
        with Site(self.config, out).existing_store() as store:
            if store is None:
                return (), DriverView(leads=False)
            lines = job_views(store, now_us())
            shown = tuple(line for line in lines if everything or line.live)
            driver = driver_view(store.last_pulse(), now_us())
            return shown, driver.model_copy(update={"pending": len(store.pending())})

    def status(self, job: str, out: str) -> JobStatus:
        """One job in detail. Raises `InputError` for one that is not there."""
        with self._asking(out) as asking:
            return job_status(asking.store, asking.job(job), now_us())

    def watch(self, job: str, out: str, observer: Observer) -> Job | None:
        """Follow a job to its end, which is given back; None when a stop was asked for first."""
        with self._asking(out) as asking:
            found = asking.taken_in(asking.job(job))
            return found and Follower(asking.store, found, observer).follow(self.stop.event.wait)

    def notifications(self, out: str, limit: int, *, troubled: bool) -> tuple[DeliveryView, ...]:
        """What webhooks were told, newest first; of what is in trouble only."""
        with Site(self.config, out).existing_store() as store:
            found = store.deliveries(limit, troubled=troubled) if store else ()
        return tuple(map(delivery_view, found))

    def test_webhooks(self, which: str, out: str) -> tuple[TrialView, ...]:
        """Send a test message to every webhook of the settings, or to one. Raises `InputError` where there is none."""
        return tuple(trials(self.config.webhooks, which, Site(self.config, out).out, now_us))

    def overview(self, out: str) -> Overview:
        """The farm as it is now."""
        with closing(self._reader(out)) as reader:
            return reader.read(now_us())

    @contextmanager
    def lookout(self, out: str) -> Iterator[Callable[[], Overview]]:
        """The same again and again, also while the job store is away for a while."""
        with closing(self._reader(out)) as reader:
            yield lambda: reader.look(now_us())

    def _reader(self, out: str) -> Reader:
        site = Site(self.config, out)
        return Reader(site.out, site.existing_store)

    # -- asking -------------------------------------------------------------------------------------------------

    def submit(
        self,
        ask: Ask,
        out: str,
        *,
        priority: int | None = None,
        budget: str = "",
        hold: bool = False,
        key: str = "",
        wait_s: float = 5.0,
    ) -> Receipt:
        """Hand in a shot list: its stills are copied, and the driver is asked to render it."""
        site = Site(self.config, out)
        submission = submission_of(ask, self.config, self.models.kit.models, site.clips)
        body = request_body(submission, site.out, priority=priority, budget=budget_micros(budget), hold=hold)
        with site.store() as store:
            return Asking(store, self.stop.event).ask(Verb.SUBMIT, body=body, key=key, wait_s=wait_s)

    def conform(
        self, timeline: Path, job: str, out: str, *, submit: bool, wait_s: float = 5.0
    ) -> tuple[Conforming, Receipt | None]:
        """What a changed cut asks of a job's shots; with `submit`, a job of the list it comes to.

        Takes that people chose stay chosen where the shot is not rendered anew.
        """
        with self._asking(out) as asking:
            site = Site(self.config, out)
            found = asking.taken_in(asking.job(job))
            if found is None:
                raise Cancelled("stopped before the job was taken in")
            old = Submission.read(found.document)
            made = conform(timeline, found.id, old, self.config, self.models.kit.models, site.clips if submit else None)
            if not submit:
                return made.view, None
            body = request_body(made.submission, site.out, priority=found.priority)
            receipt = asking.ask(Verb.SUBMIT, body=body, wait_s=wait_s)
            chosen = asking.store.choices(found.id)
            for code, before in made.unchanged.items():
                if before in chosen and receipt.state != RequestState.REFUSED:
                    asking.ask(Verb.APPROVE, receipt.job, {"shot": code, "take": chosen[before]}, wait_s=0)
            return made.view, receipt

    def why(self, subject: str, out: str, *, shot: str = "", wait_s: float = 5.0) -> Receipt:
        """Why a job (its id, or its beginning), or one shot of it, or a task waits.

        Without a driver that is the answer. Raises `InputError` for several jobs, and then for an unknown one.
        """
        with self._asking(out) as asking:
            return asking.why(subject, shot, wait_s)

    def logs(
        self, subject: str, out: str, *, shot: str, stage: str, take: int, attempt: int, follow: bool
    ) -> Iterator[Piece]:
        """What a task logged: `subject` is the beginning of its id, or a job of which the rest names a task.

        Attempt 0 is the last. Following ends with the task, or when a stop is asked for. Raises `InputError` for what
        is not there.
        """
        with self._asking(out) as asking:
            job = asking.job_if_any(subject)
            if not job and (shot or stage or take):
                raise InputError(f'there is no job "{subject}" (farm jobs --all lists them)')
            named = Subject(job, "" if job else subject, shot, stage, take)
            book = Logbook(asking.store, Site(self.config, out).clips)
            yield from book.follow(named, attempt, self.stop.event.wait) if follow else book.read(named, attempt)

    def approve(self, job: str, shot: str, take: int, out: str, *, wait_s: float = 5.0) -> Receipt:
        """Have a take delivered, whatever the ranking says."""
        return self._ask(Verb.APPROVE, job, out, wait_s, {"shot": shot, "take": take})

    def reroll(self, job: str, shot: str, takes: int, prompt: str, out: str, *, wait_s: float = 5.0) -> Receipt:
        """Have more takes made of a shot, perhaps by another prompt."""
        return self._ask(Verb.REROLL, job, out, wait_s, {"shot": shot, "takes": takes, "prompt": prompt})

    def prioritise(self, job: str, priority: int, out: str, *, wait_s: float = 5.0) -> Receipt:
        return self._ask(Verb.PRIORITY, job, out, wait_s, {"priority": checked_priority(priority)})

    def pause(self, job: str, out: str, *, wait_s: float = 5.0) -> Receipt:
        return self._ask(Verb.PAUSE, job, out, wait_s)

    def resume(self, job: str, out: str, *, wait_s: float = 5.0) -> Receipt:
        return self._ask(Verb.RESUME, job, out, wait_s)

    def cancel(self, job: str, out: str, *, wait_s: float = 5.0) -> Receipt:
        return self._ask(Verb.CANCEL, job, out, wait_s)

    def retry(self, job: str, shot: str, out: str, *, wait_s: float = 5.0) -> Receipt:
        return self._ask(Verb.RETRY, job, out, wait_s, {"shot": shot})

    def drain(self, node: str, within_s: int, out: str, *, wait_s: float = 5.0) -> Receipt:
        """Take a node out of the farm, within so many seconds."""
        body: dict[str, JsonValue] = {"node": node, "within_s": checked_within(within_s)}
        with self._asking(out) as asking:
            return asking.ask(Verb.DRAIN, body=body, wait_s=wait_s)

    def _ask(
        self, verb: Verb, job: str, out: str, wait_s: float, body: Mapping[str, JsonValue] | None = None
    ) -> Receipt:
        with self._asking(out) as asking:
            return asking.ask(verb, asking.job(job), body, wait_s=wait_s)

    @contextmanager
    def _asking(self, out: str) -> Iterator[Asking]:
        site = Site(self.config, out)
        with site.existing_store() as store:
            if store is None:
                raise InputError(f"{site.out} has no jobs (farm submit LIST --out {site.out} hands one in)")
            yield Asking(store, self.stop.event)

    # -- rendering ----------------------------------------------------------------------------------------------

    def render(self, ask: Ask, out: str, observer: Observer) -> JobSummary:
        """Render a shot list and publish what comes out. Returns when all is settled, or a stop was asked for.

        Where another driver leads the list is handed to it, and followed.
        """
        return self._rendering.render(ask, out, observer)

    def drive(self, out: str, observer: Observer, *, embedded: bool) -> None:
        """Drive a farm until a stop is asked for; stands by while another driver leads."""
        self._rendering.drive(out, observer, embedded=embedded)

    @property
    def _rendering(self) -> Rendering:
        return Rendering(self.config, self.models, self.stop)

    def migrate(self, out: str, wait_s: float, waiting: Callable[[str], None]) -> str:
        """Bring the job store's schema up to date, which is given back; see `farm.migrating` for what it waits for."""
        return migrated(Site(self.config, out), wait_s, waiting)

    def serve(self, out: str, listen: str, began: Callable[[str], None], *, leave_s: float = 0.0) -> None:
        """Answer over HTTP until a stop is asked for, and `leave_s` longer, when it says that it is not ready any more.

        Raises `InputError` for an address that cannot be had.
        """
        from farm.serving import Readiness, health_server

        with Readiness(Site(self.config, out)) as readiness, closing(health_server(listen, readiness)) as server:
            server.start()
            began(f"http://{server.address}")
            self.stop.wait()
            readiness.leave()  # whoever asks hears of it, and then sends requests elsewhere
            time.sleep(leave_s)

    def rebuild_catalog(self, out: str) -> str:
        """Write the catalog anew; says from what."""
        site = Site(self.config, out)
        catalog = Catalog(site.clips)
        with site.existing_store() as store:
            if store is None:
                found = catalog.rebuild_from_manifests(site.clips)
                damaged = f", {len(found.damaged)} manifests are damaged" if found.damaged else ""
                return f"no job store here: {found.attempts} attempts, {found.takes} takes from manifests{damaged}"
            catalog.rebuild(store)
            return "rebuilt from the job store"

    def query_catalog(self, sql: str, out: str, limits: Limits) -> Answer:
        """What the catalog answers to a query. Raises `InputError` for one that cannot be answered."""
        from farm.store.catalog_query import query

        return query(Site(self.config, out).clips, sql, limits)


def _paper_job(submission: Submission, out: str) -> Job:
    """A job that nobody has asked for, to look at."""
    listed = submission.shot_list
    return Job(
        id="", project=listed.project, name=listed.name, out=out, document=submission.document(), created_us=now_us()
    )
