"""Everything a process tells: its counters, and while it leads what it sees and what its job store holds.

    Metrics ── leading(store, epoch) ──▶ LeadMeter, for one driver ──▶ gone with the lead; what it counted stays

Lives as long as the process, through standing by and through one lead after another. A process that stands by tells of
itself and of its lease; the farm is told of by who leads it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import Metric

from farm import __version__
from farm.errors import StorageError
from farm.metrics import disks, totals
from farm.metrics.fresh import Fresh
from farm.metrics.labels import Labels
from farm.metrics.meter import LeadMeter
from farm.metrics.readings import Readings
from farm.metrics.series import Board
from farm.store.jobs import JobStore
from farm.store.totals import NOTHING, Totals

SILENT_S = 120.0
"""A leading driver that gave no sign of life for so long hangs."""


class Role(StrEnum):
    """What a process does about the lead."""

    STARTING = "is starting"
    STANDS_BY = "stands by"
    LEADS = "leads"


class Metrics:
    """The numbers of one process."""

    def __init__(
        self,
        folders: Mapping[str, Path],
        budgets: Mapping[str, int],
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """`folders` of this machine by what they are for; `budgets` of projects, in micros."""
        self._budgets = budgets
        self._clock_s = clock_s
        self._labels = Labels()
        self._board = Board(self._labels)
        self._process = ProcessCollector(registry=None)
        self._disks = Fresh(lambda _: disks.rooms(folders), self._fault, young_s=disks.YOUNG_S)
        self._epoch = 0
        self._meter: LeadMeter | None = None
        self._totals: Fresh[Totals] | None = None
        self.role = Role.STARTING
        self.registry = CollectorRegistry()
        self.registry.register(self)

    @contextmanager
    def leading(self, store: JobStore, epoch: int) -> Iterator[LeadMeter]:
        """While inside this process leads, and the driver is to tell the meter what it does."""
        reading = Fresh(lambda old: store.totals(old or NOTHING), self._fault, young_s=totals.YOUNG_S)
        meter = LeadMeter(self._board, self._labels, self._clock_s)
        self._turn_over()
        self._epoch, self._meter, self._totals, self.role = epoch, meter, reading, Role.LEADS
        try:
            yield meter
        finally:
            self._meter, self._totals, self.role = None, None, Role.STARTING
            self._turn_over()
            reading.close()

    def stand_by(self) -> None:
        """This process waits for the lead."""
        self.role = Role.STANDS_BY

    @property
    def silent_s(self) -> float:
        """How long a driver that leads has given no sign of life; 0 for a process that does not lead."""
        meter = self._meter
        return self._clock_s() - meter.alive_s if meter else 0.0

    # -- what Prometheus is shown -------------------------------------------------------------------------------

    def collect(self) -> Iterator[Metric]:
        """Everything, on whatever thread asks (`prometheus_client.registry.Collector`)."""
        meter, reading, now = self._meter, self._totals, Readings(self._labels)
        if meter and reading and (found := reading.latest()):
            age_s = time.monotonic() - found.at_s
            if age_s < totals.STALE_S:
                totals.read_totals(now, found.value, age_s, self._budgets)
        self._own(now, leads=meter is not None)
        yield from self._board.metrics()
        if meter:
            yield from meter.seen.metrics()
        yield from now.metrics()
        yield from self._process.collect()

    def _own(self, now: Readings, *, leads: bool) -> None:
        now.add("farm_info", 1, __version__)
        now.add("farm_lease_held", int(leads))
        now.add("farm_lease_epoch", self._epoch)
        if found := self._disks.latest():
            for what, room in found.value.items():
                now.add("farm_disk_free_bytes", room.free, what)
                now.add("farm_disk_size_bytes", room.size, what)
        with self._board.lock:
            for label, values in self._labels.folded.items():
                self._board.counts["farm_labels_folded_total"].of(label).value = values

    def _turn_over(self) -> None:
        with self._board.lock:
            self._board.counts["farm_lease_changes_total"].of().value += 1

    def _fault(self, error: StorageError) -> None:
        del error  # the driver, which needs the store too, says it
        with self._board.lock:
            self._board.counts["farm_storage_faults_total"].of("totals").value += 1
