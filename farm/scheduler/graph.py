"""The tasks the scheduler knows: who wants each, what it waits for, and where it stands.

    job ──wants──▶ entry ──upstream──▶ entry

A waiting entry is in one place: below something that is not done, pausing after a failure, or queued in the name of
every job that wants it. Owns the entries, the jobs and their counters; moving an entry keeps them and the queues right.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from farm.errors import FailureKind
from farm.scheduler.events import JobSet
from farm.scheduler.order import Queues
from farm.scheduler.policy import Band, Limits
from farm.scheduler.ready import Ready
from farm.scheduler.waits import WaitReason
from farm.tasks import SETTLED, TRANSITIONS, Change, Lane, Task, TaskId, TaskState


class Place(StrEnum):
    """Where a waiting task waits."""

    NOWHERE = "nowhere"
    """It does not wait."""
    UPSTREAM = "upstream"
    PAUSE = "pause"
    QUEUE = "queue"


_NOTHING: Mapping[Any, Any] = MappingProxyType({})


def _nothing() -> Mapping[Any, Any]:
    """What is said of the failures of the many tasks that had none: one value for all, and no dict for each."""
    return _NOTHING


@dataclass(slots=True, eq=False)
class Entry:
    """A task and all that is known of it."""

    task: Task
    lane: Lane
    """One object for all tasks of a lane, so that looking it up compares nothing."""
    id: TaskId = field(init=False)
    shape: str = field(init=False)
    price_micros: int = field(init=False)
    state: TaskState = TaskState.WAITING
    place: Place = Place.NOWHERE
    wanted: dict[str, tuple[int, ...]] = field(default_factory=dict[str, tuple[int, ...]])
    """By job: the task's order there."""
    upstream: dict[TaskId, None] = field(default_factory=dict[TaskId, None])
    """Inputs that are not done."""
    below: dict[TaskId, None] = field(default_factory=dict[TaskId, None])
    """Tasks that have it as an input."""
    attempts: int = 0
    failures: Mapping[FailureKind, int] = field(default_factory=_nothing)
    failed_on: Mapping[str, None] = field(default_factory=_nothing)
    """Nodes where it failed in a way that may be the node's fault, the last one last."""
    avoid: Mapping[str, None] = field(default_factory=_nothing)
    """Workers and nodes where it should not run again."""
    paused_until_us: int = 0
    ready_us: int = 0
    """When it could last begin to run."""
    worker: str = ""
    failure: FailureKind | None = None
    message: str = ""
    cause: TaskId | None = None
    """The upstream task that it failed with."""

    def __post_init__(self) -> None:
        task = self.task  # far away in memory among many thousands: not looked at for each attempt
        self.id, self.shape, self.price_micros = task.id, task.shape, task.price_micros

    @property
    def settled(self) -> bool:
        return self.state in SETTLED

    @property
    def queued(self) -> bool:
        return self.place is Place.QUEUE

    def step(self, change: Change) -> None:
        self.state = TRANSITIONS[self.state, change]


@dataclass(slots=True, eq=False)
class LiveJob:
    id: str
    project: str
    priority: int
    hold: WaitReason | None
    limits: Limits
    tasks: dict[TaskId, None] = field(default_factory=dict[TaskId, None])
    unsettled: int = 0
    upstream: int = 0
    pausing: int = 0
    open_us: int = 0
    """Since when it is not on hold."""
    awaited: bool = False
    """While a person is asked for a choice."""
    ready: Ready = field(default_factory=Ready)

    @property
    def band(self) -> Band:
        return Band.of(self.priority)


