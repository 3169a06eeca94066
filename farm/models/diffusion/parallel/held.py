"""What one rank holds of a gang's model: its place in the groups, and its part of each denoiser, ready to compute.

    folder/transformer, folder/transformer_2 ──load──▶ this rank's weights ──split_tokens──▶ Denoiser, by name

Entries that rank 0 asks for find it by the key of its meeting (`HELD`): all that a process keeps between them.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import nn

from farm.errors import PeerFailed
from farm.models.diffusion.parallel.compute import Denoiser
from farm.models.diffusion.parallel.group import Meeting
from farm.models.diffusion.parallel.plan import ParallelPlan
from farm.models.diffusion.parallel.ulysses import split_tokens
from farm.models.spec import Placement

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
    loras: Sequence[Any] = ()


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
        with held.failing_together():
            for name, folder in parts.denoisers.items():
                held.denoisers[name] = _denoiser(parts, folder, meeting)
        return held

    @property
    def modules(self) -> Mapping[str, nn.Module]:
        return {name: denoiser.module for name, denoiser in self.denoisers.items()}

    @contextmanager
    def failing_together(self) -> Iterator[None]:
        """An error in here ends the gang's work on all ranks: `PeerFailed` where another rank failed before."""
        try:
            yield
        except BaseException as error:
            rank, blamed = self.meeting.rank, self.meeting.blame()
            traceback.clear_frames(error.__traceback__)  # they hold modules, and these the groups
            self.drop(failed=True)
            if blamed != rank:
                raise PeerFailed(f"rank {blamed} of the gang failed, and with it rank {rank}") from error
            raise

    def reset(self) -> None:
        """Forget what caches keep from an earlier clip."""
        for denoiser in self.denoisers.values():
            denoiser.reset()

    def drop(self, *, failed: bool = False) -> None:
        """Let go of the denoisers, and leave the groups."""
        HELD.pop(self.key, None)
        self.denoisers.clear()
        self.meeting.leave(abort=failed)


def _denoiser(parts: Parts, folder: str, meeting: Meeting) -> Denoiser:
    module = _load(parts, parts.folder / folder, meeting)
    if meeting.ulysses.degree > 1:
        split_tokens(module, meeting.ulysses)
    return Denoiser.of(module, meeting.cfg)


def _load(parts: Parts, folder: Path, meeting: Meeting) -> nn.Module:
    dtype = getattr(torch, parts.dtype)
    if find_spec("farm.models.diffusion.parallel.shard") is None:
        from farm.models.diffusion.parallel.whole import load_whole

        return load_whole(folder, dtype, meeting.device)
    shard: Any = import_module("farm.models.diffusion.parallel.shard")
    tp = shard.ShardOf(meeting.tp.rank, meeting.tp.degree, meeting.tp.group)
    return shard.load_denoiser(folder, tp=tp, dtype=dtype, device=meeting.device, loras=parts.loras)
