"""A pool on this machine alone, whose Ray starts only when the first worker is wanted.

    wait ─▶ NodeUp(here)     start ─▶ Ray starts in the background ─▶ RayPool     nothing to run ─▶ no Ray at all

Importing and starting Ray takes seconds, in which the driver decides what to run first; a job of which everything is
there is over before. The thread that starts Ray lives as long as the pool does: Ray's processes end with the thread
that made them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from farm.cluster.local import local_ray
from farm.cluster.setup import WorkerSetup
from farm.driver.seams import Progress
from farm.errors import InputError, StorageError
from farm.scheduler.events import Event, NodeUp, WorkerReady
from farm.tasks import Lane, TaskId, Work

if TYPE_CHECKING:
    from farm.cluster.pool import RayPool

HERE = "here"


def _here(event: Event | Progress) -> Event | Progress:
    """Ray has its own name for this machine."""
    return replace(event, node=HERE) if isinstance(event, WorkerReady) else event


class _NoNews:
    """This machine's one node neither comes nor goes."""

    def changes(self) -> Sequence[Event]:
        return ()


class EmbeddedPool:
    """The workers of a driver that has this machine to itself (`farm.driver.seams.Pool`)."""

    def __init__(self, setup: WorkerSetup, farm: str, epoch: int, cpus: int, started: Callable[[], None]) -> None:
        self._setup = setup
        self._farm = farm
        self._epoch = epoch
        self._cpus = cpus
        self._started = started
        """Called in the driver's own thread once Ray is up, which takes some signals for itself."""
        self._told = False
        self._wanted: dict[str, Lane] = {}
        """Workers that Ray is started for."""
        self._pool: RayPool | None = None
        self._thread: threading.Thread | None = None
        self._up: SimpleQueue[RayPool | Exception] = SimpleQueue()
        self._over = threading.Event()

    def start(self, worker: str, lane: Lane, node: str | None, market: str = "") -> None:
        del node, market  # there is one
        if self._pool:
            self._pool.start(worker, lane, None)
            return
        self._wanted[worker] = lane
        if self._thread is None:
            self._thread = threading.Thread(target=self._live, name="ray", daemon=True)
            self._thread.start()

    def stop(self, worker: str) -> None:
        self._wanted.pop(worker, None)
        if self._pool:
            self._pool.stop(worker)

    def run(self, worker: str, work: Work) -> None:
        assert self._pool is not None, "a worker that is not there was given work"
        self._pool.run(worker, work)

    def cancel(self, worker: str, task: TaskId, attempt: int) -> None:
        assert self._pool is not None, "a worker that is not there was given work"
        self._pool.cancel(worker, task, attempt)

    def drain(self, node: str, deadline_us: int) -> None:
        """Always raises `InputError`."""
        del node, deadline_us  # there is one
        raise InputError("this farm has only this machine: stop farm up, or farm render, instead")

    def wait(self, timeout_s: float) -> Sequence[Event | Progress]:
        """What has happened. Raises `StorageError` when Ray does not start."""
        if not self._told:
            self._told = True
            return [NodeUp(HERE, self._cpus, name="this machine")]
        if self._pool is None:
            self._take_up(timeout_s)
            return []
        return [_here(event) for event in self._pool.wait(timeout_s)]

    def close(self) -> None:
        """End every worker, and Ray."""
        if self._pool:
            self._pool.close()
        self._over.set()
        if self._thread:
            self._thread.join()

    def _live(self) -> None:
        from farm.cluster.pool import RayPool  # imports Ray

        try:
            with local_ray(self._cpus):
                self._up.put(RayPool(self._setup, self._farm, self._epoch, _NoNews()))
                self._over.wait()
        except (OSError, RuntimeError, ValueError) as error:  # what Ray raises when it cannot start
            self._up.put(StorageError(f"Ray does not start on this machine: {error} (farm doctor looks into it)"))

    def _take_up(self, timeout_s: float) -> None:
        try:
            found = self._up.get(timeout=timeout_s)
        except Empty:
            return
        if isinstance(found, Exception):
            raise found
        self._pool = found
        self._started()
        for worker, lane in self._wanted.items():
            found.start(worker, lane, None)
        self._wanted.clear()
