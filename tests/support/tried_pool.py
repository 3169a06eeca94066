"""A pool under test: commands go in, and what it says is kept, with the time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from typing import Any

from farm.cluster.pool import RayPool
from farm.driver.seams import Progress
from farm.scheduler.events import AttemptFinished, Event, WorkerLost, WorkerReady
from farm.tasks import Lane, Manifest, Task, Work

PATIENT_S = 12.0
"""Silence that is no accident of a busy machine, on which a process may not be let run for seconds."""
HASTY_S = 4.0
"""Silence where it is waited for."""


class TriedPool:
    """Several tests may share one, one after the other: workers that are well and idle are used again."""

    def __init__(self, pool: RayPool, folder: Path) -> None:
        self.pool = pool
        self.folder = folder
        """Holds the clip store, the workers' scratch folders, and the signs that stages leave of what they do."""
        self.heard: list[tuple[float, Event | Progress]] = []
        self._signs = folder / "signs"
        self._signs.mkdir(exist_ok=True)
        self._names = count(1)
        self._tasks = count(1000)
        self._warm: dict[str, Lane] = {}
        """Workers that have nothing to do."""
        self._others: set[str] = set()
        """Workers that are coming up, at work, or where a test wanted them."""

    # -- commands --------------------------------------------------------------------------------------------------

    def worker(self, lane: Lane | None = None) -> str:
        """A worker that is ready: one that is there, or a new one."""
        lane = lane or Lane()
        return next((worker for worker, known in self._warm.items() if known == lane), None) or self.start(lane)

    def start(self, lane: Lane | None = None, node: str | None = None) -> str:
        """A new worker, once it is ready."""
        worker = self.begin(lane, node)
        self.until(lambda event: isinstance(event, WorkerReady) and event.worker == worker)
        if node is None:
            self._others.discard(worker)
            self._warm[worker] = lane or Lane()
        return worker

    def begin(self, lane: Lane | None = None, node: str | None = None) -> str:
        """A new worker, that is not up yet."""
        lane = lane or Lane()
        worker = f"{lane.name}-{next(self._names)}"
        self.pool.start(worker, lane, node)
        self._others.add(worker)
        return worker

    def stop(self, worker: str) -> None:
        self._warm.pop(worker, None)
        self._others.discard(worker)
        self.pool.stop(worker)

    def work(self, stage: str, attempt: int = 1, inputs: dict[str, str] | None = None, **params: Any) -> Work:
        params = {"n": next(self._tasks), "folder": str(self._signs)} | params
        return Work(Task.of(project="p", stage=stage, version=1, params=params), attempt, inputs or {})

    def run(self, worker: str, stage: str, **params: Any) -> Work:
        work = self.work(stage, **params)
        self._run(worker, work)
        return work

    def do(self, worker: str, work: Work) -> Manifest:
        """Run it to its end."""
        lane = self._warm.get(worker)
        self._run(worker, work)
        manifest = self.finished(worker).manifest
        if lane:
            self._others.discard(worker)
            self._warm[worker] = lane
        return manifest

    def settle(self) -> None:
        """Make ready for another test: what is not idle is ended, what was said is forgotten."""
        for worker in list(self._others):
            self.stop(worker)
        self.hear(0)
        self.heard.clear()
        for sign in self._signs.iterdir():
            sign.unlink()

    def _run(self, worker: str, work: Work) -> None:
        self._warm.pop(worker, None)
        self._others.add(worker)
        self.pool.run(worker, work)

    # -- what is said ----------------------------------------------------------------------------------------------

    def finished(self, worker: str) -> AttemptFinished:
        return self.until(lambda event: isinstance(event, AttemptFinished) and event.worker == worker)

    def lost(self, worker: str) -> WorkerLost:
        return self.until(lambda event: isinstance(event, WorkerLost) and event.worker == worker)

    def events(self, kind: type) -> list[Any]:
        """What it has said of one kind."""
        return [event for _, event in self.heard if isinstance(event, kind)]

    def until(self, wanted: Callable[[Any], bool], within_s: float = 120.0) -> Any:
        """The first event that is wanted, from now on."""
        end_s = time.monotonic() + within_s
        while time.monotonic() < end_s:
            for event in self.hear(0.2):
                if wanted(event):
                    return event
        raise AssertionError(f"not heard within {within_s} s; heard {self.heard[-10:]}")

    def hear(self, timeout_s: float) -> Sequence[Event | Progress]:
        told = self.pool.wait(timeout_s)
        for event in told:
            self.heard.append((time.monotonic(), event))
            if isinstance(event, WorkerLost):
                self._warm.pop(event.worker, None)
                self._others.discard(event.worker)
        return told

    def sign(self, name: str, within_s: float = 120.0) -> str:
        """What a stage left, once it is there."""
        path = self._signs / name
        end_s = time.monotonic() + within_s
        while not path.exists():
            assert time.monotonic() < end_s, f"no {name}; heard {self.heard[-10:]}"
            self.hear(0.05)
        text = path.read_text()
        path.unlink()
        return text
