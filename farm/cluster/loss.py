"""What Ray says when a worker goes, in the farm's words.

    error ──loss──▶ Loss(kind, message, certain)

A loss is certain when Ray has seen the process end on a machine that lives. When the machine is gone, or cannot be
reached, the process may still be at work.
"""

from __future__ import annotations

from dataclasses import dataclass

from ray.exceptions import (
    ActorDiedError,
    ActorUnavailableError,
    NodeDiedError,
    OutOfMemoryError,
    RayActorError,
    RayError,
    RayTaskError,
)

from farm.errors import FailureKind, failure_kind

MESSAGE_LIMIT = 500

STILLBORN_S = 0.01
"""Work that was sent so lately has not begun: its worker was dead before."""


@dataclass(frozen=True, slots=True)
class Loss:
    """How a worker was lost."""

    kind: FailureKind
    message: str
    certain: bool
    """True when its process can do nothing any more."""


class Silent(RayError):
    """A worker's control path does not answer."""


def loss(error: RayError, *, node_lives: bool) -> Loss:
    """What an error from a worker means, on a node that lives or does not."""
    kind = loss_kind(error) if node_lives else FailureKind.RECLAIMED
    unreachable = isinstance(error, ActorUnavailableError | NodeDiedError | Silent)
    return Loss(kind, said(error), certain=node_lives and not unreachable)


def loss_kind(error: RayError) -> FailureKind:
    """What a worker's death means for the attempt it was making."""
    match error:
        case OutOfMemoryError():
            return FailureKind.OOM
        case NodeDiedError() | ActorUnavailableError():
            return FailureKind.RECLAIMED
        case ActorDiedError() if error.preempted:
            return FailureKind.RECLAIMED
        case RayActorError():
            return FailureKind.CRASHED
        case RayTaskError():
            return failure_kind(error.cause)
        case _:
            return FailureKind.CRASHED


def is_blameless(found: Loss, since_sent_s: float) -> bool:
    """Whether a worker's crash tells nothing about the work it was sent `since_sent_s` ago."""
    return found.kind is FailureKind.CRASHED and since_sent_s < STILLBORN_S


def said(error: RayError) -> str:
    """What an error says, on one line."""
    cause = error.cause if isinstance(error, RayTaskError) else error
    lines = [line for line in str(cause).splitlines() if line and not line.startswith("\t")]
    return f"{type(cause).__name__}: {' '.join(lines)}"[:MESSAGE_LIMIT]
