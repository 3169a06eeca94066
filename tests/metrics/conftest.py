"""Metrics as Prometheus reads them: through the parser of the format, never past it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from prometheus_client.openmetrics.exposition import generate_latest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from farm.metrics.labels import Labels
from farm.metrics.process import Metrics
from farm.metrics.series import Board
from farm.store.jobs import JobStore


@dataclass(frozen=True)
class Scrape:
    """Every sample of one scrape."""

    samples: tuple[tuple[str, dict[str, str], float], ...]

    def of(self, name: str, **labels: str) -> dict[tuple[str, ...], float]:
        """The values of a name with those labels, by the other labels in alphabetical order."""
        return {
            tuple(value for label, value in sorted(has.items()) if label not in labels): value
            for found, has, value in self.samples
            if found == name and labels.items() <= has.items()
        }

    def sum(self, name: str, **labels: str) -> float:
        return sum(self.of(name, **labels).values())

    @property
    def names(self) -> set[str]:
        return {name for name, _, _ in self.samples}


def scraped(metrics: Metrics) -> Scrape:
    return read(generate_latest(metrics.registry).decode())


def read(text: str) -> Scrape:
    families = text_string_to_metric_families(text)
    return Scrape(tuple((s.name, dict(s.labels), s.value) for family in families for s in family.samples))


@pytest.fixture
def scrape():
    return scraped


@pytest.fixture
def read_text():
    return read


@pytest.fixture
def labels() -> Labels:
    return Labels()


@pytest.fixture
def board(labels: Labels) -> Board:
    return Board(labels)


@pytest.fixture
def metrics(tmp_path: Path) -> Metrics:
    """Of a process that neither leads nor stands by."""
    return Metrics({"state": tmp_path}, {"lake": 2_500_000})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[JobStore]:
    opened = JobStore.open(tmp_path / "state")
    yield opened
    opened.close()
