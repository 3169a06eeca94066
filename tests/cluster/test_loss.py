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

from farm.cluster.loss import Loss, Silent, is_blameless, loss, loss_kind, said
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


@pytest.mark.parametrize(
    ("error", "node_lives", "certain"),
    [
        (ActorDiedError(), True, True),
        (OutOfMemoryError("too much"), True, True),
        (task_error(KeyError("x")), True, True),
        (ActorDiedError(), False, False),
        (OutOfMemoryError("too much"), False, False),
        (ActorUnavailableError("away", None), True, False),
        (NodeDiedError("the node"), True, False),
        (Silent("not a word"), True, False),
    ],
)
def test_a_loss_is_certain_when_the_process_was_seen_to_end(error, node_lives, certain):
    found = loss(error, node_lives=node_lives)
    assert found.certain is certain
    assert node_lives or found.kind is FailureKind.RECLAIMED


def test_what_ray_says_fits_one_line():
    error = RayActorError(error_msg="The actor died.\n\tclass_name: Worker\n\tpid: 7\nIts process has gone.")
    assert said(error) == "RayActorError: The actor died. Its process has gone."


@pytest.mark.parametrize(
    ("kind", "since_sent_s", "blameless"),
    [
        (FailureKind.CRASHED, 0.001, True),
        (FailureKind.CRASHED, 0.5, False),
        (FailureKind.OOM, 0.001, False),
    ],
)
def test_a_worker_that_was_dead_when_work_came_does_not_count_against_it(kind, since_sent_s, blameless):
    assert is_blameless(Loss(kind, "died", certain=True), since_sent_s) is blameless
