"""What the scheduler shows of its lanes and nodes: values for the pulse, metrics and pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class LaneView:
    name: str
    starting: int
    idle: int
    busy: int
    queued: int
    load_s: float
    """What a worker needs until it is ready, as learned."""
    blocked: Mapping[str, str]
    """Nodes its workers do not go to, with the reason."""
    backoff_until_us: int
    """0 when it does not back off."""
    backoff: str
    """What it backs off for."""
    on_trial: Mapping[str, str] = field(default_factory=dict[str, str])
    """Nodes on which it runs one worker at a time, with the reason."""
    pending: int = 0
    """Of those starting: workers that no node is known for."""
    gpus: int = 0
    """Of one worker."""
    could_start: int = 0
    """Attempts that could start now, if there were an idle worker for each: without those that a limit holds back."""


@dataclass(frozen=True, slots=True)
class NodeView:
    id: str
    name: str
    state: str
    cpus: int
    gpus: int
    free_cpus: int
    free_gpus: int
    workers: int
    reserved_for: str
    """The lane that room is kept for; "" for none."""
    deadline_us: int
    """When it goes away, while it drains; otherwise 0."""
    pools: frozenset[str] = frozenset()
    market: str = ""
    """How it is paid for, where its label says so: "spot"."""
