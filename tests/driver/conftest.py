"""A driver on a real store and a real scheduler, with a pool, a clock and jobs of paper that the test plays."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from farm.changes import Notice, NoticeKind
from farm.driver.loop import Driver
from farm.driver.seams import Found, Meter, Progress, Unmetered
from farm.errors import FailureKind, FarmError, InputError
from farm.resume import Past
from farm.scheduler.events import AttemptFinished, Event, NodeDraining, NodeUp, WorkerReady
from farm.scheduler.policy import Policy
from farm.scheduler.state import Scheduler
from farm.shots.model import Reroll
from farm.store.jobs import JobStore
from farm.store.records import Job, JobState, Request, RequestState, Verb
from farm.tasks import AttemptState, Input, Lane, Manifest, Outcome, Task, TaskId, TaskState, Work

NODE = "node-1"
JOB_TERMS = ("project", "priority", "budget_micros")


def make_task(name: str, *needs: Task, project: str = "demo", shot: str = "", lane: Lane | None = None) -> Task:
    inputs = {str(index): Input(task=need.id, output="out") for index, need in enumerate(needs)}
    return Task.of(
        project=project,
        stage="score",
        version=1,
        params={"name": name},
        inputs=inputs,
        shot=shot or name,
        lane=lane,
    )


@dataclass
class PaperShelf:
    """Manifests that killed attempts left."""

    manifests: dict[tuple[TaskId, int], Manifest] = field(default_factory=dict)

    def look_for(self, tasks: Sequence[TaskId]) -> None: ...

    def last_attempt(self, task: Task) -> int:
        return max((number for name, number in self.manifests if name == task.id), default=0)

    def manifest(self, task: Task, attempt: int) -> Manifest | None:
        return self.manifests.get((task.id, attempt))


@dataclass
class PaperPlan:
    """Some tasks, and what to add when one of them is done."""

    past: Past
    tasks: Sequence[Task]
    job: str = ""
    gone: Collection[TaskId] = ()
    """Done tasks whose files are not there any more."""
    after: Mapping[str, Sequence[Task]] = field(default_factory=dict)
    """By the name of a task: what can be named once it is done."""
    takes: Mapping[tuple[str, int], Task] = field(default_factory=dict)
    asks: bool = False
    outcomes: dict[TaskId, Outcome] = field(default_factory=dict)
    chosen: dict[str, int] = field(default_factory=dict)
    named: dict[TaskId, Task] = field(default_factory=dict)

    def begin(self) -> Iterable[Task]:
        return iter(self._meet(self.tasks))

    def _meet(self, tasks: Sequence[Task]) -> list[Task]:
        """These tasks, and those that follow from what is done of them."""
        self.named |= {task.id: task for task in tasks}
        self.past.reopen([task.id for task in tasks if task.id in self.gone])
        found = self.past.read([task for task in tasks if task.id not in self.outcomes], {})
        self.outcomes |= found
        more = [each for task in tasks if task.id in found for each in self._following(task)]
        return [*tasks, *(self._meet(more) if more else [])]

    def _following(self, task: Task) -> Sequence[Task]:
        return self.after.get(str(task.params["name"]), ()) if self.outcomes[task.id].done else ()

    def found(self, tasks: Sequence[Task]) -> Found:
        return self.past.found(tasks)

    def known(self, task: TaskId) -> Outcome | None:
        return self.outcomes.get(task)

    def order(self, task: Task) -> tuple[int, ...]:
        return (list(self.named).index(task.id),)

    def settle(self, task: Task, outcome: Outcome) -> Iterable[Task]:
        self.outcomes[task.id] = outcome
        return self._meet(self._following(task))

    def check_choice(self, shot: str, take: int) -> str:
        return "" if (shot, take) in self.takes else f"shot {shot} has no take {take}"

    def remark(self) -> str:
        failed = sum(not outcome.done for outcome in self.outcomes.values())
        return f"{failed} of {len(self.outcomes)} failed" if failed else ""

    def report(self) -> str:
        return "report.html"

    def news(self, shots: Collection[str] | None = None) -> Iterable[Notice]:
        """Shots of which something has failed, and those to be chosen from."""
        named = {task.shot: [each for each in self.named.values() if each.shot == task.shot] for task in self.tasks}
        for shot, tasks in named.items():
            failed = [task.id for task in tasks if (found := self.outcomes.get(task.id)) and not found.done]
            kind = NoticeKind.SHOT_FAILED if failed else NoticeKind.SHOT_HELD
            waits = shot in self.open_choices() and all(task.id in self.outcomes for task in tasks)
            about = tuple(failed) or tuple(task.id for task in tasks) * waits
            if about and (shots is None or shot in shots):
                yield Notice(kind=kind, project="demo", job=self.job, shot=shot, words=f"{shot} broke", about=about)

    def open_choices(self) -> Mapping[str, Sequence[int]]:
        waiting = self.asks and not self.chosen
        shots = dict.fromkeys(shot for shot, _ in self.takes) if waiting else {}
        return {shot: [take for code, take in self.takes if code == shot] for shot in shots}

    def choose(self, choices: Mapping[str, int]) -> Iterable[Task]:
        self.chosen |= choices
        return self._meet([self.takes[choice] for choice in choices.items()])

    def reroll(self, shot: str, reroll: Reroll) -> tuple[Iterable[Task], Mapping[str, Any]]:
        if (shot, reroll.takes) not in self.takes:
            raise InputError(f"shot {shot} has no {reroll.takes} more takes")
        return self._meet([self.takes[shot, reroll.takes]]), {"amended": [shot, reroll.takes, reroll.prompt]}

    def retry(self, shots: Collection[str]) -> Iterable[Task]:
        if unknown := set(shots) - {task.shot for task in self.named.values()}:
            raise InputError(f"the list has no shot {', '.join(unknown)}")
        tasks = [task for task in self.named.values() if not shots or task.shot in shots]
        failed = [task for task in tasks if task.id in self.outcomes and not self.outcomes[task.id].done]
        self.past.reopen([task.id for task in failed])
        for task in failed:
            del self.outcomes[task.id]
        return failed

    def inputs(self, task: Task) -> Mapping[str, str]:
        return {name: f"{source.task}/out" for name, source in task.inputs.items()}

    def end(self) -> JobState | None:
        if self.asks and not self.chosen:
            return None
        return JobState.DONE if all(outcome.done for outcome in self.outcomes.values()) else JobState.FAILED


@dataclass
class PaperFarm:
    """Jobs by the name of their list."""

    store: JobStore
    clock: PaperClock
    plans: dict[str, Sequence[Task]] = field(default_factory=dict)
    options: dict[str, object] = field(default_factory=dict)
    shelf: PaperShelf = field(default_factory=PaperShelf)
    followed: int = 0

    def accept(self, request: Request) -> Job:
        name = str(request.body.get("name", ""))
        if name not in self.plans:
            raise InputError(f"there is no list {name}")
        state = JobState.HELD if request.body.get("hold") else JobState.ACTIVE
        terms = {term: request.body[term] for term in JOB_TERMS if term in request.body}
        return make_job(request.id, name, state=state, **terms)

    def open(self, job: Job, runs) -> PaperPlan:
        if job.name not in self.plans:
            raise InputError(f"{job.name} says nothing that can be done")
        past = Past(job.id, self.store, self.shelf, runs=runs, now_us=self.clock)  # type: ignore[arg-type]
        return PaperPlan(past, self.plans[job.name], job.id, **self.options)  # type: ignore[arg-type]

    def follow(self) -> None:
        self.followed += 1


class HandPool:
    """Nodes (one of two CPUs) whose workers are there at once; the test says how attempts end."""

    def __init__(self, clock: PaperClock, nodes: Sequence[NodeUp] = (NodeUp(NODE, 2),)) -> None:
        self.clock = clock
        self.nodes = nodes
        self.events: deque[Event | Progress] = deque(nodes)
        self.started: list[str] = []
        self.loading: set[str] = set()
        """Lanes whose workers do not come up."""
        self.up: dict[str, Lane] = {}
        """Workers that were not stopped."""
        self.running: dict[str, Work] = {}
        self.ran: list[str] = []
        self.cancelled: list[TaskId] = []
        self.fails: dict[str, FailureKind] = {}
        self.waits: set[str] = set()
        """Names of tasks that do not end by themselves."""
        self.refuses: list[FarmError] = []
        """What drains come to, one after the other, before one is accepted."""

    def start(self, worker: str, lane: Lane, node: str | None, market: str = "") -> None:
        self.started.append(worker)
        self.up[worker] = lane
        if lane.name not in self.loading:
            self.events.append(WorkerReady(worker, node or NODE))

    def stop(self, worker: str) -> None:
        self.running.pop(worker, None)
        self.up.pop(worker, None)

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

    def drain(self, node: str, deadline_us: int) -> None:
        if self.refuses:
            raise self.refuses.pop()
        self.events.append(NodeDraining(node, deadline_us))

    def wait(self, timeout_s: float) -> Sequence[Event | Progress]:
        if not self.events:
            self.clock.now_us += max(1, int(timeout_s * 1e6))
        heard = list(self.events)
        self.events.clear()
        return heard

    def close(self) -> None:
        self.running.clear()

    def again(self) -> HandPool:
        """As the next driver finds it: without workers."""
        pool = HandPool(self.clock, self.nodes)
        pool.ran, pool.fails, pool.waits, pool.loading = self.ran, self.fails, self.waits, self.loading
        pool.refuses = self.refuses
        return pool


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
    notes: Notes = field(default_factory=Notes)
    stop: threading.Event = field(default_factory=threading.Event)
    policy: Policy = field(default_factory=Policy)
    asked: int = 0
    meter: Meter = field(default_factory=Unmetered)

    def __post_init__(self) -> None:
        self.pool = HandPool(self.clock)
        self.farm = PaperFarm(self.store, self.clock)

    def submit(self, name: str, *tasks: Task, hold: bool = False, key: str = "", **terms) -> str:
        """A job of those tasks, asked for; its id."""
        self.farm.plans[name] = tasks
        return self.ask(Verb.SUBMIT, body={"name": name, "hold": hold, **terms}, key=key)

    def why(self, subject: str, *, shot: str = "", once=lambda: True) -> dict:
        """What a driver answers that asks itself why as soon as `once` holds."""
        asked: list[str] = []

        def is_answered() -> bool:
            if not asked and self.store.job_lines() and once():
                asked.append(self.ask(Verb.WHY, body={"subject": subject, "shot": shot}))
            return bool(asked) and self.answer(asked[0]).state is not RequestState.PENDING

        self.drive(300, until=is_answered)
        return dict(self.answer(asked[0]).answer)

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
        self.pool = self.pool.again()
        with self.store.lead() as lease:
            driver = Driver(
                store=self.store,
                epoch=lease.epoch,
                farm=self.farm,
                scheduler=Scheduler(self.policy),
                pool=self.pool,
                observer=self.notes,
                clock=self.clock,
                stop=self.stop,
                meter=self.meter,
            )
            driver.run(until=lambda: until() or self.clock.now_us > deadline_us)

    def play_on(self, *nodes: NodeUp) -> None:
        """Let the farm have these nodes."""
        self.pool = HandPool(self.clock, nodes)

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
