"""A worker's process: one Ray actor, which is one rank of a gang or a worker on its own.

    prepare ─▶ join (gangs: who is rank 0, who the others are) ─▶ run, run, …        one after the other
    listen, cancel, collect                                                          on threads beside it

An attempt whose model has done its part is written while the next one runs: `run` then says only that the worker is
free, and `collect` brings the manifest. At most one is written so at a time.

Documents cross the wire as JSON, which costs half of what pickled models do.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event
from typing import Any

import ray
from pydantic import TypeAdapter

import farm
from farm.canonical import content_id
from farm.cluster.attempt import Alone, Workplace, nothing, perform, unwritten
from farm.cluster.cache import Cache
from farm.cluster.lifeline import Heard, Lifeline, end_process
from farm.cluster.ranks import RayGang, export, free_port
from farm.cluster.scratch import CACHE, Scratch
from farm.cluster.setup import WorkerSetup
from farm.logs.attempt import Whereabouts, attempt_log
from farm.logs.fields import log_context
from farm.logs.files import rank_source
from farm.logs.setup import set_up_worker
from farm.models.gang import call
from farm.models.registry import Registry
from farm.models.spec import Placement
from farm.store.clips import ClipStore
from farm.tasks import Manifest, TaskId, Work
from farm.weights.nodecache import NodeCache
from farm.weights.source import source_of

logger = logging.getLogger(__name__)

CONCURRENCY_GROUPS = {"control": 2, "written": 1}
"""Calls that are heard while the worker works: `listen` holds one thread, `collect` the last."""

FREED = b""
"""`run`'s answer where the attempt is still being written."""

WORK = TypeAdapter(Work)


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a rank says of itself when it is ready."""

    version: str
    """Of the farm's code on that machine."""
    node: str
    """Ray's id of it."""
    master: str
    """Where the ranks would meet if this one were the first: "host:port"."""
    cached: frozenset[str] = frozenset()
    """Models that lie whole in its machine's own cache."""


