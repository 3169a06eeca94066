"""`farm.driver.seams.Meter` for one lead: hears what is decided, and counts it once it is durable.

    decided … decided ─▶ [noted] ─▶ committed ─┬▶ changes ──▶ attempts, made
                                               └▶ commands, workers ──▶ loads       pulse ─▶ worker time, gauges, rates

Counting waits for the commit for two reasons. What is decided and never committed, as the lead is lost, has not
happened. And a batch is counted in half the time that its parts take one by one, between all else that a driver does.

On the driver's thread, and under the board's lock for each batch: a scrape sees whole commits. What is counted goes on
when another lead begins in this process; who is under way does not.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from pydantic import JsonValue

from farm.changes import AttemptEnded, AttemptStarted
from farm.driver.seams import Storage
from farm.metrics.attempts import Attempts
from farm.metrics.labels import Labels
from farm.metrics.made import MAKING, Made
from farm.metrics.rates import Rates, Window, told
from farm.metrics.readings import Readings
from farm.metrics.seen import pool_of, see_lanes, see_nodes, see_oldest, see_waits
from farm.metrics.series import Board
from farm.metrics.workers import Loads, WorkerTime
from farm.scheduler.events import (
    AttemptFinished,
    Command,
    Decision,
    Event,
    JobDropped,
    JobSet,
    NodeLost,
    NodeUp,
    Run,
    StartWorker,
    StopWorker,
    TaskAdded,
    Tick,
    WorkerFreed,
    WorkerLost,
    WorkerReady,
)
from farm.scheduler.state import Scheduler
from farm.store.records import RequestState, Verb
from farm.tasks import Task

UNCOUNTED = frozenset({AttemptFinished, TaskAdded, Tick, WorkerFreed})
"""Events of which only what follows is counted; the many ones."""
RATES_S = 60.0
"""What the pulse's rates look back on."""


class LeadMeter:
    """Counts what one lead decides."""

    def __init__(self, board: Board, labels: Labels, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._board = board
        self._labels = labels
        self._clock_s = clock_s
        self._rates = Rates()
        self._attempts = Attempts(board, self._rates)
        self._made = Made(board, self._rates)
        self._loads = Loads(board)
        self._workers = WorkerTime(board, self._rates)
        self._minute = Window(RATES_S)
        self._projects: dict[str, str] = {}
        """By job."""
        self._pools: dict[str, str] = {}
        """By node."""
        self._noted: list[tuple[Event, Decision, int]] = []
        """Decided, and not counted yet."""
        self.seen = Readings(labels)
        """Of the last pulse; another object at the next."""
        self.alive_s = clock_s()
        """When the driver last gave a sign of life."""
        self._scheduler: Scheduler

    def watch(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler

    def decided(self, event: Event, decision: Decision, at_us: int) -> None:
        if decision.changes or decision.commands or type(event) not in UNCOUNTED:
            self._noted.append((event, decision, at_us))

    def committed(self, changes: int, seconds: float) -> None:
        with self._board.lock:
            self._count_noted()
            self._board.counts["farm_changes_total"].of().value += changes
            self._board.times["farm_commit_duration_seconds"].of().observe(seconds)
        self.alive_s = self._clock_s()

    def progressed(self, task: Task, fraction: float) -> None:
        self._made.progressed(task, fraction)

    def answered(self, verb: Verb, outcome: RequestState) -> None:
        with self._board.lock:
            self._board.counts["farm_requests_total"].of(verb.value, outcome.value).value += 1

    def failed(self, what: Storage) -> None:
        with self._board.lock:
            self._board.counts["farm_storage_faults_total"].of(what.value).value += 1
        self.alive_s = self._clock_s()

    def turned(self, seconds: float) -> None:
        with self._board.lock:
            self._count_noted()
            self._board.times["farm_turn_duration_seconds"].of().observe(seconds)
        self.alive_s = self._clock_s()

    def pulse(self, glance: Mapping[str, JsonValue], at_us: int) -> Mapping[str, JsonValue]:
        lanes, spent = self._scheduler.lanes(), self._scheduler.spent_by_workers(at_us)
        readings = Readings(self._labels)
        with self._board.lock:
            self._count_noted()
            self._workers.pulse(spent, lanes, at_us)
            self._minute.add(at_us, self._rates.sums())
            see_waits(readings, glance.get("waits"), self._projects)
            longest_s = see_oldest(readings, glance.get("oldest_wait_s"), self._projects.values())
            see_lanes(readings, lanes, at_us)
            see_nodes(readings, self._scheduler.nodes())
            self._workers.efficiency(readings)
            self.seen = readings
        return {"rates": {**told(self._minute, longest_s)}}

    def _count_noted(self) -> None:
        if not self._noted:
            return
        noted, self._noted = self._noted, []
        scheduler, attempts = self._scheduler, self._attempts
        for event, decision, at_us in noted:
            if type(event) not in UNCOUNTED:
                self._heard(event, at_us)
            for change in decision.changes:
                if isinstance(change, AttemptStarted):
                    attempts.started(change, *scheduler.begun(change.task, change.job))
                elif isinstance(change, AttemptEnded):
                    known = attempts.ended(change, at_us)
                    if known and known.alike.stage in MAKING:
                        self._made.ended(known, change.manifest)
                else:
                    attempts.moved(change, scheduler.task)
            for command in decision.commands:
                if not isinstance(command, Run):
                    self._commanded(command, at_us)

    def _heard(self, event: Event, at_us: int) -> None:
        match event:
            case WorkerReady():
                self._loads.ready(event.worker, at_us)
            case WorkerLost():
                self._loads.lost(event.worker)
                self._attempts.gone(event.worker)
            case NodeUp():
                self._pools[event.node] = pool_of(event.pools)
            case NodeLost():
                if (pool := self._pools.pop(event.node, None)) is not None:
                    self._board.counts["farm_nodes_lost_total"].of(pool).value += 1
            case JobSet():
                self._projects[event.job] = event.project
            case JobDropped():
                self._projects.pop(event.job, None)
            case _:
                pass

    def _commanded(self, command: Command, at_us: int) -> None:
        if isinstance(command, StartWorker):
            self._loads.started(command, at_us)
        elif isinstance(command, StopWorker):
            self._loads.stopped(command.worker)
            self._attempts.gone(command.worker)
