"""A worker: one Ray actor that performs attempts, one at a time, and streams how far it is.

The stage runs in a thread of its own, so that the actor can stream progress while it works; `cancel` comes in on a
separate concurrency group and is heard at the stage's next `ctx.check()`.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Thread
from typing import TypeAlias

import ray

from farm.cluster.attempt import Workplace, perform
from farm.store.clips import ClipStore
from farm.tasks import Manifest, TaskId, Work

REPORT_EVERY_S = 0.5


@dataclass(frozen=True, slots=True)
class WorkerSetup:
    """What every worker of a farm is given."""

    url: str
    """The clip store's."""
    scratch: str
    """A local folder; each worker makes its own below it."""
    threads: int = 1
    cores: int = 1
    storage: Mapping[str, object] = field(default_factory=dict[str, object])
    """Options of the clip store's file system."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How much of an attempt is done, 0-1."""

    task: TaskId
    attempt: int
    fraction: float


Report: TypeAlias = "Progress | Manifest | BaseException"


class Worker:
    """The actor."""

    def __init__(self, name: str, setup: WorkerSetup) -> None:
        folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=setup.scratch))
        node = ray.get_runtime_context().get_node_id()
        clips = ClipStore(setup.url, **setup.storage)
        self._place = Workplace(name, node, clips, folder, setup.threads, setup.cores)
        self._running: tuple[TaskId, int] | None = None
        self._cancelled = Event()
        _limit_threads(setup.threads)

    def ready(self) -> str:
        """The node's id, once the worker can take work."""
        return self._place.node

    def run(self, work: Work) -> Iterator[Progress | Manifest]:
        """Perform one attempt: progress while it lasts, its manifest at the end."""
        reports: SimpleQueue[Report] = SimpleQueue()
        self._cancelled = Event()
        self._running = (work.task.id, work.attempt)
        Thread(target=self._perform, args=(work, reports, self._cancelled), daemon=True).start()
        while True:
            report = reports.get()
            if isinstance(report, BaseException):
                raise report
            yield report
            if isinstance(report, Manifest):
                self._running = None
                return

    @ray.method(concurrency_group="control")
    def cancel(self, task: TaskId, attempt: int) -> None:
        """Ask the attempt to stop, if it is the one that runs."""
        if self._running == (task, attempt):
            self._cancelled.set()

    def _perform(self, work: Work, reports: SimpleQueue[Report], cancelled: Event) -> None:
        last = time.monotonic()

        def report(fraction: float) -> None:
            nonlocal last
            if time.monotonic() - last >= REPORT_EVERY_S:
                last = time.monotonic()
                reports.put(Progress(work.task.id, work.attempt, fraction))

        try:
            reports.put(perform(work, self._place, report, cancelled))
        except BaseException as error:  # noqa: BLE001 - carried over to the actor's own thread, and raised there
            reports.put(error)


def _limit_threads(threads: int) -> None:
    """Keep OpenCV to its share of the machine: workers run side by side."""
    os.environ["OMP_NUM_THREADS"] = str(threads)
    import cv2

    cv2.setNumThreads(threads)
