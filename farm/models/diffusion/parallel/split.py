"""Applying a layout to a denoiser that has no weights yet.

    model on the meta device, Layout, ShardOf ──split──▶ the same model with a rank's shapes, and each parameter's Cut

Nothing is copied: parameters are still shapes. `weights` then reads exactly what they ask for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, TypeVar, cast

import torch
from torch import nn

from farm.models.diffusion.parallel.cut import Cut, ShardOf
from farm.models.diffusion.parallel.layouts import Layout
from farm.models.diffusion.parallel.linears import GatheredLinear, RowLinear
from farm.models.diffusion.parallel.norms import AcrossHeadsRMSNorm, SquaresOverRanks
from farm.models.diffusion.parallel.rope import cut_rope

Cuts = dict[str, Cut]
"""By parameter; those without one are whole."""
M = TypeVar("M", bound=nn.Module)


def split(model: nn.Module, layout: Layout, tp: ShardOf) -> Cuts:
    """Give `model` the shapes and modules of one rank; the degree must divide what it cuts (`plan.validate`)."""
    cuts: Cuts = {}
    for name, column in _named(model, layout.columns, nn.Module):
        cuts |= _cut(name, column, weight=tp.cut(0), bias=tp.cut(0))
        if isinstance(column, nn.RMSNorm):  # one that norms what a rank holds, on its own
            column.normalized_shape = tp.cut(0).shape(column.normalized_shape)
    for name, row in _named(model, layout.rows, nn.Linear):
        cuts |= _cut(name, row, weight=tp.cut(1))
        _replace(model, name, RowLinear(row, tp))
    for name, gathered in _named(model, layout.gathered, nn.Linear):
        cuts |= _cut(name, gathered, weight=tp.cut(0), bias=tp.cut(0))
        _replace(model, name, GatheredLinear(gathered, tp))
    cuts |= _split_norms(model, layout, tp)
    for _, attention in _named(model, layout.heads, nn.Module):
        cast("Any", attention).heads //= tp.degree
    for rope in layout.ropes:
        for _, module in _named(model, (rope.module,), nn.Module):
            cut_rope(module, rope, tp)
    return cuts


def _split_norms(model: nn.Module, layout: Layout, tp: ShardOf) -> Cuts:
    """Norms over all heads; a `norm_q` and a `norm_k` of one attention share their sums."""
    cuts: Cuts = {}
    norms = dict(_named(model, layout.norms, nn.RMSNorm))
    for name, norm in norms.items():
        cuts |= _cut(name, norm, weight=tp.cut(0))
    for name, norm in norms.items():
        attention, _, kind = name.rpartition(".")
        key = norms.get(f"{attention}.norm_k")
        if kind == "norm_k" and f"{attention}.norm_q" in norms:
            continue  # with its norm_q
        squares = SquaresOverRanks(tp)
        _replace(model, name, AcrossHeadsRMSNorm(norm, squares))
        if kind == "norm_q" and key is not None:
            _replace(model, f"{attention}.norm_k", AcrossHeadsRMSNorm(key, squares))
            model.get_submodule(f"{attention}.to_k").register_forward_hook(squares.note_key)
    return cuts


def _named(model: nn.Module, patterns: tuple[str, ...], kind: type[M]) -> Iterator[tuple[str, M]]:
    """Modules by pattern. A pattern that must fit and does not is a layout for another version of the class."""
    modules = dict(model.named_modules())
    for pattern in patterns:
        path = re.compile(re.escape(pattern.removesuffix("?")).replace(r"\*", r"[^.]+"))
        found = [(name, module) for name, module in modules.items() if path.fullmatch(name)]
        wrong = [name for name, module in found if not isinstance(module, kind)]
        if wrong or not (found or pattern.endswith("?")):
            raise LookupError(
                f"{type(model).__name__} has no {kind.__name__} {pattern}: its layout was read from another diffusers"
            )
        yield from found  # pyright: ignore[reportReturnType]  # all of that kind


def _cut(name: str, module: nn.Module, **by_parameter: Cut) -> Cuts:
    """Give the module's parameters the shapes of their parts."""
    cuts: Cuts = {}
    for parameter, cut in by_parameter.items():
        whole = getattr(module, parameter, None)
        if whole is not None:
            part = torch.empty(cut.shape(whole.shape), dtype=whole.dtype, device=whole.device)
            setattr(module, parameter, nn.Parameter(part, requires_grad=False))
            cuts[f"{name}.{parameter}"] = cut
    return cuts


def _replace(model: nn.Module, name: str, module: nn.Module) -> None:
    parent, _, child = name.rpartition(".")
    setattr(model.get_submodule(parent), child, module)
