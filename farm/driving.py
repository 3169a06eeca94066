"""A driver put together: the farm's policy, its store, its Ray, and the loop that holds them."""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from farm.canonical import content_id
from farm.clock import now_us
from farm.config import Config, NodeKind, ProjectTerms, ScalingTerms
from farm.driver.loop import Driver
from farm.driver.seams import Farm, Meter, Observer, Pool
from farm.notify.hook import hooks_of
from farm.notify.telling import telling
from farm.scheduler.policy import Limits, NodeShape, Policy, Prices, ProjectPolicy, Scaling, micros
from farm.scheduler.state import Scheduler
from farm.site import Site
from farm.store.jobs import JobStore
from farm.store.lease import Lease
from farm.store.records import JobState
from farm.tasks import Outcome, Task, TaskId

if TYPE_CHECKING:
    from farm.cluster.setup import WorkerSetup
    from farm.metrics.process import Metrics

logger = logging.getLogger(__name__)


def policy(config: Config) -> Policy:
    """What this farm's settings mean to the scheduler."""
    return Policy(
        projects=_projects(config),
        prices=Prices(micros(config.prices.cpu_hour), micros(config.prices.gpu_hour)),
        elastic=tuple(_shape(kind) for kind in config.elastic),
        scaling=_scaling(config.scaling),
        idle_stop_s=float(config.idle_stop_s),
    )


def check_certificate(config: Config) -> None:
    """Raise `InputError` for a certificate that cannot sign: now, and not when the first take is ready to go."""
    if config.certificate or config.certificate_key:
        from farm.delivery.signing import tried  # brings picture libraries along

        tried(config.certificate, config.certificate_key)


def leader() -> str:
    """What this process is called while it leads."""
    return f"process {os.getpid()} on {socket.gethostname()}"


def _shape(kind: NodeKind) -> NodeShape:
    return NodeShape(
        cpus=kind.cpus,
        gpus=kind.gpus,
        pool=kind.pool,
        at_most=kind.at_most,
        market=kind.market,
        hour_micros=micros(kind.hour),
        start_s=float(kind.start_s),
    )


def _scaling(terms: ScalingTerms) -> Scaling:
    return Scaling(
        backlog_s=60.0 * terms.backlog_minutes,
        warm_s=60.0 * terms.warm_minutes,
        hour_micros=micros(terms.hour_budget) or None,
        dry_s=60.0 * terms.dry_minutes,
    )


def _projects(config: Config) -> Mapping[str, ProjectPolicy]:
    return {terms.project: _terms(terms) for terms in config.projects}


def _terms(terms: ProjectTerms) -> ProjectPolicy:
    budget = None if terms.budget is None else micros(terms.budget)
    return ProjectPolicy(float(terms.weight), terms.floor, Limits(terms.gpus, budget))


class OfJob:
    """An observer that hears of one job only, which may not be known from the beginning."""

    def __init__(self, job: Callable[[], str], observer: Observer) -> None:
        self._job = job
        self._observer = observer
        self._tasks: set[TaskId] = set()

    def added(self, job: str, task: Task, *, there: bool) -> None:
        if job == self._job():
            self._tasks.add(task.id)
            self._observer.added(job, task, there=there)

    def progressed(self, task: Task, fraction: float) -> None:
        if task.id in self._tasks:
            self._observer.progressed(task, fraction)

    def settled(self, task: Task, outcome: Outcome) -> None:
        if task.id in self._tasks:
            self._observer.settled(task, outcome)

    def ended(self, job: str, state: JobState) -> None:
        if job == self._job():
            self._observer.ended(job, state)

    def pulse(self) -> None:
        self._observer.pulse()


@dataclass(frozen=True, slots=True)
class Led:
    """A farm that this process leads."""

    config: Config
    site: Site
    store: JobStore
    lease: Lease
    farm: Farm
    meter: Meter

    @property
    def epoch(self) -> int:
        return self.lease.epoch


@contextmanager
def measuring(config: Config, site: Site, *, only_if_asked: bool = False) -> Iterator[Metrics]:
    """What this process counts, served where the settings say; `only_if_asked` where they say so themselves."""
    from farm.metrics.endpoint import serving
    from farm.metrics.process import Metrics

    folders = {"scratch": config.scratch}
    if not config.database:
        folders["state"] = config.state
    if "://" not in site.out:
        folders["out"] = Path(site.out)
    budgets = {terms.project: micros(terms.budget) for terms in config.projects if terms.budget is not None}
    metrics = Metrics(folders, budgets)
    address = None if only_if_asked and "metrics" not in config.model_fields_set else config.metrics
    with serving(address, metrics):
        yield metrics


@contextmanager
def driver_here(
    led: Led, observer: Observer, stop: threading.Event, ray_started: Callable[[], None]
) -> Iterator[Driver]:
    """A driver with this machine to itself; its Ray starts when there is work."""
    from farm.cluster.embedded import EmbeddedPool

    check_certificate(led.config)
    cpus = led.config.workers
    pool = EmbeddedPool(_setup(led, cores=cpus), _name(led), led.epoch, cpus, ray_started)
    yield from _driving(led, pool, observer, stop)


@contextmanager
def driver_on_cluster(
    led: Led, observer: Observer, stop: threading.Event, ray_started: Callable[[], None]
) -> Iterator[Driver]:
    """A driver beside the Ray cluster that the settings name."""
    from farm.cluster.local import attach
    from farm.cluster.nodes import NodeWatch
    from farm.cluster.pool import RayPool

    with attach(led.config.ray), closing(NodeWatch()) as nodes:
        ray_started()
        yield from _driving(led, RayPool(_setup(led), _name(led), led.epoch, nodes), observer, stop)


def _driving(led: Led, pool: Pool, observer: Observer, stop: threading.Event) -> Iterator[Driver]:
    try:
        with telling(hooks_of(led.config.webhooks, logger.error), led.store, led.site.out, lambda: led.lease.alive):
            yield Driver(
                store=led.store,
                epoch=led.epoch,
                farm=led.farm,
                scheduler=Scheduler(policy(led.config)),
                pool=pool,
                observer=observer,
                clock=now_us,
                stop=stop,
                leader=leader(),
                leads=lambda: led.lease.alive,
                meter=led.meter,
            )
    finally:
        pool.close()


def _setup(led: Led, cores: int = 1) -> WorkerSetup:
    from farm.cluster.setup import WorkerSetup

    config = led.config
    return WorkerSetup(
        url=led.site.out,
        scratch=str(config.scratch),
        models=config.models,
        model_cache=str(config.node_models or ""),
        model_cache_bytes=config.model_cache_size,
        certificate=str(config.certificate or ""),
        certificate_key=str(config.certificate_key or ""),
        cores=cores,
        log_format=config.log_format,
    )


def _name(led: Led) -> str:
    """What the farm's actors are called by: one name per output."""
    return content_id({"out": led.site.out})[:12]
