"""The rows of a denoiser's call: two calls as one batch, a batch as two halves. Unknown forms are left as they are.

first, second ─▶ as_batch ─▶ forward ─▶ as_two ─▶ outputs of both
batch of both ─▶ half(0 or 1) ─▶ forward on each half of the ranks
"""

from __future__ import annotations

from typing import Any

import torch

from farm.models.diffusion.parallel.forwards import Forward
from farm.models.diffusion.parallel.nest import joined, leaves, mapped
from farm.models.diffusion.parallel.wire import Arguments


def as_batch(forward: Forward | None, first: Arguments, second: Arguments) -> dict[str, Any] | None:
    """The arguments of one call for both; None where they do not fit into one batch."""
    if forward is None:
        return None
    rows = [name for name in first if name in forward.rows]
    for name in rows:
        if [_form(tensor) for tensor in leaves(first[name])] != [_form(tensor) for tensor in leaves(second[name])]:
            return None
    return {**first, **{name: joined([first[name], second[name]]) for name in rows}}


def as_two(output: Any) -> list[Any]:
    """The outputs of a batch's two halves."""
    return [mapped(output, lambda tensor: tensor.chunk(2)[0]), mapped(output, lambda tensor: tensor.chunk(2)[1])]


def halvable(forward: Forward, arguments: Arguments) -> bool:
    """Whether a batch has two halves: an even number of clips, each with one row or, as for its frames, several."""
    counts = {len(tensor) for tensor in _row_tensors(forward, arguments)} - {1}
    clips = min(counts, default=1)
    return clips % 2 == 0 and all(count % clips == 0 for count in counts)


def half(forward: Forward, arguments: Arguments, number: int) -> dict[str, Any]:
    """The arguments of one half of a batch that is `halvable`; what has one row, or none, holds for both."""

    def cut(tensor: torch.Tensor) -> torch.Tensor:
        return tensor.chunk(2)[number] if tensor.ndim and len(tensor) > 1 else tensor

    return {name: mapped(value, cut) if name in forward.rows else value for name, value in arguments.items()}


def _form(tensor: torch.Tensor) -> tuple[torch.Size, torch.dtype, torch.device]:
    return tensor.shape, tensor.dtype, tensor.device


def _row_tensors(forward: Forward, arguments: Arguments) -> list[torch.Tensor]:
    found = [tensor for name in arguments if name in forward.rows for tensor in leaves(arguments[name])]
    return [tensor for tensor in found if tensor.ndim]
