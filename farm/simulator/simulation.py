"""One farm in virtual time: the real store, driver and scheduler, on machines that are made of paper.

    scenario ─▶ Simulation: submit, ask, kill_driver at moments ─▶ Driver.run ⇄ SimPool ⇄ World
                    └─ a killed driver: its lease ends, and after a while the next one starts on the same store

Owns the order of drivers. Everything that a scenario wants to happen is planned before `run`, or by what happens then.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue

from farm.driver.loop import PULSE_EVERY_US, Driver
from farm.driver.seams import Meter, Unmetered
from farm.errors import FailureKind
from farm.scheduler.policy import Policy
from farm.simulator.audit import Watched, Witness, audit_end
from farm.simulator.cluster import Cluster
from farm.simulator.papers import Paper, PaperFarm
from farm.simulator.pool import DriverKilled, SimPool
from farm.simulator.trace import Mark, Trace
from farm.simulator.verdict import Claim
from farm.simulator.world import US_PER_S, World
from farm.store.jobs import JobStore
from farm.store.records import JobState, Request, Verb
from farm.tasks import Outcome, Task, TaskId, TaskState

LOOKS_EVERY_S = 5.0
"""How often the scheduler is asked why each waiting task waits."""
PULSES_APART = 200
"""How many paces of a simulation lie between two pulses: nobody reads them."""
ASKED_AT_ONCE = 10
"""Of how many waiting tasks then."""


@dataclass(slots=True)
class Register:
    """`farm.driver.seams.Observer`: every task that was asked for, and how each job ended."""

    clock: Callable[[], float]
    tasks: dict[TaskId, Task] = field(default_factory=dict[TaskId, Task])
    jobs: dict[TaskId, set[str]] = field(default_factory=dict[TaskId, set[str]])
    """The jobs that asked for each."""
    open: dict[TaskId, None] = field(default_factory=dict[TaskId, None])
    """In the order in which they were asked for."""
    added_s: dict[TaskId, float] = field(default_factory=dict[TaskId, float])
    settled_s: dict[TaskId, float] = field(default_factory=dict[TaskId, float])
    states: dict[str, JobState] = field(default_factory=dict[str, JobState])
    """Of the jobs that have ended."""
    ended_s: dict[str, float] = field(default_factory=dict[str, float])
    heed: Callable[[Task], None] = lambda task: None  # noqa: ARG005
    """Called with each task that has settled: where a scenario plays somebody who answers."""

    def added(self, job: str, task: Task, *, there: bool) -> None:
        self.tasks[task.id] = task
        self.added_s.setdefault(task.id, self.clock())
        self.jobs.setdefault(task.id, set()).add(job)
        if not there:
            self.open[task.id] = None

    def progressed(self, task: Task, fraction: float) -> None:
        """Paper tasks tell nothing of themselves."""

    def settled(self, task: Task, outcome: Outcome) -> None:  # noqa: ARG002
        self.open.pop(task.id, None)
        self.settled_s[task.id] = self.clock()
        self.heed(task)

    def ended(self, job: str, state: JobState) -> None:
        self.states[job] = state
        self.ended_s[job] = self.clock()
        for task in [task for task in self.open if self.jobs[task] <= self.states.keys()]:
            del self.open[task]

    def pulse(self) -> None:
        """Looked at by `Simulation` at its own pace."""


class Simulation:
    """A farm with one seed."""

    def __init__(self, store: JobStore, policy: Policy, *, seed: int, scale: float, limit_s: float) -> None:
        self.store = store
        self.policy = policy
        self.scale = scale
        self.world = World(seed)
        self.trace = Trace()
        self.cluster = Cluster(self.world, self.trace)
        self.witness = Witness(policy)
        self.submitted: list[str] = []
        self.register = Register(lambda: self.world.elapsed_s)
        self.drivers = 0
        self.pace_s = 0.0
        """How long the driver sleeps at least while nothing happens: more makes long simulations shorter."""
        self.linger_s = 0.0
        """How long to go on when all jobs have ended."""
        self.workers_left = 0
        """In the end, before the pool was closed."""
        self.nodes_left = 0
        self.noted: dict[str, float] = {}
        """Figures that a scenario takes while it runs."""
        self.meter: Callable[[int], Meter] = lambda epoch: Unmetered()  # noqa: ARG005
        """Who counts what the driver of an epoch does."""
        self._limit_s = limit_s
        self._coming = 0
        self._over_s: float | None = None
        self._next_look_s = 0.0
        self._back_after_s = 10.0
        self._asked = 0
        self.scheduler: Watched
        self.pool: SimPool

    def sized(self, number: float) -> int:
        """A number of things at this scale; at least one."""
        return max(1, round(number * self.scale))

    # -- what a scenario plans ----------------------------------------------------------------------------------------

    def nodes(self, count: int, *, cpus: int, gpus: int = 0, name: str = "node") -> None:
        """So many nodes are there from the beginning."""
        for number in range(1, count + 1):
            self.cluster.arrive(f"{name}-{number:02d}", cpus, gpus)

    def at(self, moment_s: float, action: Callable[[], None]) -> None:
        """Let something happen; the simulation is not over before."""
        self._coming += 1
        self.world.at(moment_s, lambda: self._happen(action))

    def submit(
        self,
        job: str,
        paper: Paper,
        *,
        at_s: float = 0.0,
        project: str = "show",
        priority: int = 50,
        budget_micros: int | None = None,
    ) -> None:
        """Submit a paper job, by a request as anyone's."""
        body: dict[str, JsonValue] = {
            "job": job,
            "project": project,
            "priority": priority,
            "budget_micros": budget_micros,
            "paper": paper.model_dump(mode="json"),
        }
        self.submitted.append(job)
        if budget_micros is not None:
            self.witness.budgets[job] = budget_micros
        self.ask(Verb.SUBMIT, "", at_s=at_s, body=body)

    def ask(self, verb: Verb, job: str, *, at_s: float, body: Mapping[str, JsonValue] | None = None) -> None:
        """Ask something of the driver."""
        self._asked += 1
        name = f"request-{self._asked}"
        self.at(
            at_s,
            lambda: self._hand_in(
                Request(id=name, verb=verb, principal="simulation", at_us=self.world.now_us, job=job, body=body or {})
            ),
        )

    def kill_driver(self, at_s: float, *, calls_left: int = 0, back_after_s: float = 10.0) -> None:
        """Kill the driver, in the midst of a turn; the next one starts `back_after_s` later."""

        def kill() -> None:
            self.mark("driver killed")
            self._back_after_s = back_after_s
            self.pool.kill_driver(calls_left)

        self.at(at_s, kill)

    def mark(self, says: str) -> None:
        """Remember this moment in the trace."""
        self.trace.marks.append(Mark(self.world.now_us, says))

    # -- what a scenario judges by ------------------------------------------------------------------------------------

    def counts(self, *jobs: str) -> Counter[TaskState]:
        """How many tasks of those jobs, or of all, came to which state."""
        found: Counter[TaskState] = Counter()
        for job in jobs or self.submitted:
            for (_, state), count in self.store.counts(job).items():
                found[state] += count
        return found

    def booked(self, *jobs: str) -> Counter[FailureKind]:
        """How many attempts of those jobs, or of all, failed by the books, by kind."""
        tasks = {record.task.id: record for job in jobs or self.submitted for record in self.store.load(job)}
        found: Counter[FailureKind] = Counter()
        for record in tasks.values():
            found.update(record.failures)
        return found

    def all_done(self, *jobs: str) -> Claim:
        """That every task of those jobs, or of all, is done."""
        counts = self.counts(*jobs)
        tasks = counts.total()
        return Claim("done", counts[TaskState.DONE], f"{{figure}} of {tasks:,} tasks are done", at_least=max(1, tasks))

    # -- running ------------------------------------------------------------------------------------------------------

    def run(self) -> tuple[str, ...]:
        """Until every job has ended, and everything planned has happened. Gives the audit's violations."""
        while not self._lead():
            back_us = self.world.now_us + round(self._back_after_s * US_PER_S)
            while self.world.step(back_us):
                pass
        if self.world.elapsed_s >= self._limit_s:
            self.witness.note(f"it was not over after {self._limit_s:g} s: {self._still_open()}")
        if self.scheduler.unsettled:
            self.witness.note(f"the scheduler has {self.scheduler.unsettled} tasks left")
        self.workers_left, self.nodes_left = len(self.pool.workers), len(self.cluster.nodes)
        self.pool.close()
        now = self.world.now_us
        for node in self.cluster.nodes.values():
            self.trace.nodes.append(node.row(now))
        return (*self.witness.violations, *audit_end(self.store))

    def _lead(self) -> bool:
        """Drive until it is over; False when the driver was killed."""
        with self.store.lead() as lease:
            self.drivers += 1
            self.register.open.clear()
            self.scheduler = Watched(self.policy, self.witness)
            self.pool = SimPool(self.cluster, self.witness, lease.epoch, self.pace_s)
            self.pool.each_turn = self._look
            self.pool.wake_us = lambda: self.scheduler.wake_us
            driver = Driver(
                store=self.store,
                epoch=lease.epoch,
                farm=PaperFarm(self.cluster, self.store),
                scheduler=self.scheduler,
                pool=self.pool,
                observer=self.register,
                clock=self.world.clock,
                stop=threading.Event(),
                leader="simulation",
                meter=self.meter(lease.epoch),
                pulse_every_us=max(PULSE_EVERY_US, round(PULSES_APART * self.pace_s * US_PER_S)),
            )
            try:
                driver.run(until=self._is_over)
            except DriverKilled:
                self.pool.abandon()
                return False
        return True

    def _is_over(self) -> bool:
        now_s = self.world.elapsed_s
        if self._coming or len(self.register.states) < len(self.submitted):
            self._over_s = None
        elif self._over_s is None:
            self._over_s = now_s
        return now_s >= self._limit_s or (self._over_s is not None and now_s >= self._over_s + self.linger_s)

    def _happen(self, action: Callable[[], None]) -> None:
        self._coming -= 1
        action()

    def _hand_in(self, request: Request) -> None:
        self.mark(f"{request.verb} {request.job or request.body['job']}")
        self.store.ask(request)

    def _look(self) -> None:
        """Once in a while, look at what the scheduler says of itself."""
        if self.world.elapsed_s < self._next_look_s:
            return
        self._next_look_s = self.world.elapsed_s + max(LOOKS_EVERY_S, 10 * self.pace_s)
        now = self.world.now_us
        self.scheduler.balance()
        waiting = [task for task in self.register.open if self.scheduler.state(task) is TaskState.WAITING]
        self._count_waits(waiting)
        for task in waiting[:: max(1, len(waiting) // ASKED_AT_ONCE)]:
            if self.scheduler.wait(task, now) is None:
                self.witness.note(f"{self.register.tasks[task].label} waits for no reason")

    def _count_waits(self, waiting: Iterable[TaskId]) -> None:
        """What the scheduler counts of each job is what there is to count."""
        expected = Counter(job for task in waiting for job in self.register.jobs[task])
        for job, reasons in self.scheduler.waits(self.world.now_us).items():
            if sum(reasons.values()) != expected[job]:
                self.witness.note(f"of job {job} {expected[job]} tasks wait, and the scheduler counts {dict(reasons)}")

    def _still_open(self) -> str:
        open_jobs = [job for job in self.submitted if job not in self.register.states]
        return f"jobs {', '.join(open_jobs)}; waiting for {dict(self.scheduler.waits(self.world.now_us))}"