class Worker:
    """The actor."""

    def __init__(self, name: str, setup: WorkerSetup, weights: str = "") -> None:
        """`weights` is the model that its lane loads; "" for none."""
        self._name = name
        self._weights = weights
        self._setup = setup
        self._cancelled: dict[tuple[TaskId, int], Event] = {}
        self._threads = ThreadPoolExecutor(2, "attempt")
        self._under_way: dict[tuple[TaskId, int], Future[bytes]] = {}
        self._lifeline = Lifeline(setup.silence_s)
        self._lifeline.watch()
        set_up_worker(setup.log_format)

    def prepare(self) -> Prepared:
        """Make ready for work, the lane's model on this machine's disk. Raises what `NodeCache.bring` raises."""
        setup, context = self._setup, ray.get_runtime_context()
        self._scratch = Scratch(Path(setup.scratch), self._name)
        clips = ClipStore(setup.url, **setup.storage)
        models = _models(setup)
        if models and self._weights:
            models.bring(self._weights)
        placement = Placement(threads=setup.threads, gpus=tuple(range(len(ray.get_gpu_ids()))))
        self._place = Workplace(
            name=self._name,
            node=context.get_node_id(),
            clips=clips,
            scratch=self._scratch.path,
            threads=setup.threads,
            cores=setup.cores,
            cache=None if clips.local else _cache(setup),
            gang=Alone(placement),
            stages=setup.stages,
            registry=Registry(models.folder if models else Path(setup.models) if setup.models else None),
            bring=models.bring if models else nothing,
            certificate=Path(setup.certificate) if setup.certificate else None,
            certificate_key=Path(setup.certificate_key) if setup.certificate_key else None,
            writing=self._lifeline.writing,
        )
        _limit_threads(setup.threads)
        host = ray.util.get_node_ip_address()
        cached = models.whole if models else frozenset[str]()
        return Prepared(farm.__version__, self._place.node, f"{host}:{free_port()}", cached)

    def join(self, rank: int, world: int, master: str, others: Sequence[Any]) -> None:
        """Take a place in a gang. `others` are the actors of the ranks after 0, for rank 0."""
        placement = replace(self._place.gang.placement, rank=rank, world=world, master=master)
        export(placement)
        self._place.gang = RayGang(placement, others)

    def run(self, document: bytes) -> bytes:
        """Perform one attempt (a `Work`), and give back its manifest, or `FREED` for `collect` to bring it."""
        work = WORK.validate_json(document)
        this = (work.task.id, work.attempt)
        freed = Event()
        before = next(iter(self._under_way.values()), None)
        attempt = self._under_way[this] = self._threads.submit(self._perform, work, freed, before)
        attempt.add_done_callback(lambda _: freed.set())
        freed.wait()
        return self._brought(*this) if attempt.done() else FREED

    def _perform(self, work: Work, freed: Event, before: Future[bytes] | None) -> bytes:
        """One attempt, whole; `before` is the one that may still be written meanwhile."""
        this = (work.task.id, work.attempt)
        cancelled = self._cancelled.setdefault(this, Event())
        self._lifeline.begin(*this)

        def report(fraction: float) -> None:
            self._lifeline.report(*this, fraction)

        def release() -> None:
            if before:
                wait([before])
            freed.set()

        try:
            manifest = perform(work, self._place, report, cancelled, release)
            if self._place.gang.spoilt:  # a reply would bring more work; the manifest says it all
                wait([before] if before else [])
                end_process()
            return _document(manifest)
        except Exception as error:  # noqa: BLE001 - the process boundary: an attempt's failure is not the worker's
            return _document(unwritten(work, self._place, error))
        finally:
            self._lifeline.finish(*this)
            del self._cancelled[this]

    @ray.method(concurrency_group="written")
    def collect(self, task: TaskId, attempt: int) -> bytes:
        """The manifest of an attempt that `run` has freed the worker of, once it is written."""
        return self._brought(task, attempt)

    def _brought(self, task: TaskId, attempt: int) -> bytes:
        document = self._under_way[task, attempt].result()
        del self._under_way[task, attempt]
        return document

    def take_part(self, entry: str, args: Sequence[Any], log: Whereabouts | None) -> Any:
        """Do this rank's part of what rank 0 broadcasts, for the attempt that its log is of."""
        placement = self._place.gang.placement
        if log is None:
            return call(entry, placement, args)
        with (
            log_context(log.fields, rank=placement.rank),
            attempt_log(self._place.clips, log.prefix, rank_source(placement.rank)) as own,
        ):
            try:
                return call(entry, placement, args)
            except Exception:
                logger.exception("rank %d failed", placement.rank)  # of several that fail one is told by rank 0
                raise
            finally:
                own.close()
                own.tidy()

    @ray.method(concurrency_group="control")
    def listen(self, acknowledged_s: float | None) -> Heard:
        """The driver lives; answers with progress, or after a while (`farm.cluster.lifeline`)."""
        return self._lifeline.listen(acknowledged_s)

    @ray.method(concurrency_group="control")
    def surrender(self) -> None:
        """Write nothing any more: another rank is lost, and the gang's attempt with it."""
        self._lifeline.surrender()

    @ray.method(concurrency_group="control")
    def cancel(self, task: TaskId, attempt: int) -> None:
        """Ask an attempt to stop. It may be heard before the attempt that was sent earlier begins."""
        self._cancelled.setdefault((task, attempt), Event()).set()


def _document(manifest: Manifest) -> bytes:
    return manifest.model_dump_json(exclude_defaults=True).encode()


def _cache(setup: WorkerSetup) -> Cache:
    """Keys mean something within one store only, so each store has a cache of its own."""
    return Cache(Path(setup.scratch) / CACHE / content_id(setup.url)[:16], setup.cache_bytes)


def _models(setup: WorkerSetup) -> NodeCache | None:
    """This machine's own copy of what its workers load."""
    if not setup.model_cache:
        return None
    return NodeCache(source_of(setup.models), Path(setup.model_cache), limit_bytes=setup.model_cache_bytes)


def _limit_threads(threads: int) -> None:
    """Keep OpenCV and its like to their share of the machine: workers run side by side. Heeded when they load."""
    os.environ |= {"OMP_NUM_THREADS": str(threads), "OPENCV_FOR_THREADS_NUM": str(threads)}
