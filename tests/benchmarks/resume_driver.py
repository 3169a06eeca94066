"""`farm up` that says when it decides: a line for its first command, and one for the first attempt that it starts.

    python resume_driver.py OUT WORDS ─▶ WORDS: "command 1700000000.1 101", "run 1700000003.2 150" (time, memory in MB)

Everything is the farm's own but deliveries, which only wait: so that there is somebody at work when it is killed.
"""

from __future__ import annotations

import resource
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from farm.cluster import embedded
from farm.cluster.setup import WorkerSetup
from farm.service import Service
from farm.store.records import JobState
from farm.tasks import Lane, Outcome, Task, Work


class Told(embedded.EmbeddedPool):
    """The pool of `farm up`, which notes what it is told to do."""

    def __init__(self, setup: WorkerSetup, *rest: Any) -> None:
        super().__init__(replace(setup, stages={"deliver": "chain_stage:STAY"}), *rest)

    def start(self, worker: str, lane: Lane, node: str | None, market: str = "") -> None:
        _note("command")
        super().start(worker, lane, node)

    def run(self, worker: str, work: Work) -> None:
        super().run(worker, work)
        _note("run")


def _note(what: str) -> None:
    memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    with Path(sys.argv[2]).open("a") as words:
        words.write(f"{what} {time.time()} {memory_mb} {time.process_time()}\n")


class Nobody:
    """An observer who looks away."""

    def added(self, job: str, task: Task, *, there: bool) -> None: ...
    def progressed(self, task: Task, fraction: float) -> None: ...
    def settled(self, task: Task, outcome: Outcome) -> None: ...
    def ended(self, job: str, state: JobState) -> None: ...
    def pulse(self) -> None: ...


if __name__ == "__main__":
    embedded.EmbeddedPool = Told
    Service.from_environment().drive(sys.argv[1], Nobody(), embedded=True)
