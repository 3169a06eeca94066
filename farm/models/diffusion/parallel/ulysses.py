"""Ulysses: each rank holds a part of the clip's tokens, and, while attention runs, all tokens of a part of the heads.

    hidden states ──split──▶ blocks on 1/n of the tokens ─┬ self-attention: all-to-all, heads for tokens, and back
                                                          └ text, feed-forward: on this rank's tokens, nothing sent
    output ◀──gathered── on every rank

diffusers does it (`_cp_plan`, `apply_context_parallel`, the processors' `_parallel_config`), one level below the checks
that refuse the CPU. What its own plans leave open, or do more than is needed, is in `SPLITS`: the text stays whole, so
that cross-attention sends nothing and its masks keep their form; timesteps that stand for tokens are split with them;
LTX-2's rotary embeddings are split where its variant has the tokens, those between clip and sound too.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from diffusers.hooks.context_parallel import apply_context_parallel
from diffusers.models._modeling_parallel import (
    ContextParallelConfig,
    ContextParallelInput,
    ParallelConfig,
)
from torch.distributed.device_mesh import DeviceMesh

from farm.errors import InputError
from farm.models.diffusion.parallel.group import Axis

Plan = dict[str, Any]
"""As diffusers has it: module -> how its arguments or outputs are split or gathered."""


@dataclass(frozen=True, slots=True)
class Split:
    """How one class's tokens are split."""

    plan: Callable[[Any], Plan]
    attentions: tuple[str, ...]
    """Names of the attentions, within a block, that exchange heads for tokens: those with clip tokens as keys."""
    per_token: tuple[str, ...] = ()
    """Arguments that may have one entry for each token, on dim 1."""


def split_tokens(module: Any, axis: Axis) -> None:
    """Make this rank's module work on its part of the tokens. `InputError` where that cannot be."""
    name = type(module).__name__
    if name not in SPLITS:
        raise InputError(f"{name} cannot be split over ulysses; it can for {', '.join(sorted(SPLITS))}")
    split = SPLITS[name]
    config = _config(axis, next(module.parameters()).device.type)
    for path, attention in module.named_modules():
        if path.rpartition(".")[2] in split.attentions:
            if attention.heads % axis.degree:
                raise InputError(
                    f"ulysses{axis.degree} does not divide the {attention.heads} heads of {name} on a rank"
                )
            attention.processor._parallel_config = ParallelConfig(context_parallel_config=config)
    apply_context_parallel(module, config, split.plan(module))
    module.forward = _with_tokens_split(module, split, axis)


def _config(axis: Axis, device: str) -> ContextParallelConfig:
    """What `ContextParallelConfig.setup` would make of a mesh of all ranks, for the ranks of one axis."""
    assert axis.group, "ulysses runs over a group"
    config = ContextParallelConfig(ulysses_degree=axis.degree)
    mesh = DeviceMesh.from_group(axis.group, device)
    config._rank, config._world_size, config._device = axis.rank, axis.degree, torch.device(device)
    config._mesh = config._flattened_mesh = config._ulysses_mesh = mesh
    config._ulysses_local_rank, config._ring_local_rank = axis.rank, 0
    return config


def _with_tokens_split(module: Any, split: Split, axis: Axis) -> Callable[..., Any]:
    """The module's forward, which splits what has one entry for each token."""
    inner = module.forward

    @functools.wraps(inner)
    def forward(**arguments: Any) -> Any:
        tokens = _tokens(module, arguments["hidden_states"])
        if tokens % axis.degree:
            raise InputError(f"ulysses{axis.degree} does not divide the {tokens} tokens of this clip; change its size")
        for name in split.per_token:
            value = arguments.get(name)
            if value is not None and value.ndim > 1 and value.shape[1] == tokens:
                arguments[name] = value.chunk(axis.degree, dim=1)[axis.rank]
        return inner(**arguments)

    return forward


def _tokens(module: Any, hidden_states: torch.Tensor) -> int:
    """Of the clip: packed already, (batch, tokens, channels), or still to be cut into patches."""
    if hidden_states.ndim == 3:
        return hidden_states.shape[1]
    sizes = zip(hidden_states.shape[2:], module.config.patch_size, strict=True)
    return math.prod(size // patch for size, patch in sizes)


def _wan(module: Any) -> Plan:
    return {path: how for path, how in module._cp_plan.items() if path}


def _ltx(module: Any) -> Plan:
    return {**module._cp_plan, "": {"hidden_states": module._cp_plan[""]["hidden_states"]}}


def _ltx2(module: Any) -> Plan:
    by_head = module.config.rope_type == "split"  # (batch, heads, tokens, …), else (batch, tokens, …)
    rotary = ContextParallelInput(split_dim=2 if by_head else 1, expected_dims=4 if by_head else 3, split_output=True)
    return {**_ltx(module), "rope": {0: rotary, 1: rotary}, "cross_attn_rope": {0: rotary, 1: rotary}}


SPLITS: Mapping[str, Split] = {
    "WanTransformer3DModel": Split(_wan, ("attn1",), ("timestep",)),
    "LTXVideoTransformer3DModel": Split(_ltx, ("attn1",), ("timestep",)),
    "LTX2VideoTransformer3DModel": Split(
        _ltx2,
        ("attn1", "video_to_audio_attn"),
        ("timestep", "video_keyframes_mask"),
    ),
}
"""By class name."""
