"""A denoiser from its folder: whole, or the part of one tensor-parallel rank; the same class, called in the same way.

    config.json ──▶ model without weights ──split(layout)──▶ a rank's shapes ──weights, LoRAs──▶ on its device

Memory is spent last, one tensor at a time, on what this rank holds. One rank alone reads the same as diffusers'
`from_pretrained` does, bit for bit; parameters take no gradients.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import accelerate
import diffusers
import torch
from diffusers.models.modeling_utils import ModelMixin, no_init_weights
from torch import nn

from farm.errors import InputError
from farm.models.diffusion.parallel.cut import ShardOf
from farm.models.diffusion.parallel.facts import Facts
from farm.models.diffusion.parallel.layouts import LAYOUTS, Layout
from farm.models.diffusion.parallel.lora import Lora
from farm.models.diffusion.parallel.merge import Merge
from farm.models.diffusion.parallel.plan import ParallelPlan, validate
from farm.models.diffusion.parallel.split import Cuts, split
from farm.models.diffusion.parallel.weights import Weights, open_weights, read_config

__all__ = ["ShardOf", "load_denoiser", "weight_bytes"]

_log = logging.getLogger(__name__)


def load_denoiser(
    folder: Path,
    *,
    tp: ShardOf,
    dtype: torch.dtype,
    device: torch.device,
    loras: Sequence[Lora] = (),
    layouts: Mapping[str, Layout] = LAYOUTS,
) -> nn.Module:
    """The denoiser in `folder`, or this rank's part of it, with the LoRAs merged in.

    `folder` holds config.json and safetensors (one file, or an index and its files) of one diffusers model. Raises
    `InputError` for files that are missing, not whole or of another model, a LoRA that does not fit, and a degree
    that does not divide; all of it before a weight is read.
    """
    config = read_config(folder)
    validate(ParallelPlan(tp=tp.degree), Facts.of(config))
    with open_weights(folder) as weights:
        model = _empty(config, dtype, folder)
        shapes = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
        weights.check(shapes)
        _tell_unused(weights, shapes, model)
        merge = Merge.read(loras, denoiser=folder.name, class_name=type(model).__name__, shapes=shapes)
        cuts = split(model, layouts[type(model).__name__], tp) if tp.degree > 1 else {}
        _fill(model, weights, cuts, merge, dtype, device)
        _log.info("%s: rank %d of %d read %d bytes", folder, tp.rank, tp.degree, weights.bytes_read)
    model.register_to_config(_name_or_path=str(folder))
    return model.to(device).eval().requires_grad_(False)


def weight_bytes(class_name: str, config: Mapping[str, Any], *, degree: int, dtype: torch.dtype) -> int:
    """Bytes of what a checkpoint fills, on each rank; no weights are needed, none are made."""
    model = _empty({**config, "_class_name": class_name}, dtype, Path(class_name))
    if degree > 1:
        split(model, LAYOUTS[class_name], ShardOf(0, degree))
    return sum(
        tensor.numel() * (_stored(type(model), name, dtype) if tensor.is_floating_point() else tensor.dtype).itemsize
        for name, tensor in model.state_dict().items()
    )


def _fill(
    model: nn.Module, weights: Weights, cuts: Cuts, merge: Merge, dtype: torch.dtype, device: torch.device
) -> None:
    for name in model.state_dict():
        value = merge.into(name, weights.part(name, cuts.get(name), device), cuts.get(name))
        if value.is_floating_point():
            value = value.to(_stored(type(model), name, dtype))
        parent, _, child = name.rpartition(".")
        owner = model.get_submodule(parent)
        is_parameter = isinstance(getattr(owner, child), nn.Parameter)
        setattr(owner, child, nn.Parameter(value, requires_grad=False) if is_parameter else value)


def _stored(denoiser: type, name: str, dtype: torch.dtype) -> torch.dtype:
    """The type a parameter is kept in: some classes keep some modules in fp32, whatever is asked for."""
    kept = getattr(denoiser, "_keep_in_fp32_modules", None) or []
    return torch.float32 if set(name.split(".")) & set(kept) else dtype


def _empty(config: Mapping[str, Any], dtype: torch.dtype, folder: Path) -> Any:
    """The model of this config: parameters on the meta device, buffers that no file holds computed."""
    denoiser = getattr(diffusers, config["_class_name"], None)
    if not (isinstance(denoiser, type) and issubclass(denoiser, ModelMixin)):
        raise InputError(f"{folder}: config.json names {config['_class_name']}, which is no model of diffusers here")
    try:
        with _default_dtype(dtype), no_init_weights(), accelerate.init_empty_weights(include_buffers=False):
            return denoiser.from_config(dict(config))  # pyright: ignore[reportAttributeAccessIssue]
    except (TypeError, ValueError, KeyError, ZeroDivisionError) as error:
        raise InputError(f"{folder}: its config.json makes no {config['_class_name']} ({error})") from error


@contextmanager
def _default_dtype(dtype: torch.dtype) -> Iterator[None]:
    """Buffers are computed under the type asked for, as `from_pretrained` does."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def _tell_unused(weights: Weights, shapes: Mapping[str, Sequence[int]], model: nn.Module) -> None:
    ignored = getattr(model, "_keys_to_ignore_on_load_unexpected", None) or []
    unused = sorted(
        name for name in weights.names - shapes.keys() if not any(re.search(pattern, name) for pattern in ignored)
    )
    if unused:
        _log.warning("%s: %d tensors are not used by its class, among them %s", weights.folder, len(unused), unused[0])