@dataclass(slots=True)
class Graph:
    """All entries and jobs."""

    queues: Queues
    entries: dict[TaskId, Entry] = field(default_factory=dict[TaskId, Entry])
    jobs: dict[str, LiveJob] = field(default_factory=dict[str, LiveJob])
    wanting: dict[Lane, dict[str, int]] = field(default_factory=dict[Lane, dict[str, int]])
    """By lane: how many tasks of each job are queued."""
    unsettled: int = 0

    # -- jobs ---------------------------------------------------------------------------------------------------

    def set_job(self, event: JobSet, now_us: int) -> LiveJob:
        job = self.jobs.get(event.job)
        if job is None:
            job = self.jobs[event.job] = LiveJob(event.job, event.project, event.priority, event.hold, event.limits)
        if job.hold is not None and event.hold is None:
            job.open_us = now_us
        job.project, job.priority, job.hold, job.limits = event.project, event.priority, event.hold, event.limits
        job.awaited = event.awaited
        self.queues.set_job(event.job, event.project, event.priority, event.created_us, open=event.hold is None)
        return job

    def drop_job(self, job: LiveJob) -> list[Entry]:
        """A job lets go of its tasks; gives those that no job wants any more."""
        orphans: list[Entry] = []
        for task in job.tasks:
            entry = self.entries[task]
            place, entry.place = entry.place, Place.NOWHERE
            self._tally(entry, place, -1)
            del entry.wanted[job.id]
            self._tally(entry, place, 1)
            entry.place = place
            if not entry.wanted:
                orphans.append(entry)
        del self.jobs[job.id]
        self.queues.drop_job(job.id)
        return orphans

    # -- entries ------------------------------------------------------------------------------------------------

    def add(self, task: Task, lane: Lane, state: TaskState) -> Entry:
        entry = self.entries[task.id] = Entry(task, lane, state)
        if not entry.settled:
            self.unsettled += 1
        return entry

    def want(self, entry: Entry, job: LiveJob, order: tuple[int, ...]) -> None:
        """A job wants a task, in this order."""
        place = entry.place
        self.put(entry, Place.NOWHERE)
        if job.id not in entry.wanted:
            job.tasks[entry.id] = None
            job.unsettled += not entry.settled
        entry.wanted[job.id] = order
        self.put(entry, place)

    def put(self, entry: Entry, place: Place) -> None:
        """Move an entry to another place."""
        if entry.place is place:
            return
        if entry.place is not Place.NOWHERE:
            self._tally(entry, entry.place, -1)
            if entry.place is Place.QUEUE:
                for job in entry.wanted:
                    self.queues.remove(job, entry.lane, entry.id)
        entry.place = place
        if place is not Place.NOWHERE:
            self._tally(entry, place, 1)
            if place is Place.QUEUE:
                for job, order in entry.wanted.items():
                    self.queues.push(job, entry.lane, order, entry.id)

    def queue(self, entry: Entry, now_us: int) -> None:
        """An entry could run from now on."""
        entry.ready_us = now_us
        self.put(entry, Place.QUEUE)
        for job in entry.wanted:
            self.jobs[job].ready.note(entry)

    def settle(self, entry: Entry) -> None:
        """A task is done, failed or cancelled now."""
        self.put(entry, Place.NOWHERE)
        self.unsettled -= 1
        for job in entry.wanted:
            self.jobs[job].unsettled -= 1

    def reopen(self, entry: Entry) -> None:
        """A settled task starts over: its failures are forgotten, its attempts are not.

        What is done below it stays done. What is not waits for it again, but for an attempt that runs already.
        """
        entry.step(Change.REOPEN)
        self.unsettled += 1
        for job in entry.wanted:
            self.jobs[job].unsettled += 1
        entry.failure, entry.message, entry.cause = None, "", None
        entry.failures, entry.failed_on, entry.avoid = _nothing(), _nothing(), _nothing()
        for below in [self.entries[name] for name in entry.below]:
            if not below.settled:
                below.upstream[entry.id] = None
            if below.state is TaskState.WAITING:
                self.put(below, Place.UPSTREAM)

    def forget(self, entry: Entry) -> None:
        """A settled task that nobody wants."""
        for source in entry.task.inputs.values():
            if above := self.entries.get(source.task):
                above.below.pop(entry.id, None)
        del self.entries[entry.id]

    # -- reading ------------------------------------------------------------------------------------------------

    def open_jobs(self, lane: Lane) -> Iterator[tuple[LiveJob, int]]:
        """The jobs that have tasks queued in a lane and are not held, with how many."""
        for name, count in self.wanting.get(lane, {}).items():
            job = self.jobs[name]
            if job.hold is None:
                yield job, count

    def first_ready(self) -> Iterator[tuple[LiveJob, int]]:
        """The jobs that are not held and have tasks queued, each with since when the first of these could run."""
        for job in self.jobs.values():
            if job.hold is None and (since_us := job.ready.first_us(self.queues.depth_of(job.id))) is not None:
                yield job, max(since_us, job.open_us)

    def band(self, lane: Lane) -> Band:
        """The most urgent band that a lane has work of."""
        return Band.of(max((job.priority for job, _ in self.open_jobs(lane)), default=0))

    def projects(self, lane: Lane) -> frozenset[str]:
        return frozenset(job.project for job, _ in self.open_jobs(lane))

    def _tally(self, entry: Entry, place: Place, step: int) -> None:
        for name in entry.wanted:
            if place is Place.QUEUE:
                counts = self.wanting.setdefault(entry.lane, {})
                count = counts.get(name, 0) + step
                if count:
                    counts[name] = count
                else:
                    del counts[name]
            elif place is Place.UPSTREAM:
                self.jobs[name].upstream += step
            elif place is Place.PAUSE:
                self.jobs[name].pausing += step
