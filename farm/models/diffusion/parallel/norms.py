"""RMS norms over all heads, where a rank holds some of the heads.

    y = x / sqrt(mean(x^2) + eps) * w     the mean is over the whole width: squares summed here, then over the ranks

A mean over what the rank holds runs as well, and is wrong by a percent or so without an error. All in fp32, as
`torch.nn.RMSNorm` does it, then rounded once.

An attention norms its queries and its keys one after the other. Both sums are one number a token, so what such an
all-reduce costs is its latency, and one serves both: the keys are noted when they are projected (before any norm), and
the norm of the queries sums both.
"""

from __future__ import annotations

import torch
import torch.distributed as dist
from torch import nn

from farm.models.diffusion.parallel.cut import ShardOf


class SquaresOverRanks:
    """Sums of squares over the ranks, those of queries and keys in one go. One per attention."""

    def __init__(self, tp: ShardOf) -> None:
        self.group = tp.group
        self._key: torch.Tensor | None = None
        self._key_squares: torch.Tensor | None = None

    def note_key(self, _projection: nn.Module, _args: object, key: torch.Tensor) -> None:
        """A forward hook of `to_k`."""
        self._key, self._key_squares = key, None

    def total(self, x: torch.Tensor) -> torch.Tensor:
        """Sum of squares over the whole width, (..., 1), fp32."""
        if x is self._key and self._key_squares is not None:
            squares = self._key_squares
            self._key = self._key_squares = None
            return squares
        if self._key is None or x is self._key:
            return self._reduced(_squares(x))
        query, key = _squares(x), _squares(self._key)
        both = self._reduced(torch.cat([query.flatten(), key.flatten()]))
        self._key_squares = both[query.numel() :].view(key.shape)
        return both[: query.numel()].view(query.shape)

    def _reduced(self, squares: torch.Tensor) -> torch.Tensor:
        dist.all_reduce(squares, group=self.group)
        return squares


class AcrossHeadsRMSNorm(nn.Module):
    """Stands for an `nn.RMSNorm` over all heads; holds the weights of its own heads."""

    weight: torch.Tensor | None

    def __init__(self, whole: nn.RMSNorm, squares: SquaresOverRanks) -> None:
        super().__init__()
        self.squares = squares
        (self.width,) = whole.normalized_shape
        self.eps = whole.eps
        self.weight = whole.weight

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        eps = torch.finfo(x.dtype).eps if self.eps is None else self.eps
        y = x.float() * torch.rsqrt(self.squares.total(x) / self.width + eps)
        return (y if self.weight is None else y * self.weight.float()).to(x.dtype)


def _squares(x: torch.Tensor) -> torch.Tensor:
    return x.float().square().sum(-1, keepdim=True)
