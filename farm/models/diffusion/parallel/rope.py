"""Rotary positions of the channels a rank holds, where they are applied before the heads are told apart.

(cos, sin)  (batch, tokens, channels) or (batch, heads, tokens, channels)  ──cut──▶  those of this rank's heads
"""

from __future__ import annotations

import torch
from torch import nn

from farm.models.diffusion.parallel.cut import ShardOf
from farm.models.diffusion.parallel.layouts import RopeCut


def cut_rope(rope: nn.Module, where: RopeCut, tp: ShardOf) -> None:
    """From now on `rope` gives this rank's part. The module itself stays: others ask it for coordinates."""

    def part(tensor: torch.Tensor) -> torch.Tensor:
        dim = where.channels % tensor.ndim if tensor.ndim == 3 else where.heads
        return tensor[tp.cut(dim).index(tensor.shape)]

    def cut(_rope: nn.Module, _args: object, positions: tuple[torch.Tensor, torch.Tensor]) -> tuple[torch.Tensor, ...]:
        return tuple(part(tensor) for tensor in positions)

    rope.register_forward_hook(cut)
