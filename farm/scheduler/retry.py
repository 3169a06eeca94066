"""What a failure's kind leads to: one table, and nothing else, decides whether a task is tried again.

    kind ──RULES──▶ again at once | again after a pause | failed for good

Each kind has a budget of its own: a task that a node took along three times has all its other retries left.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from farm.errors import FailureKind


@dataclass(frozen=True, slots=True)
class Rule:
    """How often a kind may happen to one task before it has failed, and how long to wait in between.

    The pause doubles with every failure of that kind, up to `longest_pause_s`.
    """

    retries: int
    pause_s: float = 0.0
    longest_pause_s: float = 60.0
    elsewhere: bool = False
    """True when the next attempt should run on another worker, and on another node where there is one."""


RULES: Mapping[FailureKind, Rule] = {
    FailureKind.INPUT: Rule(retries=0),
    FailureKind.MODERATED: Rule(retries=0),
    FailureKind.OOM: Rule(retries=2),
    FailureKind.RECLAIMED: Rule(retries=20),
    FailureKind.CRASHED: Rule(retries=2, pause_s=1.0, elsewhere=True),
    FailureKind.TRANSIENT: Rule(retries=5, pause_s=1.0),
    FailureKind.QUOTA: Rule(retries=100),
    FailureKind.BUG: Rule(retries=1, elsewhere=True),
}
"""Quota has no pause of its own: its whole lane backs off, see `farm.scheduler.faults`."""


def pause_us(kind: FailureKind, failures: int) -> int | None:
    """How long to wait before the next attempt after the `failures`-th failure of `kind`; None for no next attempt."""
    rule = RULES[kind]
    if failures > rule.retries:
        return None
    return int(1e6 * min(rule.pause_s * 2 ** max(0, failures - 1), rule.longest_pause_s))


def final_message(kind: FailureKind, failures: int, message: str) -> str:
    """What a task says that has failed for good."""
    if kind is FailureKind.CRASHED:
        return f"quarantined after it ended {failures} workers: {message}"
    return message
