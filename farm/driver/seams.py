"""What the driver needs of others: where attempts run, who watches, and what a job consists of.

farm.cluster.pool.RayPool, farm.simulator's fake ──▶ Pool          farm.watch ──▶ Observer     farm.metrics ──▶ Meter
farm.shotjob (a shot list), farm.simulator's paper jobs ──▶ JobPlan
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from pydantic import JsonValue

from farm.changes import Committed, Notice
from farm.scheduler.events import Decision, Event, History
from farm.scheduler.state import Scheduler
from farm.shots.model import Reroll
from farm.store.records import Job, JobState, Request, RequestState, Verb
from farm.tasks import Lane, Outcome, Task, TaskId, Work


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

    def start(self, worker: str, lane: Lane, node: str | None, market: str = "") -> None:
        """Start a worker on `node`, or else where room comes to be, on a node of that market ("" for any)."""
        ...

    def stop(self, worker: str) -> None:
        """End a worker at once. Nothing more is told of it."""
        ...

    def run(self, worker: str, work: Work) -> None: ...
    def cancel(self, worker: str, task: TaskId, attempt: int) -> None: ...

    def drain(self, node: str, deadline_us: int) -> None:
        """Take a node out: it is to be gone by then, and sooner when nothing is at work there. `NodeDraining` follows.

        Raises `InputError` for a node that cannot be taken out, `StorageError` where nobody hears of it now.
        """
        ...

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


class Storage(StrEnum):
    """Where storage fails a driver."""

    BOOKS = "books"
    """The job store, or the clip store where a plan looks: waited for."""
    PLAN = "plan"
    """A job cannot be opened: tried again in a while."""
    REQUEST = "request"
    """Something that was asked for is put off."""
    CATALOG = "catalog"
    """The catalog stays behind."""


class Meter(Protocol):
    """Who counts what a driver does. It hears what the state is made of, and on the driver's own thread: what is asked
    of it from other threads, such as a scrape, it answers from what it has noted."""

    def watch(self, scheduler: Scheduler) -> None:
        """Told once, before all else: this is what decides. It may be read whenever one of these is called."""
        ...

    def decided(self, event: Event, decision: Decision, at_us: int) -> None:
        """Something happened, and this follows from it; it is about to be committed and carried out."""
        ...

    def committed(self, changes: int, seconds: float) -> None:
        """So many changes became durable, in one transaction."""
        ...

    def progressed(self, task: Task, fraction: float) -> None:
        """Soft, at most one in two seconds for each attempt."""
        ...

    def answered(self, verb: Verb, outcome: RequestState) -> None:
        """Something that was asked for is applied or refused."""
        ...

    def failed(self, what: Storage) -> None:
        """Storage failed the driver, which tries again."""
        ...

    def turned(self, seconds: float) -> None:
        """The loop went round once; the time that it did not spend waiting for something to happen."""
        ...

    def pulse(self, glance: Mapping[str, JsonValue], at_us: int) -> Mapping[str, JsonValue]:
        """Every two seconds: the farm at a glance. Gives what the pulse should say beside it: rates, for people."""
        ...


class Unmetered:
    """Counts nothing (`Meter`)."""

    def watch(self, scheduler: Scheduler) -> None: ...
    def decided(self, event: Event, decision: Decision, at_us: int) -> None: ...
    def committed(self, changes: int, seconds: float) -> None: ...
    def progressed(self, task: Task, fraction: float) -> None: ...
    def answered(self, verb: Verb, outcome: RequestState) -> None: ...
    def failed(self, what: Storage) -> None: ...
    def turned(self, seconds: float) -> None: ...
    def pulse(self, glance: Mapping[str, JsonValue], at_us: int) -> Mapping[str, JsonValue]:  # noqa: ARG002
        return {}


@dataclass(frozen=True, slots=True)
class Found:
    """Where tasks stand that a job has named."""

    histories: Mapping[TaskId, History] = field(default_factory=dict[TaskId, History])
    """What the scheduler should know of them."""
    changes: tuple[Committed, ...] = ()
    """What the books should be told of them: attempts that were left behind, tasks that are asked for again."""


class JobPlan(Protocol):
    """A job's tasks, as they become known. The driver asks, records and schedules.

    The driver makes the tasks that `begin`, `settle`, `choose` and `retry` give part of the job in the books, asks
    `found` about them, commits what that says before it asks a plan anything else, and then tells the scheduler. A
    task may be given a second time: it is asked for again.

    Where storage fails, each of these raises `StorageError`, and asked again gives what it would have given; but
    `begin`, which has ended then: that job is opened anew.
    """

    def found(self, tasks: Sequence[Task]) -> Found:
        """Where tasks stand that were just made part of the job."""
        ...

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
        """Heed people's choices, take numbers by shot; gives the tasks that can be named because of them."""
        ...

    def reroll(self, shot: str, reroll: Reroll) -> tuple[Iterable[Task], Mapping[str, JsonValue]]:
        """Make more takes of a shot: the tasks that this adds, and the job's document as it is from now on.

        Raises `InputError` where the shot cannot have them. One that was heeded before adds nothing.
        """
        ...

    def check_choice(self, shot: str, take: int) -> str:
        """Why a person cannot choose that take; "" when it can be chosen."""
        ...

    def open_choices(self) -> Mapping[str, Sequence[int]]:
        """The shots that wait for a person's choice, with the takes there are to choose from."""
        ...

    def retry(self, shots: Collection[str]) -> Iterable[Task]:
        """Ask again for what failed of those shots, or of all when none is named; gives the tasks that are open now.

        Raises `InputError` for a shot that the job does not have.
        """
        ...

    def inputs(self, task: Task) -> Mapping[str, str]:
        """The key of each input, of a task whose inputs are done."""
        ...

    def end(self) -> JobState | None:
        """Called when every task has settled: how the job ended; None while it waits for a person's choice."""
        ...

    def remark(self) -> str:
        """A word on how it ended, asked for after `end`: "1 of 3 shots has no clip: sh040"; "" for none."""
        ...

    def report(self) -> str:
        """The key of the page about how it ended, asked for after `end`; "" for none."""
        ...

    def news(self, shots: Collection[str] | None = None) -> Iterable[Notice]:
        """What people should hear of those shots, or of all: which have failed, which wait for a person's choice.

        As it stands now: the same is found again and again while nothing changes, and told once (`Notices.tell`).
        """
        ...


class Farm(Protocol):
    """What is known of the farm's outputs, and of what jobs are made of."""

    def accept(self, request: Request) -> Job:
        """The job that a submission asks for. Raises `InputError` for one that cannot be."""
        ...

    def open(self, job: Job, runs: Callable[[TaskId], bool]) -> JobPlan:
        """The plan of a job, from its document and the books.

        `runs` tells whether an attempt of this driver is at a task: any other that the books call running was left
        behind. Raises `InputError` where the document says nothing that can be done.
        """
        ...

    def follow(self) -> None:
        """Bring the catalog up to date."""
        ...
