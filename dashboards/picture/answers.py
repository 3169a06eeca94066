"""What Prometheus answers to the queries of a panel, over a stretch of time.

Grafana's own variables become numbers here: a point is `step_s` wide, and a rate is taken over four scrapes at least.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Any, TypeAlias
from urllib.parse import urlencode

from dashboards.grafana_looks import targets
from dashboards.panel import Panel, Query
from dashboards.promql import filled

POINTS = 180
"""Of a curve."""
LOOK_BACK_S = 120.0
"""How old the newest value may be to count as now, for numbers and tables."""

Points: TypeAlias = tuple[tuple[float, float], ...]
"""Moments (seconds since 1970) and values; what is no number is left out."""


@dataclass(frozen=True, slots=True)
class Series:
    """One curve. `name` is what the legend says."""

    name: str
    labels: Mapping[str, str]
    points: Points

    @property
    def last(self) -> float:
        return self.points[-1][1]


@dataclass(frozen=True, slots=True)
class Asked:
    """A Prometheus, a stretch of time, and what stands in for the variables."""

    address: str
    """host:port."""
    start_s: float
    end_s: float
    scrape_s: float = 15.0
    variables: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def step_s(self) -> float:
        return max(self.scrape_s, (self.end_s - self.start_s) / POINTS)

    def answers(self, panel: Panel) -> tuple[tuple[Series, ...], ...]:
        """The series of each query of a panel."""
        return tuple(
            tuple(self._series(query, instant=bool(target["instant"])))
            for query, target in zip(panel.queries, targets(panel), strict=True)
        )

    def _series(self, query: Query, *, instant: bool) -> Iterator[Series]:
        step = max(self.scrape_s, LOOK_BACK_S) if instant else self.step_s
        start = self.end_s if instant else self.start_s
        for each in self._range(self._filled(query.expr), start, step):
            points = tuple((float(at), float(value)) for at, value in each["values"])
            numbers = tuple((at, value) for at, value in points if value == value)
            if numbers:
                yield Series(_named(query.legend, each["metric"]), each["metric"], numbers)

    def _filled(self, expr: str) -> str:
        rate = f"{max(4 * self.scrape_s, self.step_s + self.scrape_s):.0f}s"
        return filled(expr, {**self.variables, "__rate_interval": rate})

    def _range(self, expr: str, start_s: float, step_s: float) -> list[Any]:
        words = urlencode({"query": expr, "start": start_s, "end": self.end_s, "step": step_s})
        with closing(HTTPConnection(self.address, timeout=60)) as prometheus:
            prometheus.request("GET", f"/api/v1/query_range?{words}")
            told = json.loads(prometheus.getresponse().read())
        if told["status"] != "success":
            raise ValueError(f"{expr}: {told.get('error', told)}")
        return told["data"]["result"]


def _named(legend: str, labels: Mapping[str, str]) -> str:
    for name in {**labels, **dict.fromkeys(_labels_of(legend), "")}:
        legend = legend.replace(f"{{{{{name}}}}}", labels.get(name, ""))
    return legend.strip() or "value"


def _labels_of(legend: str) -> list[str]:
    return [part.partition("}}")[0] for part in legend.split("{{")[1:]]
