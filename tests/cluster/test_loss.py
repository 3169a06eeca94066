"""What a worker's death means."""

from __future__ import annotations

import pytest
from ray.exceptions import (
    ActorDiedError,
    ActorUnavailableError,
    NodeDiedError,
    OutOfMemoryError,
    RayActorError,
    RayTaskError,
    WorkerCrashedError,
)

from farm.cluster.loss import loss_kind
from farm.errors import FailureKind, StorageError


def task_error(cause: Exception) -> RayTaskError:
    return RayTaskError("run", "traceback", cause)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ActorDiedError(), FailureKind.CRASHED),
        (RayActorError(), FailureKind.CRASHED),
        (WorkerCrashedError(), FailureKind.CRASHED),
        (ActorUnavailableError("away", None), FailureKind.RECLAIMED),
        (NodeDiedError("the node"), FailureKind.RECLAIMED),
        (OutOfMemoryError("too much"), FailureKind.OOM),
        (task_error(StorageError("the bucket is away")), FailureKind.TRANSIENT),
        (task_error(KeyError("x")), FailureKind.BUG),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_every_death_has_its_kind(error, kind):
    assert loss_kind(error) is kind
