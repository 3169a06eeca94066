"""What the driver needs of others: where attempts run, who watches, and what a job consists of.

farm.cluster.pool.RayPool, farm.simulator's fake ──▶ Pool          farm.watch ──▶ Observer
farm.shotjob (a shot list), farm.simulator's paper jobs ──▶ JobPlan
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from farm.scheduler.events import Event
from farm.store.records import Job, JobState, Request
from farm.tasks import Lane, Manifest, Outcome, Task, TaskId, Work


@dataclass(frozen=True, slots=True)
class Progress:
    """How much of an attempt is done, 0-1. Lossy, never committed."""

    worker: str
    task: TaskId
    attempt: int
    fraction: float


class Pool(Protocol):
    """Where attempts run. Carries out commands without waiting for them, and tells what happens.

    It tells of every node at first and of every change (`NodeUp`, `NodeDraining`, `NodeLost`), of every worker that was
    started (`WorkerReady`, or `WorkerLost`), and of every attempt's end (`AttemptFinished`, or its worker's
    `WorkerLost`). `WorkerLost` comes only when that worker can no longer write: dead for certain, or silent for longer
    than workers go on without hearing from the driver.
    """

    def start(self, worker: str, lane: Lane, node: str | None) -> None: ...
    def stop(self, worker: str) -> None:
        """End a worker at once. Nothing more is told of it."""
        ...

    def run(self, worker: str, work: Work) -> None: ...
    def cancel(self, worker: str, task: TaskId, attempt: int) -> None: ...

    def wait(self, timeout_s: float) -> Sequence[Event | Progress]:
        """What has happened, waiting at most `timeout_s` for something to happen."""
        ...

    def close(self) -> None:
        """End every worker."""
        ...


class Observer(Protocol):
    """Who watches a driver: the live view, metrics."""

    def added(self, job: str, task: Task, *, there: bool) -> None:
        """A task is part of a job; `there` when it was done before."""
        ...

    def progressed(self, task: Task, fraction: float) -> None: ...
    def settled(self, task: Task, outcome: Outcome) -> None: ...
    def ended(self, job: str, state: JobState) -> None: ...
    def pulse(self) -> None:
        """Called about twice a second."""
        ...


class JobPlan(Protocol):
    """A job's tasks, as they become known. The driver asks, records and schedules."""

    def begin(self) -> Iterable[Task]:
        """The tasks that can be named now, in an order in which each comes after its inputs; slow ones may be lazy."""
        ...

    def known(self, task: TaskId) -> Outcome | None:
        """What is known of a task's outcome; None while it is open."""
        ...

    def order(self, task: Task) -> tuple[int, ...]:
        """Its place within the job: smaller runs first."""
        ...

    def settle(self, task: Task, outcome: Outcome) -> Iterable[Task]:
        """Take note of an outcome; gives the tasks that can be named because of it. Publishes what it completes."""
        ...

    def choose(self, choices: Mapping[str, int]) -> Iterable[Task]:
        """Heed people's choices, take numbers by shot; gives the tasks that can be named because of them.

        Raises `InputError` for a take that is not there or failed.
        """
        ...

    def inputs(self, task: Task) -> Mapping[str, str]:
        """The key of each input, of a task whose inputs are done."""
        ...

    def end(self) -> JobState | None:
        """Called when every task has settled: how the job ended; None while it waits for a person's choice."""
        ...


class Farm(Protocol):
    """What is known of the farm's outputs, and of what jobs are made of."""

    def accept(self, request: Request) -> Job:
        """The job that a submission asks for. Raises `InputError` for one that cannot be."""
        ...

    def open(self, job: Job) -> JobPlan:
        """The plan of a job, from its document. Raises `InputError` where that says nothing that can be done."""
        ...

    def manifest(self, task: Task, attempt: int) -> Manifest | None:
        """What an attempt left, if it got so far; of one whose driver died."""
        ...

    def usable(self, manifest: Manifest) -> bool:
        """True while every file of a finished attempt is there and whole."""
        ...

    def follow(self) -> None:
        """Bring the catalog up to date."""
        ...
