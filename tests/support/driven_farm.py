"""A farm driven for real, on jobs that are lists of drills: the real loop, scheduler, store, pool and watch.

TaskList.of(tasks) in a SUBMIT request ─▶ DrillFarm ─▶ Driver ─▶ RayPool ─▶ drills on workers
"""

from __future__ import annotations

import os
import threading
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from drill import STAGES
from pydantic import TypeAdapter

from farm.changes import Notice
from farm.clock import now_us
from farm.cluster.nodes import NodeWatch
from farm.cluster.pool import RayPool
from farm.cluster.setup import WorkerSetup
from farm.driver.loop import Driver
from farm.driver.seams import Found
from farm.errors import InputError
from farm.resume import Past
from farm.scheduler.policy import Policy
from farm.scheduler.state import Scheduler
from farm.shelf import Shelf
from farm.store.clips import ClipStore
from farm.store.jobs import JobStore
from farm.store.lease import Lease
from farm.store.records import Job, JobState, Request, Verb
from farm.tasks import Outcome, Task, TaskId, TaskState

TASKS = TypeAdapter(tuple[Task, ...])


def drill(stage: str, n: int, **more: Any) -> Task:
    """A drill as a task; `lane` is the task's, everything else the stage's."""
    lane = more.pop("lane", None)
    return Task.of(project="p", stage=stage, version=1, params={"n": n, **more}, lane=lane, shot=f"sh{n:04d}")


def submission(job: str, tasks: Sequence[Task]) -> Request:
    """What asks for a job of these tasks."""
    body = {"job": job, "tasks": TASKS.dump_python(tuple(tasks), mode="json")}
    return Request(id=uuid.uuid4().hex, verb=Verb.SUBMIT, principal="test", at_us=now_us(), body=body)


@dataclass
class TaskList:
    """A job whose tasks are all known (`farm.driver.seams.JobPlan`)."""

    tasks: Sequence[Task]
    past: Past
    outcomes: dict[TaskId, Outcome] = field(default_factory=dict)

    def begin(self) -> Iterable[Task]:
        self.outcomes |= self.past.read(list(self.tasks), {})
        return self.tasks

    def found(self, tasks: Sequence[Task]) -> Found:
        return self.past.found(tasks)

    def known(self, task: TaskId) -> Outcome | None:
        return self.outcomes.get(task)

    def order(self, task: Task) -> tuple[int, ...]:
        return (self.tasks.index(task),)

    def settle(self, task: Task, outcome: Outcome) -> Iterable[Task]:
        self.outcomes[task.id] = outcome
        return ()

    def choose(self, choices: Mapping[str, int]) -> Iterable[Task]:
        raise InputError("there is nothing to choose")

    def check_choice(self, shot: str, take: int) -> str:
        return "there is nothing to choose"

    def open_choices(self) -> Mapping[str, Sequence[int]]:
        return {}

    def retry(self, shots: Collection[str]) -> Iterable[Task]:
        raise InputError("nothing is asked for again")

    def inputs(self, task: Task) -> Mapping[str, str]:
        return {}

    def end(self) -> JobState | None:
        done = all(self.outcomes[task.id].state is TaskState.DONE for task in self.tasks)
        return JobState.DONE if done else JobState.FAILED

    def remark(self) -> str:
        return ""

    def report(self) -> str:
        return ""

    def news(self, shots: Collection[str] | None = None) -> Iterable[Notice]:
        return ()


@dataclass(frozen=True)
class DrillFarm:
    """What the driver knows of drills (`farm.driver.seams.Farm`)."""

    clips: ClipStore
    store: JobStore

    def accept(self, request: Request) -> Job:
        job = str(request.body["job"])
        document = {"tasks": request.body["tasks"], "shots": []}
        return Job(id=job, project="p", name=job, out="drill", document=document, created_us=request.at_us)

    def open(self, job: Job, runs: Callable[[TaskId], bool]) -> TaskList:
        past = Past(job.id, self.store, Shelf(self.clips, job.project), runs=runs, now_us=now_us)
        return TaskList(TASKS.validate_python(job.document["tasks"]), past)

    def follow(self) -> None: ...


class Nobody:
    """An observer who looks away."""

    def added(self, job: str, task: Task, *, there: bool) -> None: ...
    def progressed(self, task: Task, fraction: float) -> None: ...
    def settled(self, task: Task, outcome: Outcome) -> None: ...
    def ended(self, job: str, state: JobState) -> None: ...
    def pulse(self) -> None: ...


def lead(
    folder: Path, store: JobStore, lease: Lease, stop: threading.Event, policy: Policy, silence_s: float = 3.0
) -> None:
    """Drive the farm that lies in `folder` until `stop`, on the Ray that this process is attached to."""
    setup = WorkerSetup(url=str(folder / "out"), scratch=str(folder / "scratch"), silence_s=silence_s, stages=STAGES)
    with closing(NodeWatch(poll_s=0.1)) as nodes, closing(RayPool(setup, folder.name, lease.epoch, nodes)) as pool:
        Driver(
            store=store,
            epoch=lease.epoch,
            farm=DrillFarm(ClipStore(setup.url), store),
            scheduler=Scheduler(policy),
            pool=pool,
            observer=Nobody(),
            clock=now_us,
            stop=stop,
            leader=f"process {os.getpid()}",
            leads=lambda: lease.alive,
        ).run()


@contextmanager
def driven(folder: Path, store: JobStore, policy: Policy) -> Iterator[None]:
    """A driver beside the test, in a thread, for the length of the block."""
    stop = threading.Event()
    failures: list[BaseException] = []

    def drive() -> None:
        try:
            with store.lead() as lease:
                lead(folder, store, lease, stop, policy)
        except BaseException as error:  # noqa: BLE001 - the thread's boundary: the test tells of it
            failures.append(error)

    thread = threading.Thread(target=drive, name="driver")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(30)
        if failures:  # else the test would tell only what did not happen because of it
            raise failures[0]
    assert not thread.is_alive()
