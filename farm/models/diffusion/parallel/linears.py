"""Linear layers that need the other ranks. A column-wise one does not: it is a plain `nn.Linear` with fewer outputs.

    row-wise   y = sum over ranks of (x_r W_r^T), then the bias, once       x_r: the input channels this rank holds
    gathered   y = [x W_0^T + b_0 | x W_1^T + b_1 | ...]                    W_r: the output channels this rank holds

Neither is an `nn.Linear`: what swaps linears for faster ones (FP8) must not take them for layers that stand alone.
Parameters keep the names of the layer they stand for.
"""

from __future__ import annotations

import torch
import torch.distributed as dist
from torch import nn
from torch.nn import functional

from farm.models.diffusion.parallel.cut import ShardOf


class RowLinear(nn.Module):
    """Holds some input channels; one all-reduce."""

    weight: torch.Tensor
    bias: torch.Tensor | None

    def __init__(self, whole: nn.Linear, tp: ShardOf) -> None:
        super().__init__()
        self.group = tp.group
        self.weight, self.bias = whole.weight, whole.bias

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = functional.linear(x, self.weight)
        dist.all_reduce(y, group=self.group)
        return y if self.bias is None else y + self.bias


class GatheredLinear(nn.Module):
    """Holds some output channels and gives all of them; one all-gather. For small outputs."""

    weight: torch.Tensor
    bias: torch.Tensor | None

    def __init__(self, whole: nn.Linear, tp: ShardOf) -> None:
        super().__init__()
        self.group, self.degree = tp.group, tp.degree
        self.weight, self.bias = whole.weight, whole.bias

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        part = functional.linear(x, self.weight, self.bias)
        parts = part.new_empty((self.degree * part.shape[0], *part.shape[1:]))  # gloo gathers along the first dimension
        dist.all_gather_into_tensor(parts, part, group=self.group)
        return parts.unflatten(0, (self.degree, -1)).movedim(0, -2).flatten(-2)
