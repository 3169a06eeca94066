"""What the ranks of a gang answer, and whose error is told when several fail.

    rank 0   beside(replies) ─▶ body ─────────────▶ done or error ─┐
    rank 1…  function(placement, *args) ─▶ Reply ─▶ Outcome ───────┴▶ nothing, or one error

One failure makes others: a rank that leaves in the middle of a collective ends it for all. So a rank that fails because
another did raises `PeerFailed`, which says only that, and the one error worth telling is looked for: a rank that is
gone, else the body's own, else what the rank that failed first raised.

Every implementation of `farm.models.spec.Gang` asks its ranks in its own way and leaves the rest to this module.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from farm.errors import PeerFailed, RankDied
from farm.models.spec import Placement

LEAVE_S = 20.0
"""How long other ranks may take to come back once rank 0 has failed."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a rank's part ended."""

    value: Any = None
    error: Exception | None = None


class Reply(Protocol):
    """A rank's answer that is on its way."""

    def outcome(self, timeout_s: float | None = None) -> Outcome | None:
        """The answer, the same each time; None if it has not come within the time. `RankDied` in it for no answer."""
        ...


def named(entry: str) -> Any:
    """What "module:NAME" names."""
    module, _, name = entry.partition(":")
    return getattr(importlib.import_module(module), name)


def call(entry: str, placement: Placement, args: Sequence[Any]) -> Any:
    """Call "module:function" with this rank's placement."""
    return named(entry)(placement, *args)


@contextmanager
def beside(replies: Sequence[Reply], spoil: Callable[[], None], leave_s: float = LEAVE_S) -> Iterator[None]:
    """`Gang.beside`, for ranks that have been asked."""
    try:
        yield
    except BaseException as error:
        outcomes = _within(replies, leave_s)
        if None in outcomes or isinstance(error, PeerFailed):
            spoil()
        told = _worth_telling([error, *_errors(outcomes)])
        if told is error:
            raise
        raise told from error
    errors = _errors([reply.outcome() for reply in replies])
    if errors:
        told = _worth_telling(errors)
        if isinstance(told, PeerFailed):
            spoil()
        raise told


def results(replies: Sequence[Reply]) -> list[Any]:
    """What the ranks gave, by rank, once they are through."""
    return [outcome.value for reply in replies if (outcome := reply.outcome())]


def _within(replies: Sequence[Reply], timeout_s: float) -> list[Outcome | None]:
    due_s = time.monotonic() + timeout_s
    return [reply.outcome(max(0.0, due_s - time.monotonic())) for reply in replies]


def _errors(outcomes: Sequence[Outcome | None]) -> list[BaseException]:
    return [outcome.error for outcome in outcomes if outcome and outcome.error]


def _worth_telling(errors: Sequence[BaseException]) -> BaseException:
    """The one that explains the others; rank 0's own, if there is one, stands first."""
    dead = [error for error in errors if isinstance(error, RankDied)]
    causes = [error for error in errors if not isinstance(error, PeerFailed)]
    return [*dead, *causes, *errors][0]
