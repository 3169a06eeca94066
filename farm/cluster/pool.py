"""Workers on Ray: carries out the scheduler's commands, and turns what Ray says into its events.

    start ─▶ gang ─▶ WorkerReady    run ─▶ Worker.run ─▶ (WorkerFreed ─▶) AttemptFinished    progress ◀─ heartbeat
    an error of a call, a broken line ─▶ Loss ─┬ certain ──────────────────────────▶ WorkerLost
                                               └ perhaps still at work ─ silence ──▶ WorkerLost

Nobody waits for Ray here: each reply puts itself into one queue, which `wait` empties, so that an attempt costs the
same among six workers and among 1,500. A lost worker is told of once nothing of it can write any more, and its
attempt's manifest is looked for first: what it had finished is finished.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from queue import Empty, SimpleQueue
from typing import Any, Protocol, TypeAlias

import ray
from ray.exceptions import RayError

import farm
from farm.cluster.draining import drain
from farm.cluster.gang import Farm, Gang, end_older, form
from farm.cluster.heartbeat import Broken, Heartbeat, Told
from farm.cluster.loss import Loss, is_blameless, loss
from farm.cluster.setup import WorkerSetup
from farm.cluster.worker import FREED, WORK, Prepared
from farm.driver.seams import Progress
from farm.errors import FailureKind, KeyMissing, StorageError
from farm.scheduler.events import AttemptFinished, Event, NodeDraining, NodeLost, WorkerFreed, WorkerLost, WorkerReady
from farm.store.clips import ClipStore
from farm.tasks import Lane, Manifest, TaskId, Work, manifest_key

logger = logging.getLogger(__name__)

MARGIN_S = 1.0
"""Given to a silent worker beyond its time, for its watchdog to wake up."""

READERS = 8
"""Threads that look for the manifests of lost workers."""


class Nodes(Protocol):
    """Who watches Ray's nodes (`farm.cluster.nodes`)."""

    def changes(self) -> Sequence[Event]:
        """What has changed since the last call; every node at first. Does not wait."""
        ...


@dataclass(frozen=True, slots=True)
class _Reply:
    """A rank's answer to a call."""

    worker: str
    rank: int
    answer: Future[Any]
    then: Callable[[Gang, int, Any], Iterable[Event]]


@dataclass(frozen=True, slots=True)
class _Surrender:
    """What rank 0 of a broken gang says when it is asked to write nothing any more."""

    worker: str
    answer: Future[None]


@dataclass(slots=True)
class _Leaving:
    """A lost worker that is not told of yet, since it may still write."""

    gang: Gang
    loss: Loss
    due_s: float
    """When it has stopped at the latest, by the monotonic clock."""


_Heard: TypeAlias = _Reply | _Surrender | Told


