"""What happened, row by row: one per attempt, and one per stretch that a worker spent in one state.

SimPool ──▶ Trace ──▶ attempts.parquet, workers.parquet │ the picture (`farm.simulator.plot`) │ the verdict's figures
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from farm.simulator.world import BEGIN_US, US_PER_S


class Stretch(StrEnum):
    """What a worker does for a while."""

    PENDING = "pending"
    """Asked for, and there is no room for it yet."""
    LOADING = "loading"
    IDLE = "idle"
    BUSY = "busy"


NEVER = math.nan
"""The moment of what did not happen."""


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """One attempt, from its start on a worker to its end."""

    task: str
    attempt: int
    project: str
    stage: str
    shot: str
    take: int
    lane: str
    shape: str
    worker: str
    node: str
    epoch: int
    gpus: int
    cpus: int
    started_us: int
    ended_us: int
    outcome: str
    """done, failed, cancelled, or lost (its worker went, and it left no manifest)."""
    failure: str | None

    @property
    def seconds(self) -> float:
        return (self.ended_us - self.started_us) / US_PER_S


@dataclass(frozen=True, slots=True)
class WorkerRow:
    """A worker in one state. `project` and `task` say what for, while it is busy."""

    worker: str
    epoch: int
    lane: str
    node: str
    gpus: int
    cpus: int
    state: Stretch
    project: str
    task: str
    started_us: int
    ended_us: int

    @property
    def seconds(self) -> float:
        return (self.ended_us - self.started_us) / US_PER_S


@dataclass(frozen=True, slots=True)
class NodeRow:
    """A node's time in the farm."""

    node: str
    cpus: int
    gpus: int
    started_us: int
    ended_us: int
    market: str
    granted_us: int
    """Since when it was paid for: it takes a while until it has started."""
    billed_micros: int
    reclaimed: bool
    """True when it was taken away, and had said so before."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment at which something was done to the farm."""

    at_us: int
    says: str


@dataclass(slots=True)
class Trace:
    """Everything that one simulation did, in the order in which it ended."""

    attempts: list[AttemptRow] = field(default_factory=list[AttemptRow])
    workers: list[WorkerRow] = field(default_factory=list[WorkerRow])
    nodes: list[NodeRow] = field(default_factory=list[NodeRow])
    marks: list[Mark] = field(default_factory=list[Mark])

    def write(self, folder: Path) -> tuple[Path, ...]:
        """Write `attempts.parquet`, `workers.parquet` and `nodes.parquet` into `folder`, which is made when absent."""
        folder.mkdir(parents=True, exist_ok=True)
        written: list[Path] = []
        for name, kept in (("attempts", self.attempts), ("workers", self.workers), ("nodes", self.nodes)):
            path = folder / f"{name}.parquet"
            pq.write_table(pa.Table.from_pylist([asdict(row) for row in kept]), path)
            written.append(path)
        return tuple(written)

    def loads(self, lane: str | None = None) -> int:
        """How many workers (of a lane) began to load."""
        return sum(row.state is Stretch.LOADING and lane in (None, row.lane) for row in self.workers)

    def busy_gpu_s(self, from_s: float, to_s: float, project: str | None = None) -> float:
        """GPU seconds of work (of a project) between two moments, in seconds from the beginning."""
        return sum(
            row.gpus * overlap_s(row.started_us, row.ended_us, from_s, to_s)
            for row in self.attempts
            if project in (None, row.project)
        )

    def windows(self, from_s: float, to_s: float, width_s: float) -> Iterator[tuple[float, float]]:
        """Windows of `width_s` that overlap by half, between two moments."""
        start_s = from_s
        while start_s + width_s <= to_s:
            yield start_s, start_s + width_s
            start_s += width_s / 2


def first_start_s(rows: Iterable[AttemptRow]) -> float:
    """When the first of those attempts began, in seconds from the beginning; `NEVER` for none."""
    return min((seconds(row.started_us) for row in rows), default=NEVER)


def last_start_s(rows: Iterable[AttemptRow]) -> float:
    return max((seconds(row.started_us) for row in rows), default=NEVER)


def last_end_s(rows: Iterable[AttemptRow]) -> float:
    return max((seconds(row.ended_us) for row in rows), default=NEVER)


def longest_gap_s(moments_s: Sequence[float]) -> float:
    """The longest time between two of these moments, which are in order."""
    return max((later - earlier for earlier, later in pairwise(moments_s)), default=NEVER)


def overlap_s(started_us: int, ended_us: int, from_s: float, to_s: float) -> float:
    """How much of a stretch lies between two moments."""
    return max(0.0, min(seconds(ended_us), to_s) - max(seconds(started_us), from_s))


def seconds(moment_us: int) -> float:
    """A moment in seconds from the beginning."""
    return (moment_us - BEGIN_US) / US_PER_S
