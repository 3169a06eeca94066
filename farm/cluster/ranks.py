"""A gang from inside: rank 0 performs attempts, the others stand by and take their part when they are called.

rank 0   stage ─▶ ctx.gang.broadcast("module:function", args) ─┬▶ function(placement, args) here
rank 1…                            take_part ◀─ Ray ───────────┘▶ function(placement, args) there ─▶ results by rank
"""

from __future__ import annotations

import importlib
import os
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import ray
from ray.exceptions import RayError, RayTaskError

from farm.cluster.lifeline import end_process
from farm.models.spec import Placement

LOST_GRACE_S = 10.0
"""How long rank 0 waits to be ended with its gang after a rank is lost, before it ends itself."""


@dataclass(frozen=True, slots=True)
class RayGang:
    """Rank 0's hold on its gang (`farm.models.spec.Gang`)."""

    placement: Placement
    others: Sequence[Any]
    """The actors of ranks 1, 2, …"""

    def broadcast(self, entry: str, *args: Any) -> list[Any]:
        replies = [other.take_part.remote(entry, args) for other in self.others]
        try:
            here = call(entry, self.placement, args)
        finally:
            there = [self._reply(reply) for reply in replies]
        return [here, *there]

    def _reply(self, reply: Any) -> Any:
        try:
            return ray.get(reply)
        except RayTaskError as error:
            raise error.cause from error
        except RayError:  # a rank is gone; a gang with a rank less is none, and has nothing to report
            time.sleep(LOST_GRACE_S)
            end_process()
            raise


def call(entry: str, placement: Placement, args: Sequence[Any]) -> Any:
    """Call "module:function" with this rank's placement."""
    module, _, name = entry.partition(":")
    return getattr(importlib.import_module(module), name)(placement, *args)


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
