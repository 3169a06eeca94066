"""What `farm serve` tells Prometheus: of itself, and what it sees of the farm from outside.

    page server ── observe(path, status, seconds) ──▶ ServeMetrics ◀── look() ── whoever watches the job store
                                                           └──▶ /metrics

A driver tells of the farm; nothing here does so a second time. That somebody leads is said by both, each by a name of
its own: what a driver says of itself is gone with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import Metric

from farm import __version__
from farm.metrics.families import SERVED
from farm.metrics.labels import Labels
from farm.metrics.readings import Readings
from farm.metrics.series import Board


@dataclass(frozen=True, slots=True)
class Sight:
    """What is known of the farm now."""

    is_ready: bool
    """The job store is at hand, with this farm's schema."""
    leads: bool | None = None
    """Whether a driver leads; None where that cannot be known."""
    silent_s: float | None = None
    """How long ago the last driver gave a sign of life; None where none ever did, or that cannot be known."""


class ServeMetrics:
    """The numbers of one `farm serve`."""

    def __init__(self, look: Callable[[], Sight]) -> None:
        self._look = look
        self._labels = Labels()
        self._board = Board(self._labels, SERVED)
        self._process = ProcessCollector(registry=None)
        self.registry = CollectorRegistry()
        self.registry.register(self)

    def observe(self, path: str, status: HTTPStatus, seconds: float) -> None:
        """A request was answered. `path` is one of the pages', or one word for all others."""
        with self._board.lock:
            self._board.counts["farm_serve_requests_total"].of(path, str(status.value)).value += 1
            self._board.times["farm_serve_request_duration_seconds"].of(path).observe(seconds)

    def collect(self) -> Iterator[Metric]:
        """Everything, on whatever thread asks (`prometheus_client.registry.Collector`)."""
        seen, now = self._look(), Readings(self._labels)
        now.add("farm_serve_info", 1, __version__)
        now.add("farm_serve_ready", int(seen.is_ready))
        if seen.leads is not None:
            now.add("farm_serve_driver_leads", int(seen.leads))
        if seen.silent_s is not None:
            now.add("farm_serve_driver_silent_seconds", seen.silent_s)
        yield from self._board.metrics()
        yield from now.metrics()
        yield from self._process.collect()
