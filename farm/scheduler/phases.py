"""What workers did with their time: loading on a node, idle, busy, by lane and to the microsecond.

enter at t ──▶ balance - t      leave at t ──▶ balance + t      spent until now = balance + now x (how many are in it)

So nothing is looked up when time is told, however many workers there are. One that waits for a node to come is in no
phase, nor is one that only waits to be declared dead: neither could work.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


@dataclass(slots=True)
class Phases:
    """The balances of one lane, in microseconds; how many workers are in each phase is `farm.scheduler.lanes`'s."""

    loading_us: int = 0
    idle_us: int = 0
    busy_us: int = 0


class Phase(StrEnum):
    LOADING = "loading"
    IDLE = "idle"
    BUSY = "busy"


@dataclass(frozen=True, slots=True)
class TimeSpent:
    """Worker-time of one lane until a moment, since its scheduler began."""

    lane: str
    gpus: int
    """That each worker holds."""
    us: Mapping[Phase, int]
