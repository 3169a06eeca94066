"""A tensor as bytes: what gloo and NCCL both carry, whatever its dtype."""

from __future__ import annotations

import torch


def to_octets(tensor: torch.Tensor) -> torch.Tensor:
    """Its content, (bytes,) uint8."""
    return torch.cat([tensor.detach().reshape(-1)]).view(torch.uint8)  # copied: a row of one may have any stride


def from_octets(octets: torch.Tensor, dtype: torch.dtype, shape: torch.Size) -> torch.Tensor:
    """The tensor that has this content."""
    return octets.view(dtype).reshape(shape)
