"""Workers on Ray: carries out the scheduler's commands, and turns what Ray says into its events.

StartWorker ─▶ actor ─▶ WorkerReady          Run ─▶ Worker.run ─▶ Progress… ─▶ AttemptFinished
               a dead actor ─▶ WorkerLost, with the failure kind its cause of death stands for
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import ray
from ray.exceptions import (
    ActorDiedError,
    ActorUnavailableError,
    NodeDiedError,
    OutOfMemoryError,
    RayActorError,
    RayError,
    RayTaskError,
)

from farm.cluster.worker import Progress, Worker, WorkerSetup
from farm.errors import FailureKind, failure_kind
from farm.scheduler.events import AttemptFinished, Event, WorkerLost, WorkerReady
from farm.tasks import Lane, Manifest, TaskId, Work

CPUS_PER_WORKER = 1.0


class RayPool:
    """The actors of one driver. Ray must be up (`farm.cluster.local`)."""

    def __init__(self, setup: WorkerSetup) -> None:
        self._setup = setup
        remote: Any = ray.remote  # its stubs know nothing of concurrency groups
        self._actor = remote(concurrency_groups={"control": 1}, max_restarts=0)(Worker)
        self._actors: dict[str, Any] = {}
        self._awaited: dict[Any, str] = {}
        """What we wait for, by worker: the reply to `ready`, or the stream of a running attempt."""

    def start(self, worker: str, lane: Lane) -> None:
        handle = self._actor.options(num_cpus=CPUS_PER_WORKER, num_gpus=lane.gpus).remote(worker, self._setup)
        self._actors[worker] = handle
        self._awaited[handle.ready.remote()] = worker

    def run(self, worker: str, work: Work) -> None:
        self._awaited[self._actors[worker].run.remote(work)] = worker

    def cancel(self, worker: str, task: TaskId, attempt: int) -> None:
        self._actors[worker].cancel.remote(task, attempt)

    def close(self) -> None:
        for worker in list(self._actors):
            self._forget(worker)

    def wait(self, timeout_s: float) -> list[Event | Progress]:
        """What has happened, waiting at most `timeout_s` for something to happen."""
        if not self._awaited:
            return []
        some, _ = ray.wait(list(self._awaited), num_returns=1, timeout=timeout_s, fetch_local=False)
        if not some:
            return []
        done, _ = ray.wait(list(self._awaited), num_returns=len(self._awaited), timeout=0, fetch_local=False)
        return [event for awaited in done for event in self._heard(awaited)]

    def _heard(self, awaited: Any) -> Iterator[Event | Progress]:
        worker = self._awaited[awaited]
        try:
            if isinstance(awaited, ray.ObjectRef):
                del self._awaited[awaited]
                yield WorkerReady(worker, str(ray.get(awaited)))
                return
            said: Any = ray.get(next(awaited))
        except StopIteration:
            del self._awaited[awaited]
            return
        except RayError as error:
            self._awaited.pop(awaited, None)
            self._forget(worker)
            yield WorkerLost(worker, loss_kind(error), _first_line(error))
            return
        if isinstance(said, Manifest):
            del self._awaited[awaited]
            yield AttemptFinished(worker, said)
        else:
            yield said

    def _forget(self, worker: str) -> None:
        if actor := self._actors.pop(worker, None):
            ray.kill(actor)


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


def _first_line(error: RayError) -> str:
    cause = error.cause if isinstance(error, RayTaskError) else error
    return f"{type(cause).__name__}: {cause}".splitlines()[0][:500]
