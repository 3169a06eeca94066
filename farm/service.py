"""The farm's verbs, and where its parts are put together: what the command line calls, and later the HTTP API.

    load ─▶ lint ─▶ take in ─▶ look (what is there) ─▶ Driver.run on Ray ─▶ summary, report

Nothing above this module knows whether Ray, the store and the driver live in this process or elsewhere.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from farm.canonical import content_id
from farm.clock import now_us
from farm.config import Config, Project, load_config, load_project
from farm.errors import InputError
from farm.findings import Finding, Severity
from farm.intake import Intake, take_in
from farm.liveplan import LivePlan
from farm.models import registry
from farm.models.spec import Adapter, ModelSpec
from farm.plan import Brief
from farm.publish import Allocate, Publisher
from farm.report import html
from farm.resume import Standing, look
from farm.shots.lint import lint
from farm.shots.load import load
from farm.shots.model import ShotList
from farm.shots.motion import intent_of
from farm.site import Ledger, Site
from farm.store.gc import Garbage, collect
from farm.store.jobs import JobStore
from farm.store.records import JobState
from farm.summary import JobSummary, summarise
from farm.tasks import Task

if TYPE_CHECKING:
    from farm.cluster.driver import Observer
    from farm.doctor import Check


DRAFT = "draft"
"""What a draft's clips are delivered as, and what its list is called after its name."""

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A shot list, and what the command line wants otherwise than it says."""

    shot_list: Path
    project: Path | None = None
    columns: Path | None = None
    takes: int | None = None
    models: tuple[str, ...] = ()
    shots: tuple[str, ...] = ()
    size: str = ""
    draft: bool = False

    @property
    def overrides(self) -> dict[str, Any]:
        """Shot fields that win over everything written."""
        named = {"takes": 1 if self.draft else self.takes, "models": self.models, "resolution": self.size}
        return {name: value for name, value in named.items() if value}


class PlannedTake(BaseModel):
    """What a take will be."""

    model_config = ConfigDict(frozen=True)

    number: int
    model: str
    label: str
    overscan: float
    """How much larger than the frame the still is shown, to give the move room: 1.08 is 8 %."""


class PlannedShot(BaseModel):
    """What a shot comes to, before it runs."""

    model_config = ConfigDict(frozen=True)

    code: str
    takes: tuple[PlannedTake, ...]
    to_run: int
    there: int
    notes: tuple[str, ...]
    reason: str


class Outlook(BaseModel):
    """What a render would do. Tasks that hang on choices not made yet are not counted."""

    model_config = ConfigDict(frozen=True)

    project: str
    name: str
    shots: tuple[PlannedShot, ...]
    to_run: int
    there: int
    tasks: tuple[Task, ...]


class Service:
    """The verbs."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self._stop = Event()
        self._heeds_signals = False

    @classmethod
    def from_environment(cls) -> Service:
        return cls(load_config())

    # -- reading ------------------------------------------------------------------------------------------------

    def load(self, ask: Ask) -> tuple[ShotList, Project]:
        """The shot list as asked for, and its project's defaults. Raises `DocumentError` with every finding."""
        for model in ask.models:
            registry.adapter(model)
        project = load_project(ask.project, ask.shot_list.absolute().parent)
        shot_list = load(
            ask.shot_list, project=project, columns=ask.columns, overrides=ask.overrides, allowed=self.config.allowed
        )
        unknown = sorted(set(ask.shots) - {shot.code for shot in shot_list.shots})
        if unknown:
            raise InputError(f"{ask.shot_list.name} has no shot {', '.join(unknown)} (--shots takes codes of the list)")
        return (_halved(shot_list) if ask.draft else shot_list), project

    def lint(self, ask: Ask) -> tuple[Finding, ...]:
        """Findings of reading and of checking, in the list's order; a list that cannot be read raises."""
        shot_list, project = self.load(ask)
        return (*shot_list.findings, *_findings(shot_list, project))

    def models(self) -> tuple[ModelSpec, ...]:
        return tuple(registry.adapter(name).spec for name in registry.names())

    def plan(self, ask: Ask, out: str) -> Outlook:
        """What a render of `ask` to `out` would run, and what is there. Writes nothing."""
        shot_list, project = self.load(ask)
        site = Site(self.config, out or self.config.out)
        store = site.existing_store()
        intake = take_in(shot_list, None, _refused(_findings(shot_list, project)))
        publisher = Publisher(shot_list, project, site.clips, _known_version(store))
        brief = self._brief(ask, shot_list, intake, publisher)
        standing = look(brief, store, site.clips, now_us())
        live = LivePlan(brief, dict(standing.known))
        tasks = list(live.begin())
        shots: list[PlannedShot] = []
        for planned in live.plan.shots:
            known = [task.id in live.known for task in planned.tasks]
            takes = tuple(
                PlannedTake(
                    number=take.number,
                    model=take.model,
                    label=take.resolved.label,
                    overscan=take.resolved.overscan,
                )
                for take in planned.takes
            )
            shots.append(
                PlannedShot(
                    code=planned.shot.code,
                    takes=takes,
                    to_run=known.count(False),
                    there=known.count(True),
                    notes=planned.notes,
                    reason=planned.reason,
                )
            )
        there = sum(task.id in live.known for task in tasks)
        return Outlook(
            project=shot_list.project,
            name=shot_list.name,
            shots=tuple(shots),
            to_run=len(tasks) - there,
            there=there,
            tasks=tuple(tasks),
        )

    def gc(self, out: str, project: Path | None, *, delete: bool) -> tuple[Garbage, ...]:
        """What nobody needs any more; deleted when told to."""
        site = Site(self.config, out or self.config.out)
        store = site.existing_store()
        if store is None:
            raise InputError(f"{site.out} has no job store on this machine (collect garbage where its renders ran)")
        days = load_project(project, Path.cwd()).retention.rejected_days
        return collect(site.clips, store, now_us=now_us(), older_than_days=days, dry_run=not delete)

    def doctor(self, out: str) -> tuple[Check, ...]:
        from farm.doctor import examine

        return examine(self.config, out or self.config.out)

    # -- rendering ----------------------------------------------------------------------------------------------

    def render(self, ask: Ask, out: str, observer: Observer) -> JobSummary:
        """Render a shot list and publish what comes out. Returns when all is settled, or a stop was asked for."""
        shot_list, project = self.load(ask)
        site = Site(self.config, out or self.config.out)
        with site.leading() as led:
            findings = _findings(shot_list, project)
            intake = take_in(shot_list, site.clips, _refused(findings))
            publisher = Publisher(shot_list, project, site.clips, led.version)
            brief = self._brief(ask, shot_list, intake, publisher)
            standing = look(brief, led.store, site.clips, now_us())
            ledger = led.begin(shot_list, standing)
            live = LivePlan(brief, standing.known)
            there = frozenset(standing.known)
            republish(standing, publisher)
            if standing.complete:
                list(live.begin())
            else:
                self._drive(site, live, ledger, publisher, observer)
            warnings = [finding for finding in (*shot_list.findings, *findings) if finding.severity is Severity.WARNING]
            summary = summarise(live, publisher, site.out, there, map(str, warnings))
            if summary.finished:
                summary = publish_report(summary, publisher)
                ledger.end(JobState.FAILED if summary.failed or summary.message else JobState.DONE)
            return summary

    def _drive(
        self,
        site: Site,
        live: LivePlan,
        ledger: Ledger,
        publisher: Publisher,
        observer: Observer,
    ) -> None:
        from farm.cluster.driver import Driver
        from farm.cluster.local import local_ray
        from farm.cluster.pool import RayPool
        from farm.cluster.worker import WorkerSetup
        from farm.scheduler.lanes import Machine
        from farm.scheduler.state import Scheduler

        workers = self.config.workers
        with TemporaryDirectory(prefix="farm-") as scratch, local_ray(workers):
            self._hear_signals()  # again: Ray has taken SIGTERM for itself
            pool = RayPool(WorkerSetup(url=site.out, scratch=scratch, threads=1, cores=workers))
            driver = Driver(
                live=live,
                scheduler=Scheduler(Machine(cpus=workers)),
                books=ledger,
                publish=publisher.publish,
                pool=pool,
                observer=observer,
                stop=self._stop,
            )
            try:
                driver.run()
            finally:
                pool.close()

    def _brief(self, ask: Ask, shot_list: ShotList, intake: Intake, publisher: Publisher) -> Brief:
        return Brief(
            shot_list=shot_list,
            intents={shot.code: intent_of(shot) for shot in shot_list.shots},
            assets=intake.assets,
            adapters=_adapters(shot_list),
            refused=intake.refused,
            only=frozenset(ask.shots) or None,
            media=publisher.media,
        )

    @contextmanager
    def stopping_on_signals(self) -> Iterator[None]:
        """While inside, Ctrl-C and SIGTERM ask for a clean stop; a second one ends at once."""
        before = {number: signal.getsignal(number) for number in STOP_SIGNALS}
        self._heeds_signals = True
        self._hear_signals()
        try:
            yield
        finally:
            self._heeds_signals = False
            for number, handler in before.items():
                signal.signal(number, handler)

    def _hear_signals(self) -> None:
        if self._heeds_signals:
            for number in STOP_SIGNALS:
                signal.signal(number, self._ask_to_stop)

    def _ask_to_stop(self, number: int, frame: object) -> None:
        del number, frame
        if self._stop.is_set():
            raise KeyboardInterrupt
        self._stop.set()


