"""Tensors in the nested arguments and outputs of a denoiser: found, replaced, put back.

A nest is a tensor, or a tuple, list, dict or diffusers output of nests, or anything else, which stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

import torch
from diffusers.utils.outputs import BaseOutput


def replaced(nest: Any, kind: type, change: Callable[[Any], Any]) -> Any:
    """The nest with `change(leaf)` in place of every leaf of that kind, in order."""
    match nest:
        case _ if isinstance(nest, kind):
            return change(nest)
        case BaseOutput():
            return type(nest)(**{name: replaced(inner, kind, change) for name, inner in nest.items()})
        case dict():
            entries = cast("dict[Any, Any]", nest)
            return {name: replaced(inner, kind, change) for name, inner in entries.items()}
        case tuple() if hasattr(nest, "_fields"):
            return type(nest)(*(replaced(inner, kind, change) for inner in nest))
        case list() | tuple():
            items = cast("list[Any] | tuple[Any, ...]", nest)
            return type(items)(replaced(inner, kind, change) for inner in items)
        case _:
            return nest


def mapped(nest: Any, change: Callable[[torch.Tensor], Any]) -> Any:
    """The nest with every tensor replaced."""
    return replaced(nest, torch.Tensor, change)


def leaves(nest: Any) -> list[torch.Tensor]:
    """Its tensors, in order."""
    found: list[torch.Tensor] = []
    mapped(nest, found.append)
    return found


def filled(nest: Any, tensors: Iterable[torch.Tensor]) -> Any:
    """The nest with other tensors in place of its own, in order."""
    others = iter(tensors)
    return mapped(nest, lambda _: next(others))


def joined(nests: Sequence[Any]) -> Any:
    """Nests of one form as one, their tensors joined on dim 0."""
    return filled(nests[0], [torch.cat(same) for same in zip(*map(leaves, nests), strict=True)])
