"""The study: every candidate over several seeds, the default picked by the rule, and held against that of the code.

candidates x seeds ──play──▶ Played ──▶ Row (days, their means) ──pick──▶ Study
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import JsonValue

from farm.scheduler.policy import NodeShape, Policy
from farm.simulator.study.candidates import CANDIDATES, EAGER, Candidate
from farm.simulator.study.facts import KINDS
from farm.simulator.study.figures import Figures, as_mapping, together
from farm.simulator.study.pick import Point, pick, rule
from farm.simulator.study.playing import Played, play


@dataclass(frozen=True, slots=True)
class Row:
    """One candidate."""

    candidate: Candidate
    days: Sequence[Figures]
    """By seed."""

    @property
    def mean(self) -> Figures:
        return together(self.days)

    @property
    def point(self) -> Point:
        mean = self.mean
        return Point(self.candidate.name, mean.cost_per_clip, mean.wait_mean_s, mean.urgent_p95_s)


@dataclass(frozen=True, slots=True)
class Study:
    rows: Sequence[Row]
    seeds: Sequence[int]
    scale: float
    violations: Sequence[str]
    """What the audit found, by candidate and seed."""
    took_s: float
    first_days: Mapping[str, Played] = field(repr=False, compare=False)
    """By candidate, the day with the first seed."""

    @property
    def picked(self) -> Row:
        """The one that the rule picks."""
        name = pick([row.point for row in self.rows if row.candidate.may_be_default]).name
        return self.row(name)

    @property
    def agrees(self) -> bool:
        """Whether the code's default is what was picked."""
        return is_default(self.picked.candidate)

    def row(self, name: str) -> Row:
        return next(row for row in self.rows if row.candidate.name == name)

    @property
    def document(self) -> dict[str, JsonValue]:
        """All of it, for machines; with equal seeds and scale it is the same again."""
        return {
            "seeds": list(self.seeds),
            "scale": self.scale,
            "rule": rule(),
            "picked": self.picked.candidate.name,
            "violations": list(self.violations),
            "candidates": [_described(row) for row in self.rows],
        }


def study(
    seeds: Sequence[int],
    scale: float = 1.0,
    *,
    kinds: Sequence[NodeShape] = KINDS,
    candidates: Sequence[Candidate] = CANDIDATES,
    heard: Callable[[Played], None] = lambda played: None,  # noqa: ARG005
) -> Study:
    """Play a day for each candidate and seed; `heard` is told of each. Nodes of those kinds may come."""
    began_s = time.perf_counter()
    candidates = [candidate for candidate in candidates if candidate.policy(kinds).elastic]
    days: dict[str, list[Figures]] = {candidate.name: [] for candidate in candidates}
    first: dict[str, Played] = {}
    violations: list[str] = []
    for seed in seeds:
        for candidate in candidates:
            played = play(candidate, seed, scale, kinds)
            heard(played)
            days[candidate.name].append(played.figures)
            first.setdefault(candidate.name, played)
            violations += (f"{candidate.name}, seed {seed}: {found}" for found in played.violations)
    rows = [Row(candidate, days[candidate.name]) for candidate in candidates]
    return Study(rows, seeds, scale, violations, time.perf_counter() - began_s, first)


def is_default(candidate: Candidate) -> bool:
    """Whether the code's own default scales as a candidate does."""
    default = Policy()
    mine = (candidate.scaling.backlog_s, candidate.scaling.warm_s, candidate.idle_stop_s)
    return mine == (default.scaling.backlog_s, default.scaling.warm_s, default.idle_stop_s)


def shown_days(found: Study) -> Sequence[Played]:
    """The two days that are drawn: the eager one, and that of what was picked."""
    names = dict.fromkeys((EAGER.name, found.picked.candidate.name))
    return [found.first_days[name] for name in names if name in found.first_days]


def write_traces(found: Study, folder: Path) -> None:
    """Write what happened on the two days that are drawn, each into a folder of its own, as Parquet."""
    for played in shown_days(found):
        played.trace.write(folder / played.candidate.name)


def _described(row: Row) -> dict[str, JsonValue]:
    candidate = row.candidate
    return {
        "name": candidate.name,
        "backlog_s": candidate.scaling.backlog_s,
        "warm_s": candidate.scaling.warm_s,
        "idle_stop_s": candidate.idle_stop_s,
        "market": candidate.market,
        "may_be_default": candidate.may_be_default,
        "mean": dict(as_mapping(row.mean)),
        "days": [dict(as_mapping(day)) for day in row.days],
    }
