"""Where the ranks of a gang meet: the process groups of one plan, on gloo or NCCL, and who of them failed first.

    Placement, plan ──join──▶ Meeting ┬ world              calls, and their constant arguments
                                      ├ tp                 slices of each weight
                                      ├ ulysses            tokens of the clip
                                      └ cfg                conditional and unconditional pass

Ranks are numbered with tp fastest, then ulysses, then cfg. On GPUs one group carries both kinds of tensors: NCCL those
on the device, gloo those on the host, which are the headers.

A rank that fails says so in the store that the ranks met in *before* it leaves the groups. So a rank whose collective
breaks can tell whether it is the cause (`blame`), without comparing clocks. Leaving closes gloo's connections, which
ends the others' collectives at once. NCCL has none to close: there a watch looks at the store, and aborts.
"""

from __future__ import annotations

import gc
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from urllib.parse import urlparse

import torch
from torch import distributed
from torch._C._distributed_c10d import FileStore, PrefixStore, Store, TCPStore  # torch.distributed's own names
from torch.distributed import ProcessGroup

from farm.models.diffusion.parallel.plan import ParallelPlan
from farm.models.spec import Placement

JOIN_S = 120.0
"""How long ranks wait for each other when they meet."""

CALL_S = 600.0
"""How long a collective may take: longer than a forward, and than what rank 0 does between two."""

WATCH_S = 0.5

_FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Axis:
    """This rank's place on one axis of the plan."""

    rank: int
    degree: int
    group: ProcessGroup | None = None
    """None on an axis of one."""


def coordinates(rank: int, plan: ParallelPlan) -> tuple[int, int, int]:
    """Where a rank stands on the axes (cfg, ulysses, tp)."""
    rest, tp = divmod(rank, plan.tp)
    cfg, ulysses = divmod(rest, plan.ulysses)
    return cfg, ulysses, tp


def teams(plan: ParallelPlan, axis: int) -> list[list[int]]:
    """The ranks that differ on one axis only (0 cfg, 1 ulysses, 2 tp), each team in the axis's order."""
    found: dict[tuple[int, ...], list[int]] = {}
    for rank in range(plan.ranks):
        place = coordinates(rank, plan)
        found.setdefault(place[:axis] + place[axis + 1 :], []).append(rank)
    return list(found.values())


@dataclass(slots=True)
class Meeting:
    """What one rank holds of its gang's process groups. One at a time in a process."""

    rank: int
    device: torch.device
    cfg: Axis
    ulysses: Axis
    tp: Axis
    store: Store
    _left: Event = field(default_factory=Event)

    @classmethod
    def join(cls, placement: Placement, plan: ParallelPlan, key: str) -> Meeting:
        """Meet the others. `key` is the same on all ranks, and new for each meeting of a gang."""
        if plan.ranks != placement.world:
            raise ValueError(f'the plan "{plan}" is for {plan.ranks} ranks, and the gang has {placement.world}')
        device = torch.device("cuda", 0) if placement.gpus else torch.device("cpu")
        if placement.gpus:
            torch.cuda.set_device(device)
        store = _store(placement, key)
        distributed.init_process_group(
            "cpu:gloo,cuda:nccl" if placement.gpus else "gloo",
            store=store,
            rank=placement.rank,
            world_size=placement.world,
            timeout=timedelta(seconds=CALL_S),
        )
        cfg, ulysses, tp = (_axis(placement.rank, plan, number) for number in range(3))
        meeting = cls(placement.rank, device, cfg, ulysses, tp, store)
        if placement.gpus:
            Thread(target=meeting.watch, args=(WATCH_S,), name="gang", daemon=True).start()
        return meeting

    def blame(self) -> int:
        """The rank that failed first: this one, unless another has said so before."""
        try:
            return int(self.store.compare_set(_FAILED, "", str(self.rank)))
        except RuntimeError:  # the store stands with rank 0, which is gone
            return 0

    def leave(self, *, abort: bool = False) -> None:
        """Destroy the groups, or abort them where a collective may be under way.

        gloo's connections close with the last reference: whoever holds a group has to let go of it before.
        """
        if self._left.is_set():
            return
        self._left.set()
        self.cfg = self.ulysses = self.tp = Axis(0, 1)
        if abort and self.device.type == "cuda":
            _abort()
        else:
            distributed.destroy_process_group()
        gc.collect()

    def watch(self, every_s: float) -> None:
        """Abort this rank's collectives once another rank has failed; returns when the meeting is over."""
        while not self._left.wait(every_s):
            if self.store.check([_FAILED]):
                if int(self.store.get(_FAILED)) != self.rank:
                    _abort()
                return


def _abort() -> None:
    if not distributed.is_initialized():  # the watch and the rank itself may both be at it
        return
    distributed.distributed_c10d._abort_process_group()  # has no public name yet


def _store(placement: Placement, key: str) -> Store:
    if placement.master.startswith("file:"):
        path = Path(urlparse(placement.master).path)
        return FileStore(f"{path}-{key}", placement.world)
    host, _, port = placement.master.rpartition(":")
    tcp = TCPStore(host, int(port), placement.world, is_master=placement.rank == 0, timeout=timedelta(seconds=JOIN_S))
    return PrefixStore(key, tcp)


def _axis(rank: int, plan: ParallelPlan, number: int) -> Axis:
    """Make the groups of one axis, on every rank in the same order as it has to be, and keep this rank's."""
    mine = Axis(0, 1)
    for ranks in teams(plan, number):
        if len(ranks) > 1:
            group = distributed.new_group(ranks, timeout=timedelta(seconds=CALL_S))
            if rank in ranks and isinstance(group, ProcessGroup):
                mine = Axis(ranks.index(rank), len(ranks), group)
    return mine
