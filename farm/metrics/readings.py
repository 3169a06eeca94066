"""Gauges: what was seen or read at one moment, made anew each time.

scheduler at the pulse, job store, disks ─▶ Readings ─▶ Metric, Metric, …

What the last moment had and this has not is gone: a project without a queue has no queue.
"""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import Metric
from prometheus_client.samples import Sample

from farm.metrics.families import FAMILY
from farm.metrics.labels import Labels


class Readings:
    """Values of gauges, by family and label values. Not changed any more once it is shown."""

    def __init__(self, labels: Labels) -> None:
        self._labels = labels
        self._values: dict[str, dict[tuple[str, ...], float]] = {}

    def add(self, name: str, value: float, *labels: str) -> None:
        """A value; those that fall under the same label values are added."""
        shown, told_apart = self._place(name, labels)
        shown[told_apart] = shown.get(told_apart, 0) + value

    def most(self, name: str, value: float, *labels: str) -> None:
        """A value; of those that fall under the same label values the largest counts."""
        shown, told_apart = self._place(name, labels)
        shown[told_apart] = max(value, shown.get(told_apart, value))

    def metrics(self) -> Iterator[Metric]:
        for name, values in self._values.items():
            family = FAMILY[name]
            metric = Metric(name.removesuffix("_total"), family.says, family.kind.value)
            metric.samples = [
                Sample(name, dict(zip(family.labels, labels, strict=True)), value) for labels, value in values.items()
            ]
            yield metric

    def _place(self, name: str, labels: tuple[str, ...]) -> tuple[dict[tuple[str, ...], float], tuple[str, ...]]:
        shown = self._values.setdefault(name, {})
        return shown, self._labels.of(FAMILY[name], labels, shown)
