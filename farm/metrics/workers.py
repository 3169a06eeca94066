"""Workers: how their starts went, what they did with their time, and how much of what they could have done they did.

StartWorker ─▶ noted ─▶ WorkerReady, WorkerLost, StopWorker ─▶ counted
scheduler's phases, every pulse ─▶ seconds by lane and phase ─▶ efficiency of the last ten minutes

    efficiency = (busy - wasted) / (busy + missed)

Busy time is useful unless its attempt ends without being done. Missed is what a worker idles or loads while an attempt
could begin, one worker for each such attempt: a lane of ten idle workers and one task misses one worker's time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from farm.metrics.rates import Rates, Window
from farm.metrics.readings import Readings
from farm.metrics.series import Board
from farm.scheduler.events import StartWorker
from farm.scheduler.phases import TimeSpent
from farm.scheduler.views import LaneView

WINDOW_S = 600.0


@dataclass(slots=True)
class Loads:
    """How the starts of workers went, for one lead."""

    board: Board
    _starting: dict[str, tuple[str, int]] = field(default_factory=dict[str, tuple[str, int]])
    """By worker: its lane, and since when."""

    def started(self, command: StartWorker, at_us: int) -> None:
        self._starting[command.worker] = (command.lane.name, at_us)

    def ready(self, worker: str, at_us: int) -> None:
        if known := self._over(worker, "ready"):
            lane, since_us = known
            took_s = max(0, at_us - since_us) / 1e6
            self.board.times["farm_model_load_duration_seconds"].of(lane).observe(took_s)

    def lost(self, worker: str) -> None:
        self._over(worker, "lost")

    def stopped(self, worker: str) -> None:
        self._over(worker, "stopped")

    def _over(self, worker: str, outcome: str) -> tuple[str, int] | None:
        """A start has come to its end; None when the worker was not starting."""
        known = self._starting.pop(worker, None)
        if known:
            self.board.counts["farm_model_loads_total"].of(known[0], outcome).value += 1
        return known


@dataclass(slots=True)
class WorkerTime:
    """Worker-seconds of one lead."""

    board: Board
    rates: Rates
    _window: Window = field(default_factory=lambda: Window(WINDOW_S))
    _sums: dict[tuple[str, ...], float] = field(default_factory=dict[tuple[str, ...], float])
    """Busy, wasted and missed microseconds, by lane."""
    _told: dict[int, TimeSpent] = field(default_factory=dict[int, TimeSpent])
    """What each lane was last told to have spent, by its place among the scheduler's lanes."""
    _last_us: int = 0

    def pulse(self, spent: Iterable[TimeSpent], lanes: Iterable[LaneView], at_us: int) -> None:
        """Bring the seconds up to now."""
        for place, time in enumerate(spent):
            before = self._told.get(place)
            self._told[place] = time
            for phase, us in time.us.items():
                self._grow(time, phase.value, us - (before.us[phase] if before else 0))
        passed_us = max(0, at_us - self._last_us) if self._last_us else 0
        self._last_us = at_us
        for lane in lanes:
            self._look(lane, passed_us)
        self._window.add(at_us, dict(self._sums))

    def efficiency(self, readings: Readings) -> None:
        """The last ten minutes', of each lane that had something to do."""
        if self._window.seconds:
            for lane in self._window.lanes("busy"):
                busy, wasted, missed = (self._window.grown(what, lane) for what in ("busy", "wasted", "missed"))
                if busy + missed > 0:
                    readings.most("farm_efficiency_ratio", max(0.0, busy - wasted) / (busy + missed), lane)

    def _grow(self, time: TimeSpent, phase: str, more_us: int) -> None:
        if more_us <= 0:  # a clock that was set back takes nothing away
            return
        spent = self.rates.spent_us
        spent[time.lane, phase] = spent.get((time.lane, phase), 0) + more_us
        self.board.counts["farm_worker_seconds_total"].of(time.lane, phase).value += more_us
        if time.gpus:
            self.board.counts["farm_gpu_seconds_total"].of(time.lane, phase).value += more_us * time.gpus

    def _look(self, lane: LaneView, passed_us: int) -> None:
        name, counts = lane.name, self.board.counts
        missed_us = min(lane.could_start, lane.starting - lane.pending + lane.idle) * passed_us
        counts["farm_missed_seconds_total"].of(name).value += missed_us
        self._sums["busy", name] = self.rates.spent_us.get((name, "busy"), 0)
        self._sums["wasted", name] = counts["farm_wasted_seconds_total"].of(name).value
        self._sums["missed", name] = self._sums.get(("missed", name), 0) + missed_us
