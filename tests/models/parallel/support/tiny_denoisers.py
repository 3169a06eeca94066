"""Tiny denoisers of every class with a layout, saved as a checkpoint is, with fresh random inputs.

Four heads, so that degrees 2 and 4 divide; widths that keep every branch of the class alive. Weights are perturbed
after initialisation: norm weights of one and biases of zero would hide what a wrong layout does to them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import diffusers
import torch

Inputs = dict[str, Any]
BATCH = 2


@dataclass(frozen=True)
class Case:
    """One denoiser and how it is called."""

    class_name: str
    config: Mapping[str, Any]
    inputs: Callable[[], Inputs]

    def save(self, folder: Path) -> None:
        """A checkpoint with random, perturbed weights."""
        model = getattr(diffusers, self.class_name)(**self.config)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter += (0.3 if parameter.ndim == 1 else 0.02) * torch.randn_like(parameter)
        model.save_pretrained(folder)


def outputs(model: torch.nn.Module, inputs: Inputs) -> tuple[torch.Tensor, ...]:
    with torch.no_grad():
        return model(**inputs, return_dict=False)


def _wan_inputs(**more: Any) -> Callable[[], Inputs]:
    def inputs() -> Inputs:
        return {
            "hidden_states": torch.randn(BATCH, 4, 3, 4, 6),
            "timestep": torch.rand(BATCH) * 1000,
            "encoder_hidden_states": torch.randn(BATCH, 512, 16),
        } | {name: make() for name, make in more.items()}

    return inputs


def _ltx_inputs() -> Inputs:
    mask = torch.ones(BATCH, 5)
    mask[1, 3:] = 0
    return {
        "hidden_states": torch.randn(BATCH, 2 * 3 * 4, 8),
        "encoder_hidden_states": torch.randn(BATCH, 5, 16),
        "timestep": torch.rand(BATCH, 1) * 1000,
        "encoder_attention_mask": mask,
        "num_frames": 2,
        "height": 3,
        "width": 4,
    }


def _ltx2_inputs(channels: tuple[int, int] = (16, 16), **more: Any) -> Callable[[], Inputs]:
    def inputs() -> Inputs:
        video = _ltx_inputs() | {"encoder_hidden_states": torch.randn(BATCH, 5, channels[0])}
        return (
            video
            | {
                "audio_hidden_states": torch.randn(BATCH, 7, 8),
                "audio_encoder_hidden_states": torch.randn(BATCH, 5, channels[1]),
                "audio_encoder_attention_mask": video["encoder_attention_mask"],
                "audio_num_frames": 7,
                "sigma": torch.rand(BATCH) * 1000,
                "fps": 24.0,
            }
            | {name: make() for name, make in more.items()}
        )

    return inputs


def _cog_inputs(frames: int, **more: Any) -> Callable[[], Inputs]:
    def inputs() -> Inputs:
        angle = torch.rand(frames * 2 * 3, 8)
        return {
            "hidden_states": torch.randn(BATCH, 2, 4, 4, 6),
            "encoder_hidden_states": torch.randn(BATCH, 5, 16),
            "timestep": torch.randint(0, 1000, (BATCH,)),
            "image_rotary_emb": (angle.cos(), angle.sin()),
        } | {name: make() for name, make in more.items()}

    return inputs


def _hunyuan_inputs() -> Inputs:
    text, glyphs = torch.ones(BATCH, 6), torch.ones(BATCH, 4)
    text[1, 4:] = 0
    glyphs[0, 2:] = 0
    return {
        "hidden_states": torch.randn(BATCH, 5, 2, 4, 6),
        "timestep": torch.rand(BATCH) * 1000,
        "encoder_hidden_states": torch.randn(BATCH, 6, 16),
        "encoder_attention_mask": text,
        "encoder_hidden_states_2": torch.randn(BATCH, 4, 12),
        "encoder_attention_mask_2": glyphs,
        "image_embeds": torch.randn(BATCH, 3, 20),
    }


_WAN = {
    "num_attention_heads": 4,
    "attention_head_dim": 12,
    "in_channels": 4,
    "out_channels": 4,
    "text_dim": 16,
    "freq_dim": 16,
    "ffn_dim": 56,
    "num_layers": 2,
    "rope_max_seq_len": 32,
}
_LTX = {
    "in_channels": 8,
    "out_channels": 8,
    "num_attention_heads": 4,
    "attention_head_dim": 10,  # 40 channels: 6 does not divide them, so the first four are not rotated
    "cross_attention_dim": 40,
    "num_layers": 2,
    "caption_channels": 16,
}
_LTX2 = _LTX | {
    "attention_head_dim": 12,
    "cross_attention_dim": 48,
    "audio_in_channels": 8,
    "audio_out_channels": 8,
    "audio_num_attention_heads": 4,
    "audio_attention_head_dim": 6,
    "audio_cross_attention_dim": 24,
}
_COG = {
    "num_attention_heads": 4,
    "attention_head_dim": 8,
    "in_channels": 4,
    "out_channels": 4,
    "time_embed_dim": 12,
    "text_embed_dim": 16,
    "num_layers": 2,
    "sample_width": 6,
    "sample_height": 4,
    "sample_frames": 5,
    "max_text_seq_length": 5,
    "use_rotary_positional_embeddings": True,
}
_HUNYUAN = {
    "in_channels": 5,
    "out_channels": 4,
    "num_attention_heads": 4,
    "attention_head_dim": 12,
    "num_layers": 2,
    "num_refiner_layers": 1,
    "text_embed_dim": 16,
    "text_embed_2_dim": 12,
    "image_embed_dim": 20,
    "rope_axes_dim": (4, 4, 4),
}

CASES: Mapping[str, Case] = {
    "wan": Case("WanTransformer3DModel", _WAN, _wan_inputs()),
    "wan with image": Case(
        "WanTransformer3DModel",
        _WAN | {"image_dim": 20, "added_kv_proj_dim": 48},
        _wan_inputs(encoder_hidden_states_image=lambda: torch.randn(BATCH, 9, 20)),
    ),
    "wan, a time per token": Case(
        "WanTransformer3DModel", _WAN, _wan_inputs(timestep=lambda: torch.rand(BATCH, 3 * 2 * 3) * 1000)
    ),
    "ltx": Case("LTXVideoTransformer3DModel", _LTX, _ltx_inputs),
    "ltx2": Case("LTX2VideoTransformer3DModel", _LTX2, _ltx2_inputs()),
    "ltx2 gated, split rope": Case(
        "LTX2VideoTransformer3DModel",
        _LTX2
        | {
            "rope_type": "split",
            "gated_attn": True,
            "audio_gated_attn": True,
            "cross_attn_mod": True,
            "audio_cross_attn_mod": True,
            "use_prompt_embeddings": False,
            "perturbed_attn": True,
            "ff_bias": False,
        },
        _ltx2_inputs(
            (48, 24),
            use_cross_timestep=lambda: True,
            spatio_temporal_guidance_blocks=lambda: [1],
            perturbation_mask=lambda: torch.tensor([0.0, 1.0]),
        ),
    ),
    "cogvideox": Case(
        "CogVideoXTransformer3DModel", _COG | {"use_learned_positional_embeddings": True}, _cog_inputs(2)
    ),
    "cogvideox 1.5": Case(
        "CogVideoXTransformer3DModel",
        _COG | {"patch_size_t": 2, "ofs_embed_dim": 12, "patch_bias": False},
        _cog_inputs(1, ofs=lambda: torch.full((BATCH,), 2.0)),
    ),
    "hunyuan15": Case("HunyuanVideo15Transformer3DModel", _HUNYUAN, _hunyuan_inputs),
}
ACROSS_HEADS = ("wan", "wan with image", "ltx", "ltx2")
"""Those whose q and k norms span all heads."""
