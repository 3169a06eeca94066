"""Numbers, times and reasons as people say them."""

from __future__ import annotations

from collections.abc import Mapping

from farm.driver.glance import CHOICE
from farm.scheduler.waits import WaitReason

REASONS: Mapping[str, str] = {
    WaitReason.UPSTREAM: "earlier steps of the same shots",
    WaitReason.HELD: "on hold until somebody lets it go on",
    WaitReason.PAUSED: "paused, or the driver is stopping",
    WaitReason.LIMIT: "at a limit: GPUs at once, or cost",
    WaitReason.BACKOFF: "failed, tried again in a moment",
    WaitReason.SHARE: "other projects' turn on the workers",
    WaitReason.RESERVED: "room is kept for a large gang",
    WaitReason.LOADING: "workers are loading their model",
    WaitReason.CAPACITY: "workers busy, or machines full",
    WaitReason.INCAPABLE: "no machine that is up can run it",
    CHOICE: "shots of which a person picks the take",
}
"""What a reason means, in a few words."""

STYLES: Mapping[str, str] = {
    WaitReason.UPSTREAM: "dim",
    WaitReason.INCAPABLE: "red",
    WaitReason.LIMIT: "red",
    WaitReason.BACKOFF: "yellow",
    WaitReason.HELD: "yellow",
    WaitReason.PAUSED: "yellow",
    CHOICE: "yellow",
}
"""Red and yellow want a person; dim goes by itself."""


def count(number: int, noun: str) -> str:
    """ "3 lanes"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def amount(number: float) -> str:
    """Three digits that count: "0.25", "4.2", "120"."""
    if 0 < number < 1:
        return f"{number:.2f}"
    return f"{number:.1f}" if number < 100 else f"{number:,.0f}"
