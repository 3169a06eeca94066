"""LoRAs merged into the weights while they are read, part by part.

    W[rows, cols] + scale * alpha / r * B[rows] A[:, cols]          r: the rank, A: (r, in), B: (out, r)

A part of the sum needs no more than the same part of W: rows of B, columns of A. So LoRAs are merged before a layer is
cut, and cost a running model nothing. Sums are made in fp32 and rounded once.

    safetensors ──names of other trainers (diffusers' own converters)──▶ layer, part ──check──▶ Factors by layer

Every name in the file must be understood and every shape must fit: a LoRA of another model is refused, never skipped.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from farm.errors import InputError
from farm.models.diffusion.parallel.cut import Cut
from farm.models.diffusion.parallel.lora import Lora
from farm.models.diffusion.parallel.weights import open_safetensors

Shapes = Mapping[str, Sequence[int]]

_CONVERTERS = {
    "WanTransformer3DModel": "WanLoraLoaderMixin",
    "LTXVideoTransformer3DModel": "LTXVideoLoraLoaderMixin",
    "LTX2VideoTransformer3DModel": "LTX2LoraLoaderMixin",
}
"""Mixins of `diffusers.loaders` that know how other trainers name these models' layers."""
_FOREIGN = ("diffusion_model.", "lora_unet_")
_DENOISERS = ("transformer", "transformer_2", "unet")
_OTHERS = ("text_encoder", "text_encoder_2", "connectors")
_PART = re.compile(
    r"(?P<layer>.+?)\.(?:"
    r"(?P<down>lora_A(?:\.\w+)?\.weight|lora_down\.weight|lora\.down\.weight)"
    r"|(?P<up>lora_B(?:\.\w+)?\.weight|lora_up\.weight|lora\.up\.weight)"
    r"|(?P<bias>lora_B(?:\.\w+)?\.bias)"
    r"|(?P<alpha>alpha))"
)


@dataclass(slots=True)
class Factors:
    """What one LoRA adds to one layer."""

    down: torch.Tensor
    up: torch.Tensor
    strength: float
    bias: torch.Tensor | None = None


class Merge:
    """Everything some LoRAs add to a denoiser."""

    def __init__(self, by_layer: Mapping[str, Sequence[Factors]]) -> None:
        self._by_layer = by_layer

    @classmethod
    def read(cls, loras: Sequence[Lora], *, denoiser: str, class_name: str, shapes: Shapes) -> Merge:
        """The LoRAs meant for `denoiser` (its folder's name), whose tensors have these shapes.

        InputError names the file and the first key that has no place in it.
        """
        by_layer: dict[str, list[Factors]] = {}
        for lora in loras:
            if lora.denoiser in {"", denoiser}:
                for layer, factors in _read(lora, denoiser, class_name, shapes):
                    by_layer.setdefault(layer, []).append(factors)
        return cls(by_layer)

    def into(self, name: str, part: torch.Tensor, cut: Cut | None) -> torch.Tensor:
        """The part of parameter `name` with its changes added; fp32 where there are any."""
        layer, _, kind = name.rpartition(".")
        for factors in self._by_layer.get(layer, ()):
            change = _weight(factors, part, cut) if kind == "weight" else _bias(factors, part, cut)
            part = part.float() + factors.strength * change
        return part


def _weight(factors: Factors, part: torch.Tensor, cut: Cut | None) -> torch.Tensor:
    up, down = factors.up, factors.down
    if cut is not None and cut.dim == 0:
        up = up[cut.span(len(up))]
    if cut is not None and cut.dim == 1:
        down = down[:, cut.span(down.shape[1])]
    to = {"device": part.device, "dtype": torch.float32}
    return (up.to(**to).flatten(1) @ down.to(**to).flatten(1)).view(part.shape)


def _bias(factors: Factors, part: torch.Tensor, cut: Cut | None) -> torch.Tensor:
    if factors.bias is None:
        return torch.zeros_like(part, dtype=torch.float32)
    bias = factors.bias if cut is None else factors.bias[cut.span(len(factors.bias))]
    return bias.to(device=part.device, dtype=torch.float32)


