"""What the end of an attempt means for its task, and for everything below it.

AttemptFinished, WorkerLost, timeout, deadline ──▶ AttemptEnded ──▶ done ──▶ tasks below it may run
                                                               ├──▶ waiting again, by the retry table
                                                               ├──▶ failed, and with it everything below
                                                               └──▶ cancelled, when nobody wants it
"""

from __future__ import annotations

from dataclasses import dataclass

from farm.changes import AttemptEnded, TaskMoved
from farm.errors import FailureKind
from farm.scheduler.alarms import Alarms, Of
from farm.scheduler.answer import Answer
from farm.scheduler.dispatch import Dispatch
from farm.scheduler.estimates import Estimates
from farm.scheduler.events import AttemptFinished, CancelAttempt, WorkerFreed
from farm.scheduler.fleet import NodeState
from farm.scheduler.graph import Entry, Graph, Place
from farm.scheduler.lanes import LaneWorkers, Worker, Workers, WorkerState, Written
from farm.scheduler.retry import RULES, final_message, pause_us
from farm.scheduler.sizing import Sizing
from farm.tasks import AttemptState, Change, Manifest, TaskId, TaskState

MAYBE_THE_NODE = frozenset({FailureKind.CRASHED, FailureKind.BUG, FailureKind.OOM, FailureKind.TRANSIENT})
"""Failures that may be a node's fault rather than the task's."""


