"""The drill's driver: the real loop, pool and watch, in a process that may be killed at any moment.

Run with the drill's folder as its argument (`settings.json` says the rest). Leads when nobody does, until the file
`stop` is there; ends with 0 then, and with 3 when another driver has taken the lead.
"""

from __future__ import annotations

import json
import logging
import signal
import sys
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path

import faults
from show import STAGES, Reel

from farm.changes import Notice
from farm.clock import now_us
from farm.cluster.local import attach
from farm.cluster.nodes import NodeWatch
from farm.cluster.pool import RayPool
from farm.cluster.worker import WorkerSetup
from farm.driver.loop import Driver
from farm.driver.seams import Found
from farm.driving import leader
from farm.errors import InputError, KeyExists, LeaseError, StorageError
from farm.resume import Past
from farm.scheduler.policy import Policy
from farm.scheduler.state import Scheduler
from farm.shelf import Shelf
from farm.store import sqlite
from farm.store.catalog import Catalog
from farm.store.clips import ClipStore
from farm.store.jobs import JobStore
from farm.store.lease import Lease
from farm.store.records import Job, JobState, Request
from farm.tasks import Outcome, Task, TaskId, TaskState

BUSY_MS = 500
SUPERSEDED = 3
"""Exit status of a driver that another has replaced."""


class ReelPlan:
    """A job of the drill (`farm.driver.seams.JobPlan`): published as it is done, its reel named once all is scored."""

    def __init__(self, reel: Reel, past: Past, publish: Callable[[str, Outcome], None]) -> None:
        self._reel = reel
        self._past = past
        self._publish = publish
        self._outcomes: dict[TaskId, Outcome] = {}
        self._is_named = False
        """True once the reel is one of the job's tasks."""
        self._order = {task.id: place for place, task in enumerate(reel.tasks)}
        self._scores = {clip.score.id for clip in reel.members}
        self._keys = {clip.deliver.id: clip.published for clip in reel.members} | {reel.reel.id: reel.published}

    def begin(self) -> Iterator[Task]:
        yield from self._meet(list(self._reel.chains))

    def _meet(self, tasks: list[Task]) -> list[Task]:
        met = self._past.read([task for task in tasks if task.id not in self._outcomes], {})
        self._outcomes |= met
        for task, outcome in met.items():
            self._publish_one(task, outcome)
        return tasks + self._reel_when_due()

    def _reel_when_due(self) -> list[Task]:
        if self._is_named or not self._scores <= self._outcomes.keys():
            return []
        self._is_named = True
        try:
            return self._meet([self._reel.reel])
        except StorageError:  # this will be asked again
            self._is_named = False
            raise

    def _publish_one(self, task: TaskId, outcome: Outcome) -> None:
        if task in self._keys and outcome.done:
            self._publish(self._keys[task], outcome)

    def found(self, tasks: Sequence[Task]) -> Found:
        return self._past.found(tasks)

    def known(self, task: TaskId) -> Outcome | None:
        return self._outcomes.get(task)

    def order(self, task: Task) -> tuple[int, ...]:
        return (self._order[task.id],)

    def settle(self, task: Task, outcome: Outcome) -> Iterable[Task]:
        self._publish_one(task.id, outcome)
        self._outcomes[task.id] = outcome
        return self._reel_when_due()

    def choose(self, choices: Mapping[str, int]) -> Iterable[Task]:
        raise NotImplementedError

    def check_choice(self, shot: str, take: int) -> str:
        return "nobody chooses here"

    def retry(self, shots: Collection[str]) -> Iterable[Task]:
        raise InputError("nothing is asked for again here")

    def inputs(self, task: Task) -> Mapping[str, str]:
        keys: dict[str, str] = {}
        for name, source in task.inputs.items():
            manifest = self._outcomes[source.task].manifest
            assert manifest is not None, "a task runs before its input"
            keys[name] = manifest.files[source.output].key
        return keys

    def remark(self) -> str:
        return ""

    def report(self) -> str:
        return ""

    def news(self, shots: Collection[str] | None = None) -> Iterable[Notice]:
        return ()

    def open_choices(self) -> Mapping[str, Sequence[int]]:
        return {}

    def end(self) -> JobState | None:
        done = all(self._outcomes[task].state is TaskState.DONE for task in self._order)
        return JobState.DONE if done else JobState.FAILED


class DrillFarm:
    """What the driver knows of the drill (`farm.driver.seams.Farm`)."""

    def __init__(self, clips: ClipStore, store: JobStore, epoch: int) -> None:
        self._clips, self._store, self._epoch = clips, store, epoch
        self._catalog = Catalog(clips)

    def accept(self, request: Request) -> Job:
        return _reel(request.body).job(request)

    def open(self, job: Job, runs: Callable[[TaskId], bool]) -> ReelPlan:
        past = Past(job.id, self._store, Shelf(self._clips, job.project), runs=runs, now_us=now_us)
        return ReelPlan(_reel(job.document), past, self._publish)

    def follow(self) -> None:
        self._catalog.follow(self._store)

    def _publish(self, key: str, outcome: Outcome) -> None:
        assert outcome.manifest is not None
        (file,) = outcome.manifest.files.values()
        with suppress(KeyExists):
            self._clips.link(file.key, key)


def _reel(said: Mapping) -> Reel:
    return Reel(int(said["number"]), int(said["clips"]))


class Nobody:
    """An observer who looks away."""

    def added(self, job: str, task: Task, *, there: bool) -> None: ...
    def progressed(self, task: Task, fraction: float) -> None: ...
    def settled(self, task: Task, outcome: Outcome) -> None: ...
    def ended(self, job: str, state: JobState) -> None: ...
    def pulse(self) -> None: ...


IMPATIENT = (*sqlite.PRAGMAS, f"PRAGMA busy_timeout = {BUSY_MS}")
"""For `sqlite.PRAGMAS`: outages of the job store are told within half a second."""


def open_store(place: str) -> JobStore:
    return JobStore.connect(place) if "://" in place else JobStore.open(Path(place))


def lead(folder: Path, settings: Mapping, store: JobStore, lease: Lease, stop: threading.Event) -> None:
    out = str(folder / "out")
    setup = WorkerSetup(url=out, scratch=str(folder / "scratch"), silence_s=settings["silence_s"], stages=STAGES)
    policy = Policy(idle_stop_s=settings["idle_stop_s"])
    with attach(settings["ray"]), closing(NodeWatch(poll_s=0.5)) as nodes:
        pool = RayPool(setup, "drill", lease.epoch, nodes)
        driver = Driver(
            store=store,
            epoch=lease.epoch,
            farm=DrillFarm(ClipStore(out), store, lease.epoch),
            scheduler=Scheduler(policy),
            pool=pool,
            observer=Nobody(),
            clock=now_us,
            stop=stop,
            leader=leader(),
            leads=lambda: lease.alive,
        )
        try:
            driver.run(until=(folder / "stop").exists)
        finally:
            pool.close()


def main(folder: Path) -> int:
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(process)d %(name)s %(message)s")
    settings = json.loads((folder / "settings.json").read_text())
    faults.afflict("driver")
    sqlite.PRAGMAS = IMPATIENT
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    store = open_store(settings["store"])
    lease = store.lead_when_free(stop, poll_s=0.2, waiting=logging.getLogger("standing by").warning)
    if lease is None:
        return 0
    with lease:
        try:
            lead(folder, settings, store, lease, stop)
        except LeaseError as error:
            logging.getLogger("superseded").warning("%s", error)
            return SUPERSEDED
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
