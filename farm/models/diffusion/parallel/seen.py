"""A tensor as it was when it was seen: the same object, not changed in place since."""

from __future__ import annotations

from typing import Any

import torch

from farm.models.diffusion.parallel.nest import mapped


class Seen:
    """Holds the tensor, so that its identity stays its own."""

    __slots__ = ("_version", "tensor")

    def __init__(self, tensor: torch.Tensor) -> None:
        self.tensor = tensor
        self._version = _changes(tensor)

    def still(self, tensor: torch.Tensor) -> bool:
        return tensor is self.tensor and self._version is not None and _changes(tensor) == self._version


def _changes(tensor: torch.Tensor) -> int | None:
    """How often it was changed in place; None for what inference mode made, which does not count."""
    return None if tensor.is_inference() else tensor._version


def snapshot(nest: Any) -> Any:
    """A nest to compare others with (`same`)."""
    return mapped(nest, Seen)


def same(before: Any, now: Any) -> bool:
    """Whether a nest holds the very tensors of a snapshot, unchanged, and equal values otherwise."""
    match before:
        case Seen():
            return isinstance(now, torch.Tensor) and before.still(now)
        case dict():
            return (
                isinstance(now, dict)
                and before.keys() == now.keys()
                and all(same(v, now[k]) for k, v in before.items())
            )
        case list() | tuple():
            return (
                isinstance(now, list | tuple)
                and len(before) == len(now)
                and all(same(*pair) for pair in zip(before, now, strict=True))
            )
        case _:
            return not isinstance(now, torch.Tensor) and bool(before == now)
