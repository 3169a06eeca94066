"""The series of counters and histograms: cells that a driver adds to, and what Prometheus is shown of them.

    board["farm_frames_total"].of("animatic").value += 81        a look-up and an addition, no lock

Owns the numbers since the process began. One thread writes; whoever else looks does so under the board's lock, which
the writer holds for each event: a scrape sees every event whole or not at all.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate
from threading import Lock
from typing import Generic, TypeVar

from prometheus_client.core import Metric
from prometheus_client.samples import Sample
from prometheus_client.utils import floatToGoString

from farm.metrics.families import DRIVEN, FAMILY
from farm.metrics.family import Family, Kind
from farm.metrics.labels import Labels

ALIASES = 4
"""Sets of values as they come are remembered, so many times as many as are told apart."""


class Count:
    """One series of a counter."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value: float = 0


class Times:
    """One label set of a histogram."""

    __slots__ = ("_bounds", "counts", "sum")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        """By bucket, not cumulated; the last is beyond every bound."""
        self.sum = 0.0

    def observe(self, seconds: float, times: int = 1) -> None:
        """It took this long, so many times."""
        self.counts[bisect_left(self._bounds, seconds)] += times
        self.sum += seconds * times


Cell = TypeVar("Cell", Count, Times)


class Series(Generic[Cell]):
    """All label sets of one family."""

    def __init__(self, family: Family, labels: Labels, cell: type[Cell], *args: tuple[float, ...]) -> None:
        self.family = family
        self.shown: dict[tuple[str, ...], Cell] = {}
        self._labels = labels
        self._make = lambda: cell(*args)
        self._cells: dict[tuple[str, ...], Cell] = {}
        """By values as they come."""

    def of(self, *values: str) -> Cell:
        """The cell of these label values, in the family's order."""
        cell = self._cells.get(values)
        return cell if cell is not None else self._meet(values)

    def _meet(self, values: tuple[str, ...]) -> Cell:
        told_apart = self._labels.of(self.family, values, self.shown)
        cell = self.shown.get(told_apart)
        if cell is None:
            cell = self.shown[told_apart] = self._make()
        if len(self._cells) < ALIASES * self.family.at_most:
            self._cells[values] = cell
        return cell


class Board:
    """Every counter and histogram of some families, by name."""

    def __init__(self, labels: Labels, families: tuple[Family, ...] = DRIVEN) -> None:
        self.lock = Lock()
        self.counts = {family.name: Series(family, labels, Count) for family in families if family.kind is Kind.COUNTER}
        self.times = {
            family.name: Series(family, labels, Times, family.buckets)
            for family in families
            if family.kind is Kind.HISTOGRAM
        }
        for each in (*self.counts.values(), *self.times.values()):
            if not each.family.labels:
                each.of()  # there from the beginning: a rate needs a first value

    def metrics(self) -> Iterator[Metric]:
        """What Prometheus is shown, as it stood at one moment."""
        with self.lock:
            counts = {name: [(v, cell.value) for v, cell in each.shown.items()] for name, each in self.counts.items()}
            times = {
                name: [(v, cell.counts[:], cell.sum) for v, cell in each.shown.items()]
                for name, each in self.times.items()
            }
        for name, values in counts.items():
            yield _counter(FAMILY[name], values)
        for name, spans in times.items():
            yield _histogram(FAMILY[name], spans)


def _counter(family: Family, values: list[tuple[tuple[str, ...], float]]) -> Metric:
    metric = Metric(family.name.removesuffix("_total"), family.says, family.kind.value)
    metric.samples = [
        Sample(family.name, dict(zip(family.labels, labels, strict=True)), value / family.per)
        for labels, value in values
    ]
    return metric


def _histogram(family: Family, spans: list[tuple[tuple[str, ...], list[int], float]]) -> Metric:
    name, bounds = family.name, [*map(floatToGoString, family.buckets), "+Inf"]
    metric = Metric(name, family.says, family.kind.value)
    for values, counts, total in spans:
        labels = dict(zip(family.labels, values, strict=True))
        cumulated = list(accumulate(counts))
        metric.samples += [
            Sample(f"{name}_bucket", {**labels, "le": bound}, count)
            for bound, count in zip(bounds, cumulated, strict=True)
        ]
        metric.samples += [Sample(f"{name}_count", labels, cumulated[-1]), Sample(f"{name}_sum", labels, total)]
    return metric
