"""Which part of a tensor a rank holds: equal pieces along one dimension, in order of the ranks. Without torch.

Cut(dim=1, rank=1, degree=2) of (4, 6) ──▶ [:, 3:6]
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch.distributed import ProcessGroup


@dataclass(frozen=True, slots=True)
class ShardOf:
    """A rank's place among the ranks that share one denoiser's weights."""

    rank: int = 0
    degree: int = 1
    group: ProcessGroup | None = None
    """The ranks that add up and gather; None where nothing is run, or where there is one rank."""

    def cut(self, dim: int) -> Cut:
        """Its part along `dim`."""
        return Cut(dim, self.rank, self.degree)


@dataclass(frozen=True, slots=True)
class Cut:
    """One of `degree` equal parts along a dimension that `degree` divides."""

    dim: int
    rank: int
    degree: int

    def span(self, size: int) -> slice:
        """Along the cut dimension of that size."""
        length = size // self.degree
        return slice(self.rank * length, (self.rank + 1) * length)

    def index(self, shape: Sequence[int]) -> tuple[slice, ...]:
        """Into a tensor of that shape."""
        return tuple(self.span(size) if dim == self.dim else slice(None) for dim, size in enumerate(shape))

    def shape(self, whole: Sequence[int]) -> tuple[int, ...]:
        """Of the part."""
        return tuple(size // self.degree if dim == self.dim else size for dim, size in enumerate(whole))
