"""The books must balance: at every moment while a simulation runs, and when it is over.

    pool ──begins, ends, room──▶ Witness ◀──spends, overshot── Watched(Scheduler)         while it runs
    store, scheduler, pool ──▶ audit_end ──▶ violations in words                       when it is over

At every moment: no node holds more than it has; no task runs twice at once, nor again once it is done, nor before its
inputs; no job or project is beyond a limit when something is reserved; every waiting task has a reason. A worker that
loads, or came up less than a load takes ago and has run nothing yet, is stopped only where its node goes away, where
loading takes longer than is waited for, or where it has idled for as long as any worker without work. In the end:
each task was done once or failed for a reason, each counter equals the sum of its parts, and nothing is left over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from farm.changes import AttemptStarted
from farm.scheduler.events import AttemptFinished, Decision, Event, JobDropped, JobSet, WorkerLost
from farm.scheduler.policy import Limits, Policy
from farm.scheduler.state import Scheduler
from farm.simulator.cluster import Node
from farm.store.jobs import JobStore
from farm.store.records import AttemptRecord, ChangeKind, Snapshot, TaskRecord
from farm.tasks import AttemptState, Lane, TaskId, TaskState, Work

NOTED_AT_MOST = 20
"""More violations are counted, and not told one by one."""


@dataclass(frozen=True, slots=True)
class Young:
    """A worker that has run nothing yet."""

    worker: str
    is_ready: bool
    """False while it loads."""
    for_s: float
    """How long it has been so."""


@dataclass(slots=True)
class Witness:
    """Sees everything that the pool is told, and notes what must not be. One per simulation, over all its drivers."""

    policy: Policy
    budgets: dict[str, int] = field(default_factory=dict[str, int])
    """By job, what it may cost in all."""
    overshoots: dict[str, int] = field(default_factory=dict[str, int])
    """By job, the most that was ever spent beyond."""
    seen: Counter[str] = field(default_factory=Counter[str])
    """Violations, and how often each was noted."""
    gpus_most: Counter[str] = field(default_factory=Counter[str])
    """By project, the most GPUs that ever worked for it at once."""
    _running: dict[TaskId, str] = field(default_factory=dict[TaskId, str])
    _done: set[TaskId] = field(default_factory=set[TaskId])
    _gpus: Counter[str] = field(default_factory=Counter[str])

    def note(self, violation: str) -> None:
        self.seen[violation] += 1

    @property
    def violations(self) -> tuple[str, ...]:
        told = [f"{what} ({count} times)" if count > 1 else what for what, count in self.seen.items()]
        more = len(told) - NOTED_AT_MOST
        return (*told[:NOTED_AT_MOST], f"and {more} more") if more > 0 else tuple(told)

    # -- the pool -----------------------------------------------------------------------------------------------------

    def room(self, node: Node, lane: Lane, worker: str, unknown: Iterable[Lane]) -> None:
        """A worker shall start on `node`, where `unknown` others may have taken room that the driver takes for free."""
        taken = list(unknown)
        cpus = node.cpus_free + sum(other.ranks for other in taken)
        gpus = node.gpus_free + sum(other.gpus_in_all for other in taken)
        if not node.draining and (cpus < lane.ranks or gpus < lane.gpus_in_all):
            self.note(f"node {node.name} is full, and {worker} was to start there")

    def begins(self, work: Work, lane: Lane, worker: str, *, idle: bool) -> None:
        task = work.task
        if not idle:
            self.note(f"{worker} was given {task.label} and was not idle")
        if lane != task.lane:
            self.note(f"{worker} of lane {lane.name} was given {task.label} of lane {task.lane.name}")
        if task.id in self._running:
            self.note(f"{task.label} began on {worker} while it ran on {self._running[task.id]}")
        if task.id in self._done:
            self.note(f"{task.label} began again although it was done")
        for source in task.inputs.values():
            if source.task not in self._done:
                self.note(f"{task.label} began before its input was done")
        self._running[task.id] = worker
        self._gpus[task.project] += lane.gpus_in_all
        self.gpus_most[task.project] = max(self.gpus_most[task.project], self._gpus[task.project])
        self._heed_gpu_limit(task.project)

    def stops(self, young: Young, *, node: Node | None) -> None:
        """A worker is stopped that loads, or has just come up, on `node`; None for one that is gone."""
        if node is None or node.draining:
            return
        waits_s = self.policy.idle_stop_s if young.is_ready else self.policy.start_timeout_s
        if young.for_s < waits_s:
            what = "had just come up" if young.is_ready else "was loading"
            self.note(f"{young.worker} {what} on {node.name} and was stopped after {young.for_s:.0f} s")

    def ends(self, work: Work, lane: Lane, *, done: bool) -> None:
        self._running.pop(work.task.id, None)
        self._gpus[work.task.project] -= lane.gpus_in_all
        if done:
            self._done.add(work.task.id)

    def _heed_gpu_limit(self, project: str) -> None:
        limit = self._limits(project).gpus
        if limit is not None and self._gpus[project] > limit:
            self.note(f"project {project} worked on {self._gpus[project]} GPUs, and may on {limit}")

    def _limits(self, project: str) -> Limits:
        terms = self.policy.projects.get(project)
        return terms.limits if terms else Limits()

    # -- the scheduler -----------------------------------------------------------------------------------------------

    def spends(self, job: str, spent: int, reserved: int) -> None:
        """A job with a budget has just reserved something: with that it may not be beyond its cap."""
        if spent + reserved > self.budgets[job]:
            self.note(f"job {job} has spent {spent} and reserved {reserved} micros, and may {self.budgets[job]}")

    def overshot(self, job: str, micros: int) -> None:
        self.overshoots[job] = max(self.overshoots.get(job, 0), micros)


class Watched(Scheduler):
    """The real scheduler, each of whose decisions is witnessed."""

    def __init__(self, policy: Policy, witness: Witness) -> None:
        super().__init__(policy)
        self._witness = witness
        self._capped: set[str] = set()
        """Jobs with a budget that it knows."""

    def handle(self, event: Event, now_us: int) -> Decision:
        decision = super().handle(event, now_us)
        if isinstance(event, JobSet) and event.job in self._witness.budgets:
            self._capped.add(event.job)
        elif isinstance(event, JobDropped):
            self._capped.discard(event.job)
        for change in decision.changes:
            if isinstance(change, AttemptStarted) and change.job in self._capped:
                self._witness.spends(change.job, self.spent(change.job), self.reserved(change.job))
        if isinstance(event, AttemptFinished | WorkerLost):
            for job in self._capped:
                self._witness.overshot(job, self.overshoot(job))
        return decision

    def balance(self) -> None:
        """Have the scheduler recompute its sums."""
        try:
            self.audit()
        except AssertionError as error:
            self._witness.note(f"the ledger does not balance: {error}")


# -- when it is over ------------------------------------------------------------------------------------------------


def audit_end(store: JobStore) -> Iterator[str]:
    """What is wrong with the books, in words."""
    snapshot = store.snapshot(live_only=False)
    attempts = store.attempts(snapshot.tasks)
    yield from _left_over(store, snapshot)
    for task, record in snapshot.tasks.items():
        yield from _history(record, attempts.get(task, ()))
    yield from _sums(store, snapshot, attempts)
    yield from _outbox(store, snapshot, attempts)


def _left_over(store: JobStore, snapshot: Snapshot) -> Iterator[str]:
    for job in snapshot.jobs.values():
        if job.state.live:
            yield f"job {job.id} is {job.state} still"
    for request in store.pending():
        yield f"request {request.id} ({request.verb}) has no outcome"


def _history(record: TaskRecord, attempts: tuple[AttemptRecord, ...]) -> Iterator[str]:
    """One task's life: its attempts are numbered, one behind the other, and as its state has it."""
    label = record.task.label
    if [attempt.number for attempt in attempts] != list(range(1, len(attempts) + 1)):
        yield f"{label} has attempts {[attempt.number for attempt in attempts]}"
    if any(attempt.manifest is None for attempt in attempts):
        yield f"{label} has an attempt that never ended"
    for earlier, later in pairwise(attempts):
        if earlier.manifest and later.started_us < earlier.manifest.ended_us:
            yield f"attempt {later.number} of {label} began before attempt {earlier.number} had ended"
    done = [attempt.number for attempt in attempts if attempt.state is AttemptState.DONE]
    match record.state:
        case TaskState.DONE if done != [record.winner]:
            yield f"{label} is done by attempt {record.winner}, and attempts {done} were"
        case TaskState.FAILED if record.failure is None or not record.message:
            yield f"{label} failed without a reason"
        case TaskState.FAILED | TaskState.CANCELLED if done:
            yield f"{label} is {record.state}, and attempt {done[0]} was done"
        case TaskState.WAITING | TaskState.RUNNING:
            yield f"{label} is {record.state} still"
        case _:
            pass


