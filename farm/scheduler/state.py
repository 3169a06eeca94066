"""The scheduler: the same events give the same decisions.

    handle(event, now) ──▶ Decision(changes, commands, settled)

           TaskAdded ─▶ waiting ──dispatch──▶ running ──finish──▶ done
                          ▲                      │
                          └──retry (by kind)─────┴──give up──▶ failed ──▶ everything downstream failed

Pure: no clock (time comes with each event), no I/O, no Ray. Owns the state of every task it was told of; what is
durable is what it answers in `changes`, and telling it the store's histories rebuilds it.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from farm.changes import AttemptEnded, AttemptStarted, Committed, TaskMoved
from farm.errors import FailureKind
from farm.scheduler.events import (
    AttemptFinished,
    CancelAttempt,
    Command,
    Decision,
    Event,
    Rank,
    Run,
    StartWorker,
    StopAsked,
    TaskAdded,
    Tick,
    WorkerLost,
    WorkerReady,
)
from farm.scheduler.lanes import Lanes, Machine, Worker, WorkerState
from farm.scheduler.retry import pause_us
from farm.tasks import (
    SETTLED,
    TRANSITIONS,
    AttemptState,
    Change,
    Lane,
    Manifest,
    Task,
    TaskId,
    TaskState,
)


class WaitReason(StrEnum):
    """Why a task is not running yet; every waiting task has one."""

    UPSTREAM = "upstream"
    BACKOFF = "backoff"
    LOADING = "model loading"
    CAPACITY = "capacity"
    PAUSED = "paused"


@dataclass(slots=True)
class _Entry:
    """A task and all that is known of it."""

    task: Task
    rank: Rank
    state: TaskState = TaskState.WAITING
    upstream: set[TaskId] = field(default_factory=set[TaskId])
    attempts: int = 0
    failures: dict[FailureKind, int] = field(default_factory=dict[FailureKind, int])
    paused_until_us: int = 0
    avoid: set[str] = field(default_factory=set[str])
    worker: str = ""
    message: str = ""
    failure: FailureKind | None = None


@dataclass(slots=True)
class _Answer:
    """A decision in the making."""

    now_us: int
    changes: list[Committed] = field(default_factory=list[Committed])
    commands: list[Command] = field(default_factory=list[Command])
    settled: list[TaskId] = field(default_factory=list[TaskId])

    def decision(self) -> Decision:
        return Decision(tuple(self.changes), tuple(self.commands), tuple(self.settled))


class Scheduler:
    """Decides which attempt runs where and what a result means."""

    def __init__(self, machine: Machine) -> None:
        self._lanes = Lanes(machine)
        self._entries: dict[TaskId, _Entry] = {}
        self._downstream: dict[TaskId, list[TaskId]] = {}
        self._ready: dict[Lane, list[tuple[tuple[int, int, int], int, TaskId]]] = {}
        self._paused: list[tuple[int, TaskId]] = []
        self._unsettled: dict[Lane, int] = {}
        self._pushed = 0
        self._stopping = False

    # -- reading ------------------------------------------------------------------------------------------------

    @property
    def unsettled(self) -> int:
        """Tasks that are waiting or running."""
        return sum(self._unsettled.values())

    @property
    def running(self) -> tuple[Task, ...]:
        return tuple(
            self._entries[worker.task].task for worker in self._lanes.workers.values() if worker.task is not None
        )

    @property
    def wake_us(self) -> int | None:
        """When the next pause is over; None when nothing is paused."""
        return self._paused[0][0] if self._paused else None

    def state(self, task: TaskId) -> TaskState:
        return self._entries[task].state

    def failure(self, task: TaskId) -> tuple[FailureKind | None, str]:
        """Why a failed task failed: kind and message."""
        entry = self._entries[task]
        return entry.failure, entry.message

    def wait_reason(self, task: TaskId, now_us: int) -> WaitReason | None:
        """Why `task` is not running yet; None when it is not waiting."""
        entry = self._entries[task]
        if entry.state is not TaskState.WAITING:
            return None
        if self._stopping:
            return WaitReason.PAUSED
        if entry.upstream:
            return WaitReason.UPSTREAM
        if entry.paused_until_us > now_us:
            return WaitReason.BACKOFF
        workers = list(self._lanes.of(entry.task.lane))
        loading = workers and all(worker.state is WorkerState.STARTING for worker in workers)
        return WaitReason.LOADING if loading else WaitReason.CAPACITY

    # -- deciding -----------------------------------------------------------------------------------------------

    def handle(self, event: Event, now_us: int) -> Decision:
        """What follows from `event` at `now_us` (UTC microseconds)."""
        answer = _Answer(now_us)
        match event:
            case TaskAdded():
                self._add(event, answer)
            case WorkerReady():
                self._lanes.ready(event.worker, event.node)
            case WorkerLost():
                self._lose(event, answer)
            case AttemptFinished():
                self._finish(event, answer)
            case Tick():
                pass
            case StopAsked():
                self._stop(answer)
        self._resume_paused(now_us)
        if not self._stopping:
            self._start_workers(answer)
            self._dispatch(answer)
        return answer.decision()

    def _add(self, event: TaskAdded, answer: _Answer) -> None:
        task = event.task
        if known := self._entries.get(task.id):
            if event.rank.key < known.rank.key:
                known.rank = event.rank
                self._queue(known)
            return
        entry = _Entry(
            task, event.rank, event.history.state, attempts=event.history.attempts, failures={**event.history.failures}
        )
        self._entries[task.id] = entry
        if entry.state in SETTLED:
            return
        self._unsettled[task.lane] = self._unsettled.get(task.lane, 0) + 1
        if incapable := self._lanes.why_incapable(task.lane):
            self._give_up(entry, FailureKind.INPUT, incapable, answer)
            return
        for source in {source.task for source in task.inputs.values()}:
            self._depend(entry, source, answer)
        self._queue(entry)

    def _depend(self, entry: _Entry, source: TaskId, answer: _Answer) -> None:
        upstream = self._entries[source]
        if upstream.state is TaskState.DONE:
            return
        if upstream.state in SETTLED:
            if entry.state not in SETTLED:
                self._give_up(entry, upstream.failure or FailureKind.INPUT, upstream.message, answer)
            return
        entry.upstream.add(source)
        self._downstream.setdefault(source, []).append(entry.task.id)

    def _queue(self, entry: _Entry) -> None:
        """Put an entry where it will be found when it can run; stale places are skipped when they come up."""
        if entry.state is not TaskState.WAITING or entry.upstream:
            return
        if entry.paused_until_us:
            heapq.heappush(self._paused, (entry.paused_until_us, entry.task.id))
            return
        self._pushed += 1
        heapq.heappush(self._ready.setdefault(entry.task.lane, []), (entry.rank.key, self._pushed, entry.task.id))

    def _resume_paused(self, now_us: int) -> None:
        while self._paused and self._paused[0][0] <= now_us:
            _, task = heapq.heappop(self._paused)
            self._entries[task].paused_until_us = 0
            self._queue(self._entries[task])

    def _start_workers(self, answer: _Answer) -> None:
        for lane, tasks in self._unsettled.items():
            for _ in range(self._lanes.missing(lane, tasks)):
                worker = self._lanes.start(lane)
                answer.commands.append(StartWorker(worker.name, lane))

    def _dispatch(self, answer: _Answer) -> None:
        for lane, ready in self._ready.items():
            put_back: list[tuple[tuple[int, int, int], int, TaskId]] = []
            while ready and any(worker.state is WorkerState.IDLE for worker in self._lanes.of(lane)):
                place = heapq.heappop(ready)
                entry = self._entries[place[2]]
                if entry.state is not TaskState.WAITING or entry.paused_until_us:
                    continue
                worker = self._lanes.idle(lane, entry.avoid)
                if worker is None:
                    put_back.append(place)
                    continue
                self._run(entry, worker, answer)
            for place in put_back:
                heapq.heappush(ready, place)

    def _run(self, entry: _Entry, worker: Worker, answer: _Answer) -> None:
        _move(entry, Change.DISPATCH)
        entry.attempts += 1
        entry.worker = worker.name
        worker.state, worker.task = WorkerState.BUSY, entry.task.id
        answer.changes.append(AttemptStarted(entry.task.id, entry.attempts, worker.name, worker.node, answer.now_us))
        answer.commands.append(Run(worker.name, entry.task, entry.attempts, alone=self.unsettled == 1))

    # -- results ------------------------------------------------------------------------------------------------

    def _finish(self, event: AttemptFinished, answer: _Answer) -> None:
        manifest = event.manifest
        worker = self._lanes.workers.get(event.worker)
        entry = self._entries[manifest.task]
        if worker is None or worker.task != manifest.task or manifest.attempt != entry.attempts:
            return  # a late attempt changes nothing
        worker.state, worker.task = WorkerState.IDLE, None
        self._end(entry, manifest, answer)

    def _lose(self, event: WorkerLost, answer: _Answer) -> None:
        worker = self._lanes.lose(event.worker, event.message)
        if worker is None:
            return
        if worker.task is not None:
            entry = self._entries[worker.task]
            self._end(entry, _lost(entry, event, answer.now_us), answer)
        if incapable := self._lanes.why_incapable(worker.lane):
            for entry in list(self._waiting(worker.lane)):
                self._give_up(entry, event.kind, incapable, answer)

    def _end(self, entry: _Entry, manifest: Manifest, answer: _Answer) -> None:
        answer.changes.append(AttemptEnded(manifest))
        worker, entry.worker = entry.worker, ""
        if manifest.done:
            self._complete(entry, answer)
        elif manifest.failure is None:  # cancelled: wanted still, and not counted
            self._wait_again(entry, answer)
        else:
            self._fail(entry, manifest.failure, manifest.message, worker, answer)

    def _complete(self, entry: _Entry, answer: _Answer) -> None:
        _move(entry, Change.FINISH)
        answer.changes.append(TaskMoved(entry.task.id, entry.state, answer.now_us, winner=entry.attempts))
        self._settle(entry, answer)
        for name in self._downstream.pop(entry.task.id, ()):
            below = self._entries[name]
            below.upstream.discard(entry.task.id)
            self._queue(below)

    def _fail(self, entry: _Entry, kind: FailureKind, message: str, worker: str, answer: _Answer) -> None:
        entry.failures[kind] = entry.failures.get(kind, 0) + 1
        pause = pause_us(kind, entry.failures[kind])
        if pause is None:
            self._give_up(entry, kind, message, answer)
            return
        entry.avoid.add(worker)
        entry.paused_until_us = answer.now_us + pause if pause else 0
        self._wait_again(entry, answer)

    def _wait_again(self, entry: _Entry, answer: _Answer) -> None:
        _move(entry, Change.RETRY)
        answer.changes.append(TaskMoved(entry.task.id, entry.state, answer.now_us))
        self._queue(entry)

    def _give_up(self, entry: _Entry, kind: FailureKind, message: str, answer: _Answer) -> None:
        """Fail a task for good, and with it everything that would have used its output."""
        todo = [entry]
        while todo:
            failing = todo.pop()
            if failing.state in SETTLED:
                continue
            _move(failing, Change.GIVE_UP)
            failing.failure, failing.message = kind, message
            answer.changes.append(TaskMoved(failing.task.id, failing.state, answer.now_us, 0, kind, message))
            self._settle(failing, answer)
            todo += [self._entries[name] for name in self._downstream.pop(failing.task.id, ())]

    def _settle(self, entry: _Entry, answer: _Answer) -> None:
        self._unsettled[entry.task.lane] -= 1
        answer.settled.append(entry.task.id)

    def _stop(self, answer: _Answer) -> None:
        self._stopping = True
        for worker in self._lanes.workers.values():
            if worker.task is not None:
                answer.commands.append(CancelAttempt(worker.name, worker.task, self._entries[worker.task].attempts))

    def _waiting(self, lane: Lane) -> Iterator[_Entry]:
        return (
            entry for entry in self._entries.values() if entry.task.lane == lane and entry.state is TaskState.WAITING
        )


def _move(entry: _Entry, change: Change) -> None:
    entry.state = TRANSITIONS[entry.state, change]


def _lost(entry: _Entry, event: WorkerLost, now_us: int) -> Manifest:
    """The manifest of an attempt whose worker can no longer write one."""
    return Manifest(
        task=entry.task.id,
        attempt=entry.attempts,
        stage=entry.task.stage,
        state=AttemptState.FAILED,
        failure=event.kind,
        message=event.message,
        worker=event.worker,
        ended_us=now_us,
    )
