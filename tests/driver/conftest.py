"""A driver on a real store and a real scheduler, with a pool, a clock and jobs of paper that the test plays."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from farm.driver.loop import Driver
from farm.driver.seams import Progress
from farm.errors import FailureKind, InputError
from farm.scheduler.events import AttemptFinished, Event, NodeUp, WorkerReady
from farm.scheduler.policy import Policy
from farm.scheduler.state import Scheduler
from farm.store.jobs import JobStore
from farm.store.records import Job, JobState, Request, RequestState, Verb
from farm.tasks import AttemptState, Input, Lane, Manifest, Outcome, Task, TaskId, TaskState, Work

NODE = "node-1"


def make_task(name: str, *needs: Task, project: str = "demo", shot: str = "") -> Task:
    inputs = {str(index): Input(task=need.id, output="out") for index, need in enumerate(needs)}
    return Task.of(project=project, stage="score", version=1, params={"name": name}, inputs=inputs, shot=shot or name)


@dataclass
class PaperPlan:
    """Chains of tasks by shot, and what to add when one of them is done."""

    tasks: Sequence[Task]
    after: Mapping[str, Sequence[Task]] = field(default_factory=dict)
    """By the name of a task: what can be named once it is done."""
    outcomes: dict[TaskId, Outcome] = field(default_factory=dict)
    chosen: dict[str, int] = field(default_factory=dict)
    takes: Mapping[tuple[str, int], Task] = field(default_factory=dict)
    asks: bool = False

    def begin(self) -> Iterable[Task]:
        yield from self.tasks

    def known(self, task: TaskId) -> Outcome | None:
        return self.outcomes.get(task)

    def order(self, task: Task) -> tuple[int, ...]:
        return (0,)

    def settle(self, task: Task, outcome: Outcome) -> Iterable[Task]:
        self.outcomes[task.id] = outcome
        return self.after.get(str(task.params["name"]), ()) if outcome.done else ()

    def choose(self, choices: Mapping[str, int]) -> Iterable[Task]:
        for shot, take in choices.items():
            if (shot, take) not in self.takes:
                raise InputError(f"shot {shot} has no take {take}")
        self.chosen |= choices
        return [self.takes[choice] for choice in choices.items()]

    def inputs(self, task: Task) -> Mapping[str, str]:
        return {name: f"{source.task}/out" for name, source in task.inputs.items()}

    def end(self) -> JobState | None:
        if self.asks and not self.chosen:
            return None
        return JobState.DONE if all(outcome.done for outcome in self.outcomes.values()) else JobState.FAILED


@dataclass
class PaperFarm:
    """Jobs by the name of their list."""

    plans: dict[str, Sequence[Task]] = field(default_factory=dict)
    opened: list[PaperPlan] = field(default_factory=list)
    options: dict[str, object] = field(default_factory=dict)
    shelf: dict[tuple[TaskId, int], Manifest] = field(default_factory=dict)
    gone: set[TaskId] = field(default_factory=set)
    followed: int = 0

    def accept(self, request: Request) -> Job:
        name = str(request.body.get("name", ""))
        if name not in self.plans:
            raise InputError(f"there is no list {name}")
        return make_job(request.id, name, state=JobState.HELD if request.body.get("hold") else JobState.ACTIVE)

    def open(self, job: Job) -> PaperPlan:
        if job.name not in self.plans:
            raise InputError(f"{job.name} says nothing that can be done")
        plan = PaperPlan(self.plans[job.name], **self.options)  # type: ignore[arg-type]
        self.opened.append(plan)
        return plan

    def manifest(self, task: Task, attempt: int) -> Manifest | None:
        return self.shelf.get((task.id, attempt))

    def usable(self, manifest: Manifest) -> bool:
        return manifest.task not in self.gone

    def follow(self) -> None:
        self.followed += 1


class HandPool:
    """One node whose workers are there at once; the test says how attempts end."""

    def __init__(self, clock: PaperClock, cpus: int = 2) -> None:
        self.clock = clock
        self.events: deque[Event | Progress] = deque([NodeUp(NODE, cpus)])
        self.running: dict[str, Work] = {}
        self.ran: list[str] = []
        self.cancelled: list[TaskId] = []
        self.fails: dict[str, FailureKind] = {}
        self.waits: set[str] = set()
        """Names of tasks that do not end by themselves."""

    def start(self, worker: str, lane: Lane, node: str | None) -> None:
        self.events.append(WorkerReady(worker, node or NODE))

    def stop(self, worker: str) -> None:
        self.running.pop(worker, None)

    def run(self, worker: str, work: Work) -> None:
        name = str(work.task.params["name"])
        self.ran.append(name)
        self.running[worker] = work
        if name not in self.waits:
            self.finish(name)

    def finish(self, name: str, state: AttemptState | None = None) -> None:
        worker = next(worker for worker, work in self.running.items() if work.task.params["name"] == name)
        work = self.running.pop(worker)
        kind = self.fails.get(name)
        state = state or (AttemptState.FAILED if kind else AttemptState.DONE)
        manifest = Manifest(
            task=work.task.id,
            attempt=work.attempt,
            stage=work.task.stage,
            state=state,
            failure=kind if state is AttemptState.FAILED else None,
            message="it broke" if kind else "",
            started_us=self.clock.now_us,
            ended_us=self.clock.now_us + 1_000_000,
        )
        self.events.append(AttemptFinished(worker, manifest))

    def cancel(self, worker: str, task: TaskId, attempt: int) -> None:
        self.cancelled.append(task)
        name = str(self.running[worker].task.params["name"])
        self.finish(name, AttemptState.CANCELLED)

    def wait(self, timeout_s: float) -> Sequence[Event | Progress]:
        if not self.events:
            self.clock.now_us += max(1, int(timeout_s * 1e6))
        heard = list(self.events)
        self.events.clear()
        return heard

    def close(self) -> None:
        self.running.clear()


@dataclass
class PaperClock:
    now_us: int = 1_000_000_000

    def __call__(self) -> int:
        return self.now_us


class Notes:
    """An observer that keeps what it is told."""

    def __init__(self) -> None:
        self.ended_jobs: dict[str, JobState] = {}
        self.settled_tasks: list[tuple[str, TaskState]] = []
        self.added_tasks: list[tuple[str, str, bool]] = []

    def added(self, job: str, task: Task, *, there: bool) -> None:
        self.added_tasks.append((job, str(task.params["name"]), there))

    def progressed(self, task: Task, fraction: float) -> None: ...

    def settled(self, task: Task, outcome: Outcome) -> None:
        self.settled_tasks.append((str(task.params["name"]), outcome.state))

    def ended(self, job: str, state: JobState) -> None:
        self.ended_jobs[job] = state

    def pulse(self) -> None: ...


@dataclass
class House:
    """A farm of one node, and the hand that plays it."""

    store: JobStore
    clock: PaperClock = field(default_factory=PaperClock)
    farm: PaperFarm = field(default_factory=PaperFarm)
    notes: Notes = field(default_factory=Notes)
    stop: threading.Event = field(default_factory=threading.Event)
    asked: int = 0

    def __post_init__(self) -> None:
        self.pool = HandPool(self.clock)

    def submit(self, name: str, *tasks: Task, hold: bool = False, **changes) -> str:
        """A job of those tasks, asked for; its id."""
        self.farm.plans[name] = tasks
        return self.ask(Verb.SUBMIT, body={"name": name, "hold": hold}, **changes)

    def ask(self, verb: Verb, job: str = "", **changes) -> str:
        self.asked += 1
        request = Request(
            id=f"request-{self.asked}", verb=verb, principal="ann", at_us=self.clock.now_us, job=job, **changes
        )
        return self.store.ask(request).id

    def answer(self, request: str) -> Request:
        found = self.store.request(request)
        assert found is not None
        return found

    def refused(self, request: str) -> str:
        """Why a request was refused; it must have been."""
        found = self.answer(request)
        assert found.state is RequestState.REFUSED, found
        return found.reason

    def drive(self, seconds: float = 30, *, until=lambda: False) -> None:
        """A driver leads for that long, or until it has nothing to do."""
        deadline_us = self.clock.now_us + int(seconds * 1e6)
        with self.store.lead() as lease:
            driver = Driver(
                store=self.store,
                epoch=lease.epoch,
                farm=self.farm,
                scheduler=Scheduler(Policy()),
                pool=self.pool,
                observer=self.notes,
                clock=self.clock,
                stop=self.stop,
            )
            driver.run(until=lambda: until() or self.clock.now_us > deadline_us)

    def another_node(self) -> None:
        """The old driver's workers died with it."""
        self.pool = HandPool(self.clock)


def make_job(identity: str, name: str, **changes) -> Job:
    asked = {"id": identity, "project": "demo", "name": name, "out": "/out", "document": {}, "created_us": 1}
    return Job(**(asked | changes))


@pytest.fixture
def house(tmp_path) -> House:
    store = JobStore.open(tmp_path / "state")
    yield House(store)
    store.close()


@pytest.fixture
def task():
    return make_task