class RayPool:
    """The workers of one driver (`farm.driver.seams.Pool`). Ray must be up (`farm.cluster.local`).

    `farm` and `epoch` name its actors; those that older epochs of the farm left are ended first.
    """

    def __init__(self, setup: WorkerSetup, farm: str, epoch: int, nodes: Nodes) -> None:
        self._setup = setup
        self._farm = Farm(farm, epoch)
        self._nodes = nodes
        self._clips = ClipStore(setup.url, **setup.storage)
        self._gangs: dict[str, Gang] = {}
        self._leaving: dict[str, _Leaving] = {}
        self._draining: set[str] = set()
        self._dead: set[str] = set()
        self._heard: SimpleQueue[_Heard] = SimpleQueue()
        self._heartbeat = Heartbeat(setup.silence_s, self._heard.put)
        end_older(self._farm)

    # -- commands --------------------------------------------------------------------------------------------------

    def start(self, worker: str, lane: Lane, node: str | None, market: str = "") -> None:
        gang = form(self._farm, worker, lane, node, market, self._setup)
        self._gangs[worker] = gang
        for rank, actor in enumerate(gang.actors):
            self._await(gang, rank, actor.prepare.remote(), self._prepared)
        self._heartbeat.add(worker, gang.actors)

    def stop(self, worker: str) -> None:
        gang = self._gangs.pop(worker, None)
        if gang is None and (leaving := self._leaving.pop(worker, None)):
            gang = leaving.gang
        if gang:
            self._heartbeat.drop(worker)
            gang.end()

    def run(self, worker: str, work: Work) -> None:
        if gang := self._gangs.get(worker):  # else it is lost, which is told
            gang.works[work.task.id, work.attempt], gang.sent_s = work, time.monotonic()

            def answered(gang: Gang, rank: int, document: bytes) -> Iterable[Event]:
                return self._finished(gang, rank, document) if document != FREED else self._freed(gang, work)

            self._await(gang, 0, gang.actors[0].run.remote(WORK.dump_json(work)), answered)

    def cancel(self, worker: str, task: TaskId, attempt: int) -> None:
        if gang := self._gangs.get(worker):
            gang.actors[0].cancel.remote(task, attempt)

    def drain(self, node: str, deadline_us: int) -> None:
        drain(node, deadline_us)

    def close(self) -> None:
        for worker in [*self._gangs, *self._leaving]:
            self.stop(worker)
        self._heartbeat.close()

    # -- events ----------------------------------------------------------------------------------------------------

    def wait(self, timeout_s: float) -> list[Event | Progress]:
        until_s = time.monotonic() + timeout_s
        while True:
            told: list[Event | Progress] = [*self._node_changes()]
            told += self._hear(0 if told else min(until_s, self._next_due_s()) - time.monotonic())
            told += self._farewells()
            if told or time.monotonic() >= until_s:
                return told

    def _hear(self, timeout_s: float) -> list[Event | Progress]:
        """Everything that has been heard, waiting for the first."""
        told: list[Event | Progress] = []
        try:
            heard = self._heard.get(timeout=max(0.0, timeout_s))
            while True:
                told += self._told(heard)
                heard = self._heard.get_nowait()
        except Empty:
            return told

    def _told(self, heard: _Heard) -> Iterable[Event | Progress]:
        if isinstance(heard, Progress):
            return (heard,)
        if isinstance(heard, Broken):
            self._broken(heard.worker, heard.rank, heard.error)
            return ()
        if isinstance(heard, _Surrender):
            self._surrendered(heard)
            return ()
        gang = self._gangs.get(heard.worker)
        if gang is None:
            return ()
        try:
            answer = heard.answer.result()
        except RayError as error:
            self._broken(heard.worker, heard.rank, error)
            return ()
        return heard.then(gang, heard.rank, answer)

    def _await(self, gang: Gang, rank: int, reply: Any, then: Callable[[Gang, int, Any], Iterable[Event]]) -> None:
        answer: Future[Any] = reply.future()
        answer.add_done_callback(lambda done: self._heard.put(_Reply(gang.worker, rank, done, then)))

    # -- replies ---------------------------------------------------------------------------------------------------

    def _prepared(self, gang: Gang, rank: int, prepared: Prepared) -> Iterable[Event]:
        if prepared.version != farm.__version__:
            message = (
                f"the worker's machine has farm {prepared.version}, the driver {farm.__version__} "
                f"(install the same version on every node)"
            )
            self._lose(gang, Loss(FailureKind.BUG, message, certain=True), rank)
            return
        gang.prepared[rank] = prepared
        if len(gang.prepared) < len(gang.actors):
            return
        if len(gang.actors) == 1:
            yield self._ready(gang)
            return
        for other, reply in gang.join():
            self._await(gang, other, reply, self._joined)

    def _joined(self, gang: Gang, rank: int, _: None) -> Iterable[Event]:
        gang.joined.add(rank)
        if len(gang.joined) == len(gang.actors):
            yield self._ready(gang)

    def _ready(self, gang: Gang) -> Event:
        gang.ready = True
        self._heartbeat.up(gang.worker)
        every = [prepared.cached for prepared in gang.prepared.values()]  # of one machine, some said later than others
        return WorkerReady(gang.worker, gang.node, frozenset[str]().union(*every))

    def _freed(self, gang: Gang, work: Work) -> Iterable[Event]:
        this = (work.task.id, work.attempt)
        self._await(gang, 0, gang.actors[0].collect.remote(*this), self._finished)
        yield WorkerFreed(gang.worker, *this)

    def _finished(self, gang: Gang, _: int, document: bytes) -> Iterable[Event]:
        manifest = Manifest.model_validate_json(document)
        gang.works.pop((manifest.task, manifest.attempt), None)
        yield AttemptFinished(gang.worker, manifest)

    # -- losses ----------------------------------------------------------------------------------------------------

    def _broken(self, worker: str, rank: int, error: RayError) -> None:
        if gang := self._gangs.get(worker):
            found = loss(error, node_lives=self._lives(gang.node))
            if gang.node in self._draining or is_blameless(found, time.monotonic() - gang.sent_s):
                found = replace(found, kind=FailureKind.RECLAIMED)
            self._lose(gang, found, rank)

    def _lose(self, gang: Gang, found: Loss, rank: int) -> None:
        """Take a worker out, and down; it is told of when rank 0, which alone writes, can do so no more."""
        del self._gangs[gang.worker]
        heard_s = self._heartbeat.drop(gang.worker)
        leaving = self._leaving[gang.worker] = _Leaving(gang, found, due_s=0.0)
        if gang.ready and not (found.certain and rank == 0):
            leaving.due_s = heard_s + self._setup.silence_s + MARGIN_S
        if gang.ready and rank > 0:
            answer: Future[None] = gang.actors[0].surrender.remote().future()
            answer.add_done_callback(lambda done: self._heard.put(_Surrender(gang.worker, done)))
        else:
            gang.end()

    def _surrendered(self, heard: _Surrender) -> None:
        leaving = self._leaving.get(heard.worker)
        if leaving is None:
            return
        leaving.gang.end()
        error = heard.answer.exception()
        lives = self._lives(leaving.gang.node)
        if error is None or (isinstance(error, RayError) and loss(error, node_lives=lives).certain):
            leaving.due_s = 0.0

    def _next_due_s(self) -> float:
        return min((leaving.due_s for leaving in self._leaving.values()), default=float("inf"))

    def _farewells(self) -> list[Event]:
        """What is to be told of lost workers that cannot write any more."""
        now_s = time.monotonic()
        over = [leaving for leaving in self._leaving.values() if now_s >= leaving.due_s]
        if not over:
            return []
        for leaving in over:
            del self._leaving[leaving.gang.worker]
            leaving.gang.end()
        with ThreadPoolExecutor(READERS) as readers:
            manifests = list(readers.map(self._manifests, over))
        told: list[Event] = []
        for leaving, finished in zip(over, manifests, strict=True):
            worker, found = leaving.gang.worker, leaving.loss
            told += [AttemptFinished(worker, manifest) for manifest in finished]
            # if all had finished, then whatever it may have been given since never ran
            is_idle = bool(finished) and len(finished) == len(leaving.gang.works)
            told.append(WorkerLost(worker, FailureKind.RECLAIMED if is_idle else found.kind, found.message))
        return told

    def _manifests(self, leaving: _Leaving) -> list[Manifest]:
        """What a lost worker's attempts left, as far as that is complete."""
        return [manifest for work in leaving.gang.works.values() if (manifest := self._manifest(work))]

    def _manifest(self, work: Work) -> Manifest | None:
        key = manifest_key(work.task.project, work.task.id, work.attempt)
        try:
            return Manifest.model_validate_json(self._clips.read_bytes(key))
        except KeyMissing:
            return None
        except StorageError as error:
            logger.warning("%s is taken for unfinished: %s", key, error)
            return None

    # -- nodes -----------------------------------------------------------------------------------------------------

    def _node_changes(self) -> Sequence[Event]:
        changes = self._nodes.changes()
        for change in changes:
            if isinstance(change, NodeDraining):
                self._draining.add(change.node)
            elif isinstance(change, NodeLost):
                self._draining.discard(change.node)
                self._dead.add(change.node)
                self._lose_starting(change.node)
        return changes

    def _lose_starting(self, node: str) -> None:
        """Workers that were to come up on a node that is gone never will; Ray would wait for ever."""
        for gang in [gang for gang in self._gangs.values() if gang.node == node and not gang.ready]:
            self._lose(gang, Loss(FailureKind.RECLAIMED, "its node is gone", certain=True), 0)

    def _lives(self, node: str) -> bool:
        """True while Ray holds a node to be alive, and for "", before a worker has one."""
        if node and node not in self._dead:
            alive = {known["NodeID"] for known in ray.nodes() if known["Alive"]}
            self._dead |= {node} - alive
        return node not in self._dead
