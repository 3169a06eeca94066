"""Nodes and workers come, go, and do not answer: what each means for the work there."""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter

from farm.errors import FailureKind
from farm.scheduler.alarms import Alarms, Of
from farm.scheduler.answer import Answer
from farm.scheduler.attempts import Attempts
from farm.scheduler.dispatch import Dispatch
from farm.scheduler.events import NodeDraining, NodeLost, NodeUp, WorkerLost, WorkerReady
from farm.scheduler.fleet import Fleet, Node, NodeState
from farm.scheduler.lanes import Worker, Workers, WorkerState
from farm.scheduler.patience import Patience
from farm.scheduler.sizing import Sizing

LOST_KEPT_S = 3600.0
"""So long a node that is gone is remembered; of each kind the last one always is: it tells what may come back."""
LOAD_WEIGHT = 0.3
"""What the latest start counts in the mean of a lane's load time."""


@dataclass(slots=True)
class Presence:
    fleet: Fleet
    workers: Workers
    attempts: Attempts
    sizing: Sizing
    dispatch: Dispatch
    patience: Patience
    alarms: Alarms

    # -- nodes --------------------------------------------------------------------------------------------------

    def node_up(self, event: NodeUp) -> None:
        known = self.fleet.nodes.get(event.node)
        if known is not None and known.state is not NodeState.UP:
            for lane in self.workers.lanes.values():
                lane.trust.forgive(event.node)
        self.sizing.supply.came(self.fleet.up(event))
        self.sizing.due = True

    def node_draining(self, event: NodeDraining, answer: Answer) -> None:
        node = self.fleet.nodes.get(event.node)
        if node is None or node.state is NodeState.LOST:
            return
        self.fleet.drain(node, event.deadline_us)
        self.alarms.set(event.deadline_us, Of.NODE, node.id)
        self.sizing.reservations.end(node.id)
        for worker in self.workers.on(node):
            if worker.state in {WorkerState.IDLE, WorkerState.STARTING} and worker.written is None:
                self.sizing.stop(worker, answer)
        self.sizing.due = True

    def deadline(self, name: str, answer: Answer) -> None:
        """A node's time may be up: of one that drains, what still runs there is reclaimed; a lost one is forgotten."""
        node = self.fleet.nodes.get(name)
        if node is None or node.state is NodeState.UP or answer.now_us < node.deadline_us:
            return
        if node.state is NodeState.LOST:
            if not self.workers.on(node):
                self.fleet.forget(node)
            return
        for worker in self.workers.on(node):
            self.attempts.cut_off(worker, FailureKind.RECLAIMED, f"node {node.label} was taken away", answer)
            self.sizing.stop(worker, answer)

    def node_lost(self, event: NodeLost, answer: Answer) -> None:
        """Nothing more goes there. What runs there may still write: each worker's end is told apart."""
        node = self.fleet.nodes.get(event.node)
        if node is None:
            return
        self.fleet.lose(node, answer.now_us + int(LOST_KEPT_S * 1e6))
        self.alarms.set(node.deadline_us, Of.NODE, node.id)
        self.sizing.reservations.end(node.id)
        for worker in self.workers.on(node):
            if not worker.pinned and worker.state is WorkerState.STARTING:
                self.workers.settle(worker, None, answer.now_us)  # promised to it, and never seen there
            elif worker.state is not WorkerState.BUSY:
                self.workers.turn(worker, WorkerState.STRANDED, answer.now_us)
        self.sizing.due = True

    # -- workers ------------------------------------------------------------------------------------------------

    def worker_ready(self, event: WorkerReady, answer: Answer) -> None:
        worker = self.workers.by_name.get(event.worker)
        if worker is None or worker.state is not WorkerState.STARTING:
            return
        lane = worker.lane
        load_s = (answer.now_us - worker.since_us) / 1e6
        lane.load_s = lane.load_s + LOAD_WEIGHT * (load_s - lane.load_s) if lane.loads else load_s
        lane.loads += 1
        node = self.fleet.nodes.get(event.node)
        if node is not None and node is not worker.node:
            self._found_at(worker, node, answer)
        if node is not None:
            self.fleet.note_cached(node, event.cached)
        lane.pending.pop(worker.name, None)
        lane.trust.started(worker.where)
        self.attempts.free(worker, answer)

    def _found_at(self, worker: Worker, node: Node, answer: Answer) -> None:
        """A worker came up elsewhere than it was promised room, if it was: who was promised this node has the other's.

        Workers that wait for any node take what comes, or is freed, in an order that is not known here. Where one took
        what another was started for, that one waits behind it, and is stopped.
        """
        kept = worker.node
        self.workers.settle(worker, node, answer.now_us)
        waiting = [other for other in self.workers.on(node) if other.state is WorkerState.STARTING]
        waiting = [other for other in waiting if other is not worker]
        there = worker.lane.gpus + sum(
            other.lane.gpus for other in self.workers.on(node) if other.state is not WorkerState.STARTING
        )
        for other in sorted(waiting, key=attrgetter("pinned", "started_us")):
            if min(node.free_gpus, node.free_cpus) >= 0:
                return
            if other.pinned and other.lane.gpus > node.gpus - there:  # so it does not load
                self.sizing.stop(other, answer)
            elif not other.pinned and other.lane is worker.lane:
                self.workers.settle(other, kept, answer.now_us)
                self.patience.watch(other)

    def worker_lost(self, event: WorkerLost, answer: Answer) -> None:
        worker = self.workers.by_name.get(event.worker)
        if worker is None:
            return
        self.attempts.cut_off(worker, event.kind, event.message, answer)
        if worker.state is WorkerState.STARTING and event.kind is not FailureKind.RECLAIMED:
            self._start_failed(worker, event.message, answer)
        self.workers.remove(worker, answer.now_us)
        self.dispatch.wake(worker.lane)
        self.sizing.due = True

    def _start_failed(self, worker: Worker, message: str, answer: Answer) -> None:
        if worker.lane.trust.start_failed(worker.where, message, worker.started_us, answer.now_us):
            self.attempts.blocked(worker.lane, answer, but=worker)

    def look_after(self, name: str, answer: Answer) -> None:
        """A worker's alarm went off: its time in the state it is in may be up."""
        worker = self.workers.by_name.get(name)
        if worker is None:
            return
        worker.alarm_us = 0
        due_us = self.patience.due_us(worker)
        if due_us is None:
            return
        if answer.now_us < due_us:
            self.patience.remind(worker, due_us)
        else:
            self._out_of_time(worker, answer)

    def _out_of_time(self, worker: Worker, answer: Answer) -> None:
        passed_s = (answer.now_us - worker.since_us) / 1e6
        match worker.state:
            case WorkerState.STARTING if worker.node is None:
                self.sizing.look_elsewhere(worker, answer)
                return
            case WorkerState.STARTING:
                self._start_failed(worker, f"it had not come up after {passed_s:.0f} s", answer)
            case WorkerState.IDLE if worker.written is not None:
                self.attempts.cut_off(worker, None, f"was not written within {passed_s:.0f} s", answer)
            case WorkerState.IDLE:
                if self.sizing.needed(worker) or self.dispatch.warmth.keeps(worker, answer.now_us):
                    self.patience.remind(worker, answer.now_us + int(self.patience.policy.idle_stop_s * 1e6))
                    return
                if answer.now_us < worker.fresh_until_us:
                    self.patience.remind(worker, worker.fresh_until_us)
                    return
            case WorkerState.BUSY if worker.cancelled_us is not None:
                self.attempts.cut_off(worker, None, "it did not stop when it was asked to", answer)
            case WorkerState.BUSY if worker.entry is not None:
                self.attempts.estimates.observe(worker.lane.name, worker.entry.shape, passed_s)
                self.attempts.cut_off(worker, FailureKind.CRASHED, f"no end after {passed_s:.0f} s", answer)
            case _:
                return
        self.sizing.stop(worker, answer)
        self.dispatch.wake(worker.lane)
