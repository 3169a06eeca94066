"""A denoiser's numbers that decide how it can be split, read from its config.json: no torch, no weights.

config.json, latent size ──Facts.of──▶ heads, widths, tokens, axes
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from farm.errors import InputError
from farm.models.diffusion.parallel.layouts import LAYOUTS

Config = Mapping[str, Any]
Numbers = dict[str, int]

ULYSSES = frozenset({"WanTransformer3DModel", "LTXVideoTransformer3DModel", "LTX2VideoTransformer3DModel"})
"""Classes for which diffusers has a context-parallel plan (`_cp_plan`)."""
_SPLITS_TEXT = frozenset({"LTXVideoTransformer3DModel", "LTX2VideoTransformer3DModel"})
"""Of these, the ones whose plan splits the text tokens too."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a plan is checked against. Names are words for messages: "attention heads", "audio tokens"."""

    denoiser: str
    """Its class."""
    axes: frozenset[str]
    """Of "cfg", "ulysses", "tp"."""
    heads: Numbers = field(default_factory=dict[str, int])
    widths: Numbers = field(default_factory=dict[str, int])
    """Inner widths of its feed-forwards."""
    sequences: Numbers = field(default_factory=dict[str, int])
    """Token counts that Ulysses splits; empty when no size was asked yet."""
    guided: bool = True
    """Whether each step takes two passes."""

    @classmethod
    def of(
        cls, config: Config, *, latent: tuple[int, int, int] | None = None, text_tokens: int = 0, guided: bool = True
    ) -> Facts:
        """Of the denoiser with this config.json, for latents of (frames, height, width) if they are known."""
        name = str(config["_class_name"])
        axes = {"cfg"} | _axis(name in ULYSSES, "ulysses") | _axis(name in LAYOUTS, "tp")
        heads, widths = _NUMBERS[name](config) if name in _NUMBERS else ({}, {})
        sequences = {} if latent is None else {"tokens in this clip": _tokens(config, latent)}
        if text_tokens and name in _SPLITS_TEXT:
            sequences["text tokens"] = text_tokens
        return cls(name, frozenset(axes), heads, widths, sequences, guided)


def _axis(has: bool, axis: str) -> set[str]:
    return {axis} if has else set()


def _tokens(config: Config, latent: tuple[int, int, int]) -> int:
    """Latent voxels over the patch: [1, 2, 2], or one number for space and perhaps one for time."""
    patch = config.get("patch_size") or 1
    across = patch if isinstance(patch, list | tuple) else (config.get("patch_size_t") or 1, patch, patch)
    frames, height, width = (size // step for size, step in zip(latent, across, strict=True))
    return frames * height * width


def _number(config: Config, key: str) -> int:
    if not isinstance(config.get(key), int):
        raise InputError(
            f"config.json of {config['_class_name']} has no number {key}; take the one its weights came with"
        )
    return config[key]


def _wan(config: Config) -> tuple[Numbers, Numbers]:
    return (
        {"attention heads": _number(config, "num_attention_heads")},
        {"feed-forward channels": _number(config, "ffn_dim")},
    )


def _fourfold(config: Config) -> tuple[Numbers, Numbers]:
    """Feed-forwards four times as wide as the stream, or `mlp_ratio` times."""
    heads = _number(config, "num_attention_heads")
    width = int(heads * _number(config, "attention_head_dim") * config.get("mlp_ratio", 4))
    return {"attention heads": heads}, {"feed-forward channels": width}


def _with_audio(config: Config) -> tuple[Numbers, Numbers]:
    heads, widths = _fourfold(config)
    audio = _number(config, "audio_num_attention_heads")
    width = 4 * audio * _number(config, "audio_attention_head_dim")
    return heads | {"audio attention heads": audio}, widths | {"audio feed-forward channels": width}


_NUMBERS: Mapping[str, Callable[[Config], tuple[Numbers, Numbers]]] = {
    "WanTransformer3DModel": _wan,
    "LTXVideoTransformer3DModel": _fourfold,
    "LTX2VideoTransformer3DModel": _with_audio,
    "CogVideoXTransformer3DModel": _fourfold,
    "HunyuanVideo15Transformer3DModel": _fourfold,
}