def _sums(store: JobStore, snapshot: Snapshot, attempts: Mapping[TaskId, tuple[AttemptRecord, ...]]) -> Iterator[str]:
    """Every counter equals the sum of its parts."""
    costs: Counter[str] = Counter()
    for each in attempts.values():
        for attempt in each:
            costs[attempt.job] += attempt.cost_micros
    for job in snapshot.jobs.values():
        spent = store.spent(job.id)
        if spent != costs[job.id]:
            yield f"job {job.id} has spent {spent} micros, and its attempts {costs[job.id]}"
        counted = dict(store.counts(job.id))
        summed = Counter(
            (snapshot.tasks[task].task.stage, snapshot.tasks[task].state) for task in snapshot.members[job.id]
        )
        if counted != dict(summed):
            yield f"job {job.id} counts {counted}, and has {dict(summed)}"
    if strangers := set(costs) - set(snapshot.jobs):
        yield f"attempts ran in the name of {sorted(strangers)}, which are no jobs"


def _outbox(store: JobStore, snapshot: Snapshot, attempts: Mapping[TaskId, tuple[AttemptRecord, ...]]) -> Iterator[str]:
    """Every committed change is in the outbox, under one number each."""
    lines: Counter[ChangeKind] = Counter()
    last = 0
    while found := store.changes_after(last):
        numbers = [line.seq for line in found]
        if any(later <= earlier for earlier, later in pairwise([last, *numbers])):
            yield f"the outbox is out of order after {last}"
        last = numbers[-1]
        lines.update(line.kind for line in found)
    total = sum(map(len, attempts.values()))
    expected = {
        ChangeKind.ATTEMPT_STARTED: total,
        ChangeKind.ATTEMPT_ENDED: total,
        ChangeKind.TASK_ADDED: sum(map(len, snapshot.members.values())),
    }
    for kind, count in expected.items():
        if lines[kind] != count:
            yield f"the outbox has {lines[kind]} lines of kind {kind!s}, and {count} things happened"
