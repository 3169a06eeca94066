"""Which GPUs of its node each worker holds: the trace says how many, and a picture needs to know which."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count

from farm.simulator.trace import AttemptRow, Stretch, Trace, WorkerRow


@dataclass(frozen=True, slots=True)
class Placed:
    """A stretch of a worker, and the rows it covers."""

    row: WorkerRow
    runs: tuple[tuple[int, int], ...]
    """Rows next to each other: the first, and how many."""
    attempt: AttemptRow | None
    """What it was busy with."""


@dataclass(slots=True)
class PlacedNode:
    """One node: when it was there, and who had its rows."""

    node: str
    rows: int
    there: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    """From, to; in microseconds."""
    stretches: list[Placed] = field(default_factory=list[Placed])


@dataclass(slots=True)
class _Life:
    """A worker's whole time on a node."""

    node: str
    size: int
    started_us: int
    ended_us: int
    rows: list[WorkerRow]


def place(trace: Trace, *, gpus: bool) -> list[PlacedNode]:
    """Every node with its workers' stretches, on GPUs or else on CPUs."""
    nodes: dict[str, PlacedNode] = {}
    for found in sorted(trace.nodes, key=lambda row: (row.started_us, row.node)):
        size = found.gpus if gpus else found.cpus
        if size:
            nodes.setdefault(found.node, PlacedNode(found.node, size)).there.append((found.started_us, found.ended_us))
    attempts = {(row.epoch, row.worker, row.started_us): row for row in trace.attempts}
    for life, held in _held(_lives(trace, gpus=gpus)):
        for row in life.rows:
            attempt = attempts.get((row.epoch, row.worker, row.started_us)) if row.state is Stretch.BUSY else None
            nodes[life.node].stretches.append(Placed(row, _runs(held), attempt))
    return list(nodes.values())


def _lives(trace: Trace, *, gpus: bool) -> list[_Life]:
    lives: dict[tuple[int, str], _Life] = {}
    for row in trace.workers:
        size = row.gpus if gpus else row.cpus
        if not row.node or not size:
            continue
        life = lives.setdefault((row.epoch, row.worker), _Life(row.node, size, row.started_us, row.ended_us, []))
        life.started_us = min(life.started_us, row.started_us)
        life.ended_us = max(life.ended_us, row.ended_us)
        life.rows.append(row)
    return sorted(lives.values(), key=lambda life: life.started_us)


def _held(lives: Iterable[_Life]) -> Iterable[tuple[_Life, list[int]]]:
    """The rows of each worker: the first that are free when it comes."""
    free_from: dict[str, dict[int, int]] = {}
    for life in lives:
        rows = free_from.setdefault(life.node, {})
        free = (row for row in count() if rows.get(row, 0) <= life.started_us)
        held = [next(free) for _ in range(life.size)]
        for row in held:
            rows[row] = life.ended_us
        yield life, held


def _runs(rows: list[int]) -> tuple[tuple[int, int], ...]:
    runs: list[tuple[int, int]] = []
    for row in rows:
        if runs and sum(runs[-1]) == row:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((row, 1))
    return tuple(runs)