def _read(lora: Lora, denoiser: str, class_name: str, shapes: Shapes) -> Iterator[tuple[str, Factors]]:
    with open_safetensors(lora.file) as file:
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118  # it is no mapping
        settings = _settings(file.metadata(), denoiser)
    layers: dict[str, dict[str, torch.Tensor]] = {}
    for key, tensor in _own_names(lora.file, tensors, class_name, denoiser).items():
        match = _PART.fullmatch(key)
        if match is None or f"{match['layer']}.weight" not in shapes:
            raise InputError(f'{lora.file}: "{key}" has no place in {class_name}; this LoRA is for another model')
        layers.setdefault(match["layer"], {})[str(match.lastgroup)] = tensor
    for layer, parts in layers.items():
        yield layer, _factors(lora, layer, parts, shapes, settings)


def _own_names(
    path: Path, tensors: Mapping[str, torch.Tensor], class_name: str, denoiser: str
) -> dict[str, torch.Tensor]:
    """Keys as the class names its layers, of those that are for this denoiser."""
    if any(key.startswith(_FOREIGN) for key in tensors) and class_name in _CONVERTERS:
        tensors = _converted(path, tensors, class_name)
    by_owner: dict[str, dict[str, torch.Tensor]] = {}
    for key, tensor in tensors.items():
        owner, _, rest = key.removeprefix("base_model.model.").removeprefix("diffusion_model.").partition(".")
        if owner in _OTHERS:
            raise InputError(f'{path}: "{key}" changes the {owner}; only LoRAs of the denoiser alone can be used')
        owned = owner in _DENOISERS
        by_owner.setdefault(owner if owned else "", {})[rest if owned else f"{owner}.{rest}"] = tensor
    named = by_owner.keys() - {""}
    chosen = denoiser if len(named) > 1 else next(iter(named), "")
    return by_owner.get("", {}) | by_owner.get(chosen, {})


def _converted(path: Path, tensors: Mapping[str, torch.Tensor], class_name: str) -> dict[str, torch.Tensor]:
    from diffusers import loaders

    try:
        return getattr(loaders, _CONVERTERS[class_name]).lora_state_dict(dict(tensors))
    except (ValueError, KeyError) as error:
        raise InputError(f"{path}: its names are not those of a LoRA for {class_name} ({error})") from error


def _factors(
    lora: Lora, layer: str, parts: Mapping[str, torch.Tensor], shapes: Shapes, settings: Mapping[str, Any]
) -> Factors:
    if "down" not in parts or "up" not in parts:
        raise InputError(f'{lora.file}: "{layer}" has one of its two factors; the file is incomplete, fetch it again')
    down, up = parts["down"], parts["up"]
    shape, rank = list(shapes[f"{layer}.weight"]), down.shape[0]
    fits = list(down.shape[1:]) == shape[1:] and up.shape[0] == shape[0] and math.prod(up.shape[1:]) == rank
    if not fits:
        raise InputError(
            f'{lora.file}: "{layer}" has factors {list(up.shape)} and {list(down.shape)}, and its weight is {shape}; '
            "this LoRA is for another model"
        )
    bias = parts.get("bias")
    if bias is not None and list(bias.shape) != list(shapes.get(f"{layer}.bias", ())):
        raise InputError(f'{lora.file}: "{layer}" has no bias of {list(bias.shape)}; this LoRA is for another model')
    alpha = float(parts["alpha"]) if "alpha" in parts else _alpha(layer, rank, settings)
    return Factors(down, up, lora.scale * alpha / (math.sqrt(rank) if settings.get("use_rslora") else rank), bias)


def _alpha(layer: str, rank: int, settings: Mapping[str, Any]) -> float:
    """As peft reads its settings: a pattern that ends the layer's name, else the common one, else no scaling."""
    for pattern, alpha in (settings.get("alpha_pattern") or {}).items():
        if re.fullmatch(rf"(?:.*\.)?(?:{pattern})", layer):
            return float(alpha)
    return float(settings.get("lora_alpha", rank))


def _settings(metadata: Mapping[str, str] | None, denoiser: str) -> dict[str, Any]:
    """What peft was told when the file was saved, where diffusers keeps it in the header."""
    saved = json.loads((metadata or {}).get("lora_adapter_metadata", "{}"))
    for owner in (denoiser, "transformer"):
        prefix = f"{owner}."
        if any(key.startswith(prefix) for key in saved):
            return {key.removeprefix(prefix): value for key, value in saved.items() if key.startswith(prefix)}
    return saved