def _known_version(store: JobStore | None) -> Allocate:
    """Version numbers as they were given out; 0 for what has none yet. Gives out none."""

    def number(
        project: str, subject: str, product: str, content: str, taken: Callable[[int], bool] | None = None
    ) -> int:
        del taken
        return (store.find_version(project, subject, product, content) if store else None) or 0

    return number


def republish(standing: Standing, publisher: Publisher) -> None:
    """Link every product that is there: under a new name, or because a crash or a person took it away."""
    for task in standing.tasks.values():
        outcome = standing.known.get(task.id)
        if outcome and outcome.manifest and outcome.done:
            publisher.publish(task, outcome.manifest)


def publish_report(summary: JobSummary, publisher: Publisher) -> JobSummary:
    """The summary, with its report published and named."""
    content = content_id(summary.model_dump(mode="json", exclude={"report", "rendered", "reused"}))
    key = publisher.document_key("report", content, ".html")
    publisher.document(key, html(summary, key))
    return summary.model_copy(update={"report": key})


def _refused(findings: Iterable[Finding]) -> dict[str, str]:
    """Shots whose still or words cannot work, with everything that is wrong with them."""
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    return {
        shot: "; ".join(str(finding) for finding in errors if finding.shot == shot)
        for shot in dict.fromkeys(finding.shot for finding in errors)
    }


def _findings(shot_list: ShotList, project: Project) -> tuple[Finding, ...]:
    from farm.media.presets import PRODUCTS

    specs = {name: registry.adapter(name).spec for name in registry.names()}
    return lint(
        shot_list,
        specs=specs,
        licences=project.licences or None,
        targets=PRODUCTS,
        limit_mp=float(project.max_still_megapixels),
    )


def _adapters(shot_list: ShotList) -> dict[str, Adapter]:
    named = {name for shot in shot_list.shots for name in (*shot.models, shot.fallback) if name}
    return {name: registry.adapter(name) for name in named & set(registry.names())}


def _halved(shot_list: ShotList) -> ShotList:
    """The same list at half the size, under names of its own: a draft."""
    shots = tuple(
        replace(shot, width=_half(shot.width), height=_half(shot.height), targets=(DRAFT,)) for shot in shot_list.shots
    )
    name = f"{shot_list.name}-{DRAFT}"
    return replace(shot_list, name=name, shots=shots, width=_half(shot_list.width), height=_half(shot_list.height))


def _half(pixels: int) -> int:
    """Half of it, even."""
    return max(2, pixels // 4 * 2)
