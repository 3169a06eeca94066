"""What one rank holds of a gang's model: its place in the groups, and its part of each denoiser, ready to compute.

    folder/transformer, folder/transformer_2 ──load──▶ this rank's weights ──split_tokens──▶ Denoiser, by name

Entries that rank 0 asks for find it by the key of its meeting (`HELD`): all that a process keeps between them.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch
from torch import nn

from farm.errors import PeerFailed
from farm.models.diffusion.parallel.compute import Denoiser
from farm.models.diffusion.parallel.group import Meeting
from farm.models.diffusion.parallel.lora import Lora
from farm.models.diffusion.parallel.plan import ParallelPlan
from farm.models.diffusion.parallel.shard import ShardOf, load_denoiser
from farm.models.diffusion.parallel.ulysses import split_tokens
from farm.models.diffusion.parallel.wire import Receiver
from farm.models.spec import Placement

Result = TypeVar("Result")

HELD: dict[str, Held] = {}
"""By key; of this process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What every rank of a gang is to hold."""

    key: str
    """New for each."""
    folder: Path
    denoisers: Mapping[str, str]
    """Name in the pipeline -> folder below `folder`."""
    plan: ParallelPlan
    dtype: str
    """As torch calls it: "bfloat16"."""
    loras: Sequence[Lora] = ()


@dataclass(slots=True)
class Held:
    """One rank's part."""

    key: str
    meeting: Meeting
    denoisers: dict[str, Denoiser]

    @classmethod
    def take(cls, placement: Placement, parts: Parts) -> Held:
        """Meet the other ranks, and load this rank's part of every denoiser."""
        torch.set_num_threads(placement.threads)
        meeting = Meeting.join(placement, parts.plan, parts.key)
        held = HELD[parts.key] = cls(parts.key, meeting, {})
        held.together(lambda: held.load(parts))
        return held

    def load(self, parts: Parts) -> None:
        for name, folder in parts.denoisers.items():
            self.denoisers[name] = _denoiser(parts, folder, self.meeting)

    @property
    def modules(self) -> Mapping[str, nn.Module]:
        return {name: denoiser.module for name, denoiser in self.denoisers.items()}

    def together(self, work: Callable[[], Result]) -> Result:
        """Do work that ends for all ranks when it fails on one: `PeerFailed` where another failed before."""
        try:
            return work()
        except BaseException as error:
            rank, blamed = self.meeting.rank, self.meeting.blame()
            if rank:
                _let_go(error)
            self.drop(failed=True)
            if blamed != rank:
                raise PeerFailed(f"rank {blamed} of the gang failed, and with it rank {rank}") from error
            raise

    def serve(self) -> None:
        """Compute what rank 0 calls, until it is done."""
        self.reset()
        receiver = Receiver(self.meeting.device)
        with torch.no_grad():
            while call := receiver.receive():
                self.denoisers[call.name].compute(call)

    def reset(self) -> None:
        """Forget what caches keep from an earlier clip."""
        for denoiser in self.denoisers.values():
            denoiser.reset()

    def drop(self, *, failed: bool = False) -> None:
        """Let go of the denoisers, and leave the groups."""
        HELD.pop(self.key, None)
        self.denoisers.clear()
        self.meeting.leave(abort=failed)


def _let_go(error: BaseException) -> None:
    """Write the tracebacks of an error and its causes down, and drop them: they hold modules, and these the groups.

    Nothing else may hold them by then: no context manager that the error is on its way through.
    """
    error.add_note("".join(traceback.format_exception(error)))
    cause: BaseException | None = error
    while cause:
        cause.__traceback__ = None
        cause = cause.__cause__ or cause.__context__


def _denoiser(parts: Parts, folder: str, meeting: Meeting) -> Denoiser:
    module = load_denoiser(
        parts.folder / folder,
        tp=ShardOf(meeting.tp.rank, meeting.tp.degree, meeting.tp.group),
        dtype=getattr(torch, parts.dtype),
        device=meeting.device,
        loras=parts.loras,
    )
    if meeting.ulysses.degree > 1:
        split_tokens(module, meeting.ulysses)
    return Denoiser.of(module, meeting.cfg)