@dataclass(slots=True)
class Attempts:
    graph: Graph
    workers: Workers
    dispatch: Dispatch
    sizing: Sizing
    estimates: Estimates
    alarms: Alarms

    # -- ends ---------------------------------------------------------------------------------------------------

    def finished(self, event: AttemptFinished, answer: Answer) -> None:
        worker = self.workers.by_name.get(event.worker)
        manifest = event.manifest
        if worker is None:
            return
        if worker.written and _is_of(manifest, worker.written.entry):
            self._end_written(worker, worker.written, manifest, answer)
            if worker.state is WorkerState.IDLE:
                self.free(worker, answer)  # what could not happen to it while it wrote may be due
        elif worker.entry and _is_of(manifest, worker.entry):
            self._end(worker, worker.entry, manifest, answer)
            self.free(worker, answer)
        # else a late attempt, which changes nothing

    def freed(self, event: WorkerFreed, answer: Answer) -> None:
        """A worker's attempt is only being written: the worker may run another meanwhile, if there is one for it."""
        worker = self.workers.by_name.get(event.worker)
        entry = worker.entry if worker else None
        if worker is None or entry is None or (entry.id, entry.attempts) != (event.task, event.attempt):
            return
        is_free = worker.written is None and worker.cancelled_us is None and self._may_stay(worker)
        if is_free and self.dispatch.queues.depth(worker.lane.lane):
            since_us = worker.since_us
            self.estimates.observe(worker.lane.name, entry.shape, (answer.now_us - since_us) / 1e6)
            worker.written = Written(entry, since_us, self.dispatch.end(worker, answer.now_us))
            entry.worker = worker.name
            self.free(worker, answer)

    def cut_off(self, worker: Worker, kind: FailureKind | None, message: str, answer: Answer) -> None:
        """End what a worker had, as it can no longer write; `kind` None: as cancelled.

        What it only had to write is no suspect: it is made again without being counted.
        """
        if worker.written:
            written = worker.written
            manifest = _cut(worker, written.entry, FailureKind.RECLAIMED, message, written.since_us, answer)
            self._end_written(worker, written, manifest, answer)
        if worker.entry:
            manifest = _cut(worker, worker.entry, kind, message, worker.since_us, answer)
            self._end(worker, worker.entry, manifest, answer)

    def cancel(self, worker: Worker, answer: Answer) -> None:
        """Ask a busy worker to stop what it does."""
        if worker.entry is None or worker.cancelled_us is not None:
            return
        worker.cancelled_us = answer.now_us
        self.dispatch.patience.watch(worker)
        answer.commands.append(CancelAttempt(worker.name, worker.entry.id, worker.entry.attempts))

    def cancel_all(self, answer: Answer) -> None:
        for worker in tuple(self.workers.by_name.values()):
            self.cancel(worker, answer)

    def free(self, worker: Worker, answer: Answer) -> None:
        """A worker has nothing to do: it is idle, unless its node goes away or is no good for its lane."""
        node = worker.node
        if node is not None and node.state is NodeState.LOST:
            self.workers.turn(worker, WorkerState.STRANDED, answer.now_us)
        elif not self._may_stay(worker):
            self.sizing.stop(worker, answer)
        else:
            self.workers.turn(worker, WorkerState.IDLE, answer.now_us)
            self.dispatch.patience.watch(worker)
            self.dispatch.wake(worker.lane)

    def _may_stay(self, worker: Worker) -> bool:
        """Whether a worker's node stays, and is good for its lane."""
        node = worker.node
        return node is None or (node.state is NodeState.UP and node.id not in worker.lane.trust.blocked)

    def _end(self, worker: Worker, entry: Entry, manifest: Manifest, answer: Answer) -> None:
        started_us = worker.since_us
        micros = self.dispatch.end(worker, answer.now_us)
        if manifest.done:
            self.estimates.observe(worker.lane.name, entry.shape, (answer.now_us - started_us) / 1e6)
        self._judge(worker, entry, manifest, micros, started_us, answer)

    def _end_written(self, worker: Worker, written: Written, manifest: Manifest, answer: Answer) -> None:
        worker.written, written.entry.worker = None, ""
        self.sizing.due = True
        self._judge(worker, written.entry, manifest, written.micros, written.since_us, answer)

    def _judge(
        self, worker: Worker, entry: Entry, manifest: Manifest, micros: int, started_us: int, answer: Answer
    ) -> None:
        """What an attempt that has ended, and that its worker is rid of, means for its task."""
        answer.changes.append(AttemptEnded(manifest, micros))
        if manifest.done:
            self._complete(entry, worker, answer)
        elif not entry.wanted:
            self.drop(entry, answer)
        elif manifest.failure is None:  # cancelled: wanted still, and not counted
            self._wait_again(entry, answer)
        else:
            self._fail(entry, worker, manifest.failure, manifest.message, started_us, answer)

    # -- done ---------------------------------------------------------------------------------------------------

    def _complete(self, entry: Entry, worker: Worker, answer: Answer) -> None:
        entry.step(Change.FINISH)
        answer.changes.append(TaskMoved(entry.id, entry.state, answer.now_us, winner=entry.attempts))
        self._settle(entry, answer)
        for name in entry.below:
            below = self.graph.entries[name]
            below.upstream.pop(entry.id, None)
            if below.place is Place.UPSTREAM and not below.upstream:
                self.place(below, answer.now_us)
        lane, trials = worker.lane, len(worker.lane.trust.trials)
        lane.health.succeeded(lane.busy, len(lane.workers))
        # that a leaner try succeeds says nothing against the node of the first
        failed_on = () if entry.failures and FailureKind.OOM in entry.failures else entry.failed_on
        if lane.trust.succeeded(entry.id, worker.where, failed_on):
            self.blocked(lane, answer)
        if len(lane.trust.trials) < trials:
            self.sizing.look_anew()

    def blocked(self, lane: LaneWorkers, answer: Answer, but: Worker | None = None) -> None:
        """A node is blocked for a lane: its workers there leave, and what failed only there is tried again."""
        for node in lane.trust.blocked:
            for worker in tuple(self.workers.at.get(node, {}).values()):
                if (
                    worker is not but
                    and worker.lane is lane
                    and worker.written is None
                    and worker.state in {WorkerState.IDLE, WorkerState.STARTING}
                ):
                    self.sizing.stop(worker, answer)
            for task in lane.trust.hard.pop(node, {}):
                entry = self.graph.entries.get(task)
                if entry is not None and entry.state is TaskState.FAILED and entry.wanted:
                    self._try_again(entry, answer)
        self.sizing.due = True
        self.alarms.set(answer.now_us, Of.LANE, lane.name)  # perhaps no node is left

    def _try_again(self, entry: Entry, answer: Answer) -> None:
        """Reopen a failed task, and everything below that failed with it."""
        todo = [entry]
        while todo:
            failed = todo.pop()
            below = [self.graph.entries[name] for name in failed.below]
            todo += [other for other in below if other.state is TaskState.FAILED and other.cause == failed.id]
            self.reopen(failed, answer)

    # -- not done -----------------------------------------------------------------------------------------------

    def _fail(
        self, entry: Entry, worker: Worker, kind: FailureKind, message: str, started_us: int, answer: Answer
    ) -> None:
        if kind in MAYBE_THE_NODE:
            self._doubt_node(entry, worker, started_us, answer.now_us)
        if self._counts(entry, worker, kind, message, started_us, answer.now_us):
            entry.failures = {**entry.failures, kind: entry.failures.get(kind, 0) + 1}
        failures = entry.failures.get(kind, 0)
        pause = pause_us(kind, failures)
        if pause is None:
            if tuple(entry.failed_on) == (worker.where,):
                worker.lane.trust.hard.setdefault(worker.where, {})[entry.id] = None
            self.give_up(entry, kind, final_message(kind, failures, message), answer)
            return
        if RULES[kind].elsewhere:
            entry.avoid = {**entry.avoid, worker.name: None, worker.where: None}
        entry.message = message
        entry.paused_until_us = answer.now_us + pause if pause else 0
        self._wait_again(entry, answer)

    def _doubt_node(self, entry: Entry, worker: Worker, started_us: int, now_us: int) -> None:
        """A failure may be the node's fault: perhaps it goes on trial."""
        lane, node = worker.lane, worker.where
        entry.failed_on = {**{other: None for other in entry.failed_on if other != node}, node: None}
        if lane.trust.failed(entry.id, entry.failed_on, started_us, now_us) is None:
            return
        there_are = sum(1 for _ in self.sizing.fleet.capable(lane.lane, lane.trust.blocked))
        if 2 * len(lane.trust.trials) > there_are:
            lane.trust.acquit_all()
            self.sizing.look_anew()
            return
        self.workers.bench(lane, node)
        self.alarms.set(lane.trust.trials[node].until_us, Of.LANE, lane.name)

    def _counts(
        self, entry: Entry, worker: Worker, kind: FailureKind, message: str, started_us: int, now_us: int
    ) -> bool:
        """Tell the lane of a failure; whether it counts against the task."""
        health = worker.lane.health
        counts = True
        if kind is FailureKind.CRASHED:
            counts = health.crashed(entry.id, message, started_us, now_us)
        elif kind is FailureKind.QUOTA:
            health.refused(message, worker.lane.busy, started_us, now_us)
        if health.paused_until_us > now_us:
            self.alarms.set(health.paused_until_us, Of.LANE, worker.lane.name)
        return counts

    def _wait_again(self, entry: Entry, answer: Answer) -> None:
        entry.step(Change.RETRY)
        answer.changes.append(TaskMoved(entry.id, entry.state, answer.now_us))
        if entry.upstream:  # an input is made anew, or could not be
            self.arrive(entry, answer)
        else:
            self.place(entry, answer.now_us)

    def give_up(self, entry: Entry, kind: FailureKind, message: str, answer: Answer) -> None:
        """Fail a task for good, and with it everything that would have used its output."""
        todo: list[tuple[Entry, TaskId | None]] = [(entry, None)]
        while todo:
            failing, cause = todo.pop()
            if failing.settled:
                continue  # reached by another way
            failing.step(Change.GIVE_UP)
            failing.failure, failing.message, failing.cause = kind, message, cause
            answer.changes.append(TaskMoved(failing.id, failing.state, answer.now_us, 0, kind, message))
            self._settle(failing, answer)
            below = [self.graph.entries[name] for name in failing.below]
            todo += [(other, failing.id) for other in below if other.state is TaskState.WAITING]

    def drop(self, entry: Entry, answer: Answer) -> None:
        """Cancel a task that nobody wants and that does not run."""
        entry.step(Change.CANCEL)
        answer.changes.append(TaskMoved(entry.id, entry.state, answer.now_us))
        self._settle(entry, answer)
        for name in tuple(entry.below):
            below = self.graph.entries[name]
            if below.wanted and below.state is TaskState.WAITING:
                self.give_up(below, FailureKind.INPUT, f"{entry.task.label}, which it needs, was cancelled", answer)

    def _settle(self, entry: Entry, answer: Answer) -> None:
        self.graph.settle(entry)
        answer.settled.append(entry.id)

    # -- waiting ------------------------------------------------------------------------------------------------

    def reopen(self, entry: Entry, answer: Answer) -> None:
        """A settled task is wanted again: it failed, was cancelled, or its files are gone."""
        self.graph.reopen(entry)
        answer.changes.append(TaskMoved(entry.id, entry.state, answer.now_us))
        self.arrive(entry, answer)

    def arrive(self, entry: Entry, answer: Answer) -> None:
        """A task waits that did not before: below its inputs, or in the queue."""
        entry.upstream.clear()
        entry.paused_until_us = 0
        for source in {source.task: None for source in entry.task.inputs.values()}:
            above = self.graph.entries[source]
            above.below[entry.id] = None
            if above.state is TaskState.DONE:
                continue
            if above.settled:
                message = above.message or f"{above.task.label}, which it needs, was cancelled"
                self.give_up(entry, above.failure or FailureKind.INPUT, message, answer)
                entry.cause = above.id
                return
            entry.upstream[source] = None
        self.place(entry, answer.now_us)

    def place(self, entry: Entry, now_us: int) -> None:
        """Put a waiting task where it waits."""
        if entry.upstream:
            self.graph.put(entry, Place.UPSTREAM)
        elif entry.paused_until_us > now_us:
            self.graph.put(entry, Place.PAUSE)
            self.alarms.set(entry.paused_until_us, Of.TASK, entry.id)
        else:
            self.graph.queue(entry, now_us)
            self.dispatch.wake(self.workers.of(entry.lane))

    def resume(self, task: TaskId, now_us: int) -> None:
        """A task's pause may be over."""
        entry = self.graph.entries.get(task)
        if entry is not None and entry.place is Place.PAUSE:
            self.place(entry, now_us)


def _is_of(manifest: Manifest, entry: Entry) -> bool:
    """Whether a manifest is that of a task's latest attempt."""
    return (manifest.task, manifest.attempt) == (entry.id, entry.attempts)


def _cut(
    worker: Worker, entry: Entry, kind: FailureKind | None, message: str, started_us: int, answer: Answer
) -> Manifest:
    """The end of an attempt that will leave none of its own."""
    return Manifest(
        task=entry.id,
        attempt=entry.attempts,
        stage=entry.task.stage,
        state=AttemptState.FAILED if kind else AttemptState.CANCELLED,
        failure=kind,
        message=message,
        worker=worker.name,
        node=worker.where,
        started_us=started_us,
        ended_us=answer.now_us,
    )
