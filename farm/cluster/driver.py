"""The driver: the one process that decides and writes task state.

    plan ─▶ TaskAdded ─┐
    pool ─▶ events ────┴▶ Scheduler.handle ─▶ commit the changes ─▶ carry out the commands
                                                    └─ settled tasks ─▶ plan their shot anew ─▶ TaskAdded …

Owns nothing durable: the job store holds the truth, the clip store the files. Killed at any moment, the next driver
reads both and goes on.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from farm.changes import AttemptEnded, Committed
from farm.clock import now_us
from farm.driver.seams import Progress
from farm.liveplan import LivePlan
from farm.scheduler.events import (
    CancelAttempt,
    Command,
    Event,
    History,
    Rank,
    Run,
    StartWorker,
    StopAsked,
    TaskAdded,
    Tick,
)
from farm.scheduler.state import Scheduler
from farm.tasks import ALL, Lane, Manifest, Outcome, Task, TaskId, TaskState, Work

POLL_S = 0.5
STOP_GRACE_S = 20.0
"""How long a stopping driver waits for its attempts to hear of it."""

RECORDS_EVERY_S = 5.0


class Pool(Protocol):
    """Where attempts run."""

    def start(self, worker: str, lane: Lane) -> None: ...
    def run(self, worker: str, work: Work) -> None: ...
    def cancel(self, worker: str, task: TaskId, attempt: int) -> None: ...
    def wait(self, timeout_s: float) -> Iterable[Event | Progress]: ...


class Observer(Protocol):
    """Who watches a driver: the live view, metrics."""

    def added(self, task: Task, *, there: bool) -> None:
        """A task is part of the job; `there` when it was done before."""
        ...

    def progressed(self, task: Task, fraction: float) -> None: ...
    def settled(self, task: Task, outcome: Outcome) -> None: ...
    def pulse(self) -> None:
        """Called about twice a second."""
        ...


class Books(Protocol):
    """The durable record of one job (`farm.site.Ledger`)."""

    def add(self, tasks: Sequence[Task]) -> None: ...
    def reopen(self, tasks: Sequence[Task]) -> Mapping[TaskId, History]:
        """Where tasks that are to run stand in the books."""
        ...

    def commit(self, changes: Sequence[Committed]) -> None: ...
    def follow(self) -> None: ...


class Driver:
    """Runs one job to its end."""

    def __init__(
        self,
        *,
        live: LivePlan,
        scheduler: Scheduler,
        books: Books,
        publish: Callable[[Task, Manifest], object],
        pool: Pool,
        observer: Observer,
        stop: threading.Event,
    ) -> None:
        self._live = live
        self._scheduler = scheduler
        self._books = books
        self._publish = publish
        self._pool = pool
        self._observer = observer
        self._stop = stop
        """Once set: what runs is cancelled, what is finished is kept, and `run` returns."""
        self._manifests: dict[TaskId, Manifest] = {}
        self._stop_by: float | None = None
        self._records_due = 0.0

    def run(self) -> None:
        """Until every task has settled, or a stop was asked for."""
        self._handle(self._added(self._live.begin()))
        while self._scheduler.unsettled and not self._stopped():
            heard = list(self._pool.wait(POLL_S))
            self._note_progress(heard)
            self._handle([event for event in heard if not isinstance(event, Progress)] or [Tick()])
            self._keep_records()
            self._observer.pulse()
        self._books.follow()

    # -- deciding -------------------------------------------------------------------------------------------------

    def _handle(self, events: Iterable[Event]) -> None:
        """Decide, commit, act, and go on with what follows from it."""
        queue = deque(events)
        if self._stop.is_set() and self._stop_by is None:
            self._stop_by = time.monotonic() + STOP_GRACE_S
            queue.append(StopAsked())
        while queue:
            changes: list[Committed] = []
            commands: list[Command] = []
            settled: list[TaskId] = []
            while queue:
                decision = self._scheduler.handle(queue.popleft(), now_us())
                changes += decision.changes
                commands += decision.commands
                settled += decision.settled
            self._commit(changes)
            for task in settled:  # before the commands, whose inputs these outcomes are
                queue.extend(self._added(self._settle(self._live.tasks[task])))
            for command in commands:
                self._carry_out(command)

    def _commit(self, changes: list[Committed]) -> None:
        for change in changes:
            if isinstance(change, AttemptEnded):
                self._manifests[change.manifest.task] = change.manifest
        self._books.commit(changes)

    def _settle(self, task: Task) -> Iterable[Task]:
        state = self._scheduler.state(task.id)
        failure, message = self._scheduler.failure(task.id)
        outcome = Outcome(state, self._manifests.pop(task.id, None), failure, message)
        if outcome.manifest and state is TaskState.DONE:
            self._publish(task, outcome.manifest)
        self._observer.settled(task, outcome)
        return self._live.settle(task, outcome)

    def _added(self, tasks: Iterable[Task]) -> list[Event]:
        """Record tasks as this job's, and tell the scheduler of them."""
        tasks = list(tasks)
        self._books.add(tasks)
        known = self._live.known
        histories = self._books.reopen([task for task in tasks if task.id not in known])
        events: list[Event] = []
        for task in tasks:
            self._observer.added(task, there=task.id in known)
            rank = Rank(self._live.priority(task), job=0, shot=self._live.position(task))
            history = History(known[task.id].state) if task.id in known else histories.get(task.id, History())
            events.append(TaskAdded(task, rank, history))
        return events

    # -- acting -----------------------------------------------------------------------------------------------------

    def _carry_out(self, command: Command) -> None:
        match command:
            case StartWorker():
                self._pool.start(command.worker, command.lane)
            case Run():
                work = Work(command.task, command.attempt, self._inputs(command.task), command.alone)
                self._pool.run(command.worker, work)
            case CancelAttempt():
                self._pool.cancel(command.worker, command.task, command.attempt)

    def _inputs(self, task: Task) -> dict[str, str]:
        """Where a task's inputs lie: its assets, and the outputs of the tasks it names."""
        keys = {name: asset.key for name, asset in task.assets.items()}
        for name, source in task.inputs.items():
            manifest = self._live.known[source.task].manifest
            assert manifest is not None, f"{task.label} runs before its input"
            if name == ALL:
                keys |= {output: file.key for output, file in manifest.files.items()}
            else:
                keys[name] = manifest.files[source.output].key
        return keys

    def _note_progress(self, heard: Iterable[Event | Progress]) -> None:
        for event in heard:
            if isinstance(event, Progress):
                self._observer.progressed(self._live.tasks[event.task], event.fraction)

    def _keep_records(self) -> None:
        if time.monotonic() >= self._records_due:
            self._books.follow()
            self._records_due = time.monotonic() + RECORDS_EVERY_S

    def _stopped(self) -> bool:
        return self._stop_by is not None and (not self._scheduler.running or time.monotonic() > self._stop_by)
