"""A gang from inside: rank 0 performs attempts, the others stand by and take their part when they are called.

rank 0   stage ─▶ ctx.gang.broadcast("module:function", args) ─┬▶ function(placement, args) here
rank 1…                            take_part ◀─ Ray ───────────┘▶ function(placement, args) there ─▶ results by rank

A gang that is spoilt ends with rank 0's process, in place of the reply to the attempt (`farm.cluster.worker`): the pool
sees a lost worker, finds the attempt's manifest, and has all the ranks ended.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import ray
from ray.exceptions import GetTimeoutError, RayError, RayTaskError

from farm.cluster.lifeline import end_process
from farm.logs.attempt import whereabouts
from farm.models.gang import Outcome, beside, call, results
from farm.models.spec import Placement

LOST_GRACE_S = 10.0
"""How long rank 0 waits to be ended with its gang after a rank is lost, before it ends itself."""


@dataclass(slots=True)
class RayGang:
    """Rank 0's hold on its gang (`farm.models.spec.Gang`)."""

    placement: Placement
    others: Sequence[Any]
    """The actors of ranks 1, 2, …"""
    spoilt: bool = False

    def broadcast(self, entry: str, *args: Any) -> list[Any]:
        replies = self._ask(entry, args)
        with beside(replies, self.spoil):
            here = call(entry, self.placement, args)
        return [here, *results(replies)]

    def beside(self, entry: str, *args: Any) -> AbstractContextManager[None]:
        return beside(self._ask(entry, args), self.spoil)

    def spoil(self) -> None:
        self.spoilt = True

    def _ask(self, entry: str, args: Sequence[Any]) -> list[RayReply]:
        log = whereabouts()
        return [RayReply(other.take_part.remote(entry, args, log)) for other in self.others]


@dataclass(frozen=True, slots=True)
class RayReply:
    """What an actor was asked (`farm.models.gang.Reply`)."""

    reference: Any

    def outcome(self, timeout_s: float | None = None) -> Outcome | None:
        try:
            return Outcome(ray.get(self.reference, timeout=timeout_s))
        except GetTimeoutError:
            return None
        except RayTaskError as error:
            return Outcome(error=error.cause)
        except RayError:  # a rank is gone; a gang with a rank less is none, and has nothing to report
            time.sleep(LOST_GRACE_S)
            end_process()
            raise


def export(placement: Placement) -> None:
    """Say in the environment where this rank stands, in the words of torch.distributed."""
    host, _, port = placement.master.rpartition(":")
    os.environ |= {
        "RANK": str(placement.rank),
        "WORLD_SIZE": str(placement.world),
        "MASTER_ADDR": host,
        "MASTER_PORT": port,
    }


def free_port() -> int:
    """A port of this machine that nobody listens at."""
    with socket.socket() as listener:
        listener.bind(("", 0))
        return listener.getsockname()[1]
