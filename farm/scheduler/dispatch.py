"""Which idle worker runs which task, in whose name, and what is booked for it.

the best task of a lane that an idle worker may take ──▶ limits ──▶ reserve, charge ──▶ AttemptStarted, Run
                                                 end ──▶ settle, correct the charge, learn the duration
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from farm.changes import AttemptStarted
from farm.errors import FailureKind
from farm.scheduler.answer import Answer
from farm.scheduler.demand import Costs, usage
from farm.scheduler.estimates import Estimates
from farm.scheduler.events import Run
from farm.scheduler.fleet import Fleet
from farm.scheduler.graph import Entry, Graph, Place
from farm.scheduler.lanes import LaneWorkers, Worker, Workers, WorkerState
from farm.scheduler.ledger import Ledger
from farm.scheduler.order import Queues
from farm.scheduler.patience import Patience
from farm.scheduler.reservations import Reservations
from farm.scheduler.sizing import Sizing
from farm.scheduler.warmth import Warmth
from farm.tasks import Change, TaskId

LOOK_AT = 256
"""So many tasks are looked at for one that an idle worker may take: enough for backfill, and bounded."""


class Offer(NamedTuple):
    """A task, the worker that could run it now, and what is booked for it."""

    job: str
    entry: Entry
    worker: Worker
    expected_s: float
    micros: int


@dataclass(slots=True)
class Dispatch:
    graph: Graph
    queues: Queues
    ledger: Ledger
    costs: Costs
    estimates: Estimates
    workers: Workers
    fleet: Fleet
    reservations: Reservations
    sizing: Sizing
    patience: Patience
    warmth: Warmth
    awake: dict[LaneWorkers, None] = field(default_factory=dict[LaneWorkers, None])
    """Lanes in which something may be able to start that could not before."""
    limited: dict[LaneWorkers, None] = field(default_factory=dict[LaneWorkers, None])
    """Lanes with an idle worker that a limit keeps from work."""

    def wake(self, lane: LaneWorkers) -> None:
        self.awake[lane] = None

    def wake_all(self) -> None:
        """Anything may be able to start: terms have changed, or a lane's pause is over."""
        self.awake.update(dict.fromkeys(self.workers.lanes.values()))
        self.sizing.due = True

    def wake_limited(self) -> None:
        """A limit leaves more than before."""
        self.awake.update(self.limited)
        if self.limited:
            self.sizing.due = True
        self.limited.clear()

    def run_all(self, answer: Answer) -> None:
        """Give work to idle workers until there is none left that may run."""
        while self.awake:
            lane = next(iter(self.awake))
            del self.awake[lane]
            self._run_lane(lane, answer)

    def _run_lane(self, lane: LaneWorkers, answer: Answer) -> None:
        lane.misfit = None
        if lane.benched:
            self.workers.call_up(lane, answer.now_us)
        self._give_work(lane, answer)
        short = not lane.idle and lane.unmet_since_us < 0 and self.queues.depth(lane.lane) > 0
        if short or (lane.idle and self.sizing.claims):
            self.sizing.due = True

    def _give_work(self, lane: LaneWorkers, answer: Answer) -> None:
        while lane.idle and lane.health.may_run(answer.now_us, lane.busy):
            offer = self._pick(lane, answer.now_us)
            if offer is None:
                return
            if self.sizing.claims and self.sizing.yields(offer.worker, answer):
                continue
            self._run(offer, answer)

    # -- choosing -----------------------------------------------------------------------------------------------

    def _pick(self, lane: LaneWorkers, now_us: int) -> Offer | None:
        """The best task that may run now, and what that takes."""
        entries, over, looked = self.graph.entries, set[str](), 0
        worker: Worker | None = None

        def may(job: str) -> bool:
            return job not in over

        def fits(task: TaskId) -> bool:
            nonlocal worker, looked
            looked += 1
            worker = self._worker_for(entries[task], lane, now_us) if looked <= LOOK_AT else None
            return worker is not None or looked > LOOK_AT

        while picked := self.queues.pick(lane.lane, now_us, may, fits):
            if worker is None:
                break  # looked at enough
            job, task = picked
            entry = entries[task]
            expected_s = self.costs.expected_s(entry)
            micros = self.costs.of(entry, expected_s)
            if self.ledger.may(job, lane.gpus, micros) is None:
                return Offer(job, entry, worker, expected_s, micros)
            over.add(job)
            self.limited[lane] = None
        self._note_misfit(lane, now_us, over)
        return None

    def _note_misfit(self, lane: LaneWorkers, now_us: int, over: set[str]) -> None:
        best = self.queues.pick(lane.lane, now_us, lambda job: job not in over, lambda _: True)
        entry = self.graph.entries[best[1]] if best else None
        if entry is not None and (entry.avoid or self._is_steady(entry)):
            lane.misfit = entry
            self.sizing.due = True

    def _worker_for(self, entry: Entry, lane: LaneWorkers, now_us: int) -> Worker | None:
        """An idle worker that may take a task, the one that worked last: so that others can go."""
        steady = self._is_steady(entry)
        if not (entry.avoid or steady or self.reservations.by_node):
            return next(reversed(lane.idle.values()), None)
        avoid = self._avoided(entry, lane)
        expected_s = self.costs.expected_s(entry) if self.reservations.by_node else 0.0
        for worker in reversed(lane.idle.values()):
            avoided = worker.name in avoid or worker.where in avoid or (steady and worker.where in self.fleet.spot)
            if not avoided and self.reservations.allows(worker, expected_s, now_us):
                return worker
        return None

    def _is_steady(self, entry: Entry) -> bool:
        return bool(entry.failures) and self.sizing.supply.is_steady(entry)

    def _avoided(self, entry: Entry, lane: LaneWorkers) -> Mapping[str, None]:
        """What a task avoids, as long as there is something else that it could run on."""
        if not entry.avoid or next(self.fleet.capable(lane.lane, [*lane.trust.blocked, *entry.avoid]), None):
            return entry.avoid
        nodes = {name: None for name in entry.avoid if name not in self.fleet.nodes}
        return nodes if any(name not in nodes for name in lane.workers) else {}

    # -- booking ------------------------------------------------------------------------------------------------

    def _run(self, offer: Offer, answer: Answer) -> None:
        job, entry, worker, expected_s, micros = offer
        graph, lane, now_us = self.graph, worker.lane, answer.now_us
        graph.put(entry, Place.NOWHERE)
        entry.step(Change.DISPATCH)
        entry.attempts += 1
        entry.worker = worker.name
        worker.entry, worker.job, worker.project, worker.cancelled_us = entry, job, graph.jobs[job].project, None
        worker.ran += 1
        lane.busy_for[worker.project] = lane.busy_for.get(worker.project, 0) + 1
        self.workers.turn(worker, WorkerState.BUSY, now_us)
        self.patience.watch(worker)
        worker.booked, worker.booked_until_us = usage(lane, expected_s), now_us + int(expected_s * 1e6)
        self.ledger.reserve(job, entry.id, lane.gpus, micros)
        self.queues.charge(worker.project, now_us, worker.booked)
        answer.changes.append(AttemptStarted(entry.id, entry.attempts, worker.name, worker.where, now_us, job))
        lean = entry.failures.get(FailureKind.OOM, 0) if entry.failures else 0
        answer.commands.append(Run(worker.name, entry.task, entry.attempts, graph.unsettled == 1, lean, job))

    def end(self, worker: Worker, now_us: int) -> int:
        """An attempt has ended, however; gives what it cost, in micros. The worker is free of it."""
        entry = worker.entry
        assert entry is not None, worker
        self.warmth.served(worker, now_us)
        duration_s = max(0, now_us - worker.since_us) / 1e6
        micros = self.costs.of(entry, duration_s)
        self.ledger.settle(worker.job, entry.id, micros)
        difference = usage(worker.lane, duration_s) - worker.booked
        self.queues.charge(worker.project, now_us, difference, booked=worker.booked)
        worker.entry, worker.job, entry.worker = None, "", ""
        left = worker.lane.busy_for[worker.project] - 1
        if left:
            worker.lane.busy_for[worker.project] = left
        else:
            del worker.lane.busy_for[worker.project]
        if self.limited:
            self.wake_limited()
        return micros
