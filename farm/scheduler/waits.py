"""Why a task does not run yet: every waiting task has one reason, and names what it waits for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class WaitReason(StrEnum):
    UPSTREAM = "upstream"
    """Something it is made from is not done."""
    HELD = "held"
    """Its job was submitted to be held, or its shot waits for a person's choice."""
    PAUSED = "paused"
    """Its job, or the farm, is paused."""
    LIMIT = "limit"
    """Its job or project is at a limit: GPUs or cost."""
    BACKOFF = "backoff"
    """It failed, and its next attempt, or its lane, waits for a moment."""
    SHARE = "share"
    """Workers are there, and other projects' or more urgent work has them."""
    RESERVED = "reserved"
    """Room is being kept free for a large gang."""
    LOADING = "model loading"
    CAPACITY = "capacity"
    """Every worker of its lane is busy with work of its own project, or none fits on the nodes now."""
    INCAPABLE = "no capable worker"


@dataclass(frozen=True, slots=True)
class Wait:
    """A reason in words, with the object that blocks and its numbers."""

    reason: WaitReason
    message: str
    """One sentence: "waits for generate sh010 take 2, which runs on gpu-3 for 41 s"."""
    blocker: str = ""
    """What it waits for: a task, job, project, lane or node."""
    numbers: Mapping[str, float] = field(default_factory=dict[str, float])
    """By name with unit: {"queued_before": 12, "retry_in_s": 8.0}."""
