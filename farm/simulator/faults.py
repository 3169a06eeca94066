"""What goes wrong: for each attempt, its fate, decided by the seed when it starts.

paper task (seconds, spread, poison) + node + luck ──fate──▶ ends well │ fails with a kind │ takes its worker along
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from farm.errors import FailureKind
from farm.simulator.world import World
from farm.tasks import Task

REFUSAL_S = 0.5
"""How long a provider takes to say: later."""


@dataclass(frozen=True, slots=True)
class Fate:
    """How an attempt ends, unless something else ends it before."""

    after_s: float
    kind: FailureKind | None = None
    """None: it ends well."""
    kills: bool = False
    """Its worker dies of it, and leaves no manifest."""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Faults:
    """What a scenario wants to go wrong. The rates are per attempt."""

    crash_rate: float = 0.0
    transient_rate: float = 0.0
    bad_nodes: frozenset[str] = frozenset()
    """Everything fails there."""
    bad_kind: FailureKind = FailureKind.BUG
    """With this: a worker dies of `crashed`, and reports anything else."""
    quota: Mapping[str, int] = field(default_factory=dict[str, int])
    """By lane: how many attempts its provider serves at once; the others are told to come later."""

    def fate(self, world: World, task: Task, attempt: int, node: str, beside: int) -> Fate:
        """Of one attempt on `node`, `beside` others of its lane that run already."""
        seconds = world.around(_number(task, "seconds"), _number(task, "spread"), "take", task.id, attempt)
        part = world.draw("part", task.id, attempt)
        if task.params.get("poison"):
            return Fate(seconds * part, FailureKind.CRASHED, kills=True, message="the worker died of signal 11")
        if node in self.bad_nodes:
            kills = self.bad_kind is FailureKind.CRASHED
            return Fate(seconds * part * 0.2, self.bad_kind, kills, f"CUDA error: device lost on {node}")
        if beside >= self.quota.get(task.lane.name, beside + 1):
            return Fate(REFUSAL_S, FailureKind.QUOTA, message="429: too many requests at once")
        luck = world.draw("luck", task.id, attempt)
        if luck < self.crash_rate:
            return Fate(seconds * part, FailureKind.CRASHED, kills=True, message="the worker died of signal 9")
        if luck < self.crash_rate + self.transient_rate:
            return Fate(seconds * part, FailureKind.TRANSIENT, message="the bucket did not answer")
        return Fate(seconds)


def _number(task: Task, name: str) -> float:
    found = task.params.get(name, 0.0)
    assert isinstance(found, int | float), f"{task.label}: {name} is {found!r}"
    return float(found)
