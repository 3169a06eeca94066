"""Denoisers of every family, from configuration with random weights: as diffusers saves them, and calls for them.

save("wan", folder)   config.json and safetensors, norms and biases away from their neutral values
calls("wan", step)    what the family's pipeline passes in one step: two calls, or one with both passes in its batch
wan_pipeline(…)       the real image-to-video pipeline around a denoiser
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from diffusers import ModelMixin

_WAN = {
    "patch_size": (1, 2, 2),
    "num_attention_heads": 4,
    "attention_head_dim": 12,
    "in_channels": 36,
    "out_channels": 16,
    "text_dim": 16,
    "freq_dim": 16,
    "ffn_dim": 32,
    "num_layers": 2,
    "rope_max_seq_len": 32,
}
_LTX2 = {
    "in_channels": 4,
    "out_channels": 4,
    "num_attention_heads": 4,
    "attention_head_dim": 8,
    "cross_attention_dim": 32,
    "audio_in_channels": 4,
    "audio_out_channels": 4,
    "audio_num_attention_heads": 4,
    "audio_attention_head_dim": 4,
    "audio_cross_attention_dim": 16,
    "num_layers": 2,
    "caption_channels": 16,
    "rope_double_precision": False,
}
_UNET = {"layers_per_block": 1, "in_channels": 4, "out_channels": 4, "cross_attention_dim": 8, "norm_num_groups": 2}

CONFIGS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "wan": ("WanTransformer3DModel", _WAN),
    "wan_clip": ("WanTransformer3DModel", _WAN | {"image_dim": 4, "added_kv_proj_dim": 48}),
    "wan_5b": ("WanTransformer3DModel", _WAN | {"in_channels": 16}),
    "ltx": (
        "LTXVideoTransformer3DModel",
        {
            "in_channels": 8,
            "out_channels": 8,
            "num_attention_heads": 4,
            "attention_head_dim": 8,
            "cross_attention_dim": 32,
            "num_layers": 2,
            "caption_channels": 16,
        },
    ),
    "ltx2": ("LTX2VideoTransformer3DModel", _LTX2 | {"rope_type": "split"}),
    "ltx2_interleaved": ("LTX2VideoTransformer3DModel", _LTX2 | {"rope_type": "interleaved"}),
    "hunyuan": (
        "HunyuanVideo15Transformer3DModel",
        {
            "in_channels": 9,
            "out_channels": 4,
            "num_attention_heads": 2,
            "attention_head_dim": 16,
            "num_layers": 2,
            "num_refiner_layers": 1,
            "mlp_ratio": 2.0,
            "text_embed_dim": 16,
            "text_embed_2_dim": 32,
            "image_embed_dim": 12,
            "rope_axes_dim": (4, 6, 6),
        },
    ),
    "cogvideox": (
        "CogVideoXTransformer3DModel",
        {
            "num_attention_heads": 4,
            "attention_head_dim": 16,
            "in_channels": 8,
            "out_channels": 4,
            "time_embed_dim": 8,
            "text_embed_dim": 32,
            "num_layers": 2,
            "sample_width": 8,
            "sample_height": 8,
            "sample_frames": 9,
            "max_text_seq_length": 16,
            "use_rotary_positional_embeddings": True,
        },
    ),
    "svd": (
        "UNetSpatioTemporalConditionModel",
        {
            "block_out_channels": (32, 64),
            "layers_per_block": 1,
            "in_channels": 8,
            "out_channels": 4,
            "down_block_types": ("CrossAttnDownBlockSpatioTemporal", "DownBlockSpatioTemporal"),
            "up_block_types": ("UpBlockSpatioTemporal", "CrossAttnUpBlockSpatioTemporal"),
            "cross_attention_dim": 32,
            "num_attention_heads": 8,
            "projection_class_embeddings_input_dim": 96,
            "addition_time_embed_dim": 32,
        },
    ),
    "i2vgen": (
        "I2VGenXLUNet",
        _UNET
        | {
            "block_out_channels": (8, 8),
            "down_block_types": ("CrossAttnDownBlock3D", "DownBlock3D"),
            "up_block_types": ("UpBlock3D", "CrossAttnUpBlock3D"),
            "attention_head_dim": 4,
        },
    ),
    "pia": (
        "UNetMotionModel",
        _UNET
        | {
            "in_channels": 9,
            "block_out_channels": (8, 8),
            "down_block_types": ("CrossAttnDownBlockMotion", "DownBlockMotion"),
            "up_block_types": ("UpBlockMotion", "CrossAttnUpBlockMotion"),
            "motion_num_attention_heads": 2,
            "num_attention_heads": 2,
        },
    ),
}
"""Class and configuration, by name."""


def build(name: str, seed: int = 0) -> ModelMixin:
    """With weights drawn from a seed, none of them neutral."""
    import diffusers
    from diffusers.models.unets import I2VGenXLUNet

    kind, config = CONFIGS[name]
    cls = I2VGenXLUNet if kind == "I2VGenXLUNet" else getattr(diffusers, kind)
    torch.manual_seed(seed)
    model = cls(**config).eval()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.1 * torch.randn(parameter.shape, generator=generator)
    return model


def save(name: str, folder: Path, seed: int = 0) -> Path:
    """As diffusers saves it."""
    build(name, seed).save_pretrained(folder)
    return folder


Calls = list[dict[str, Any]]


class Clip:
    """What one clip's calls share; fresh latents for each step."""

    def __init__(self, name: str, seed: int = 1) -> None:
        self._draw = torch.Generator().manual_seed(seed)
        self._name = name
        self._constant = _CONSTANT[name](self.draw)

    def draw(self, *shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=self._draw)

    def calls(self, step: int) -> Calls:
        """The calls of one step, with the same objects where a pipeline passes the same."""
        moving = _MOVING[self._name](self.draw, torch.tensor(900.0 - 100.0 * step))
        return [{**moving, **passed, "return_dict": False} for passed in self._constant]


Draw = Callable[..., torch.Tensor]


def _wan_moving(draw: Draw, time: torch.Tensor) -> dict[str, Any]:
    return {"hidden_states": draw(1, 36, 3, 8, 8), "timestep": time.expand(1), "attention_kwargs": None}


def _wan_5b_moving(draw: Draw, time: torch.Tensor) -> dict[str, Any]:
    mask = torch.ones(1, 3 * 4 * 4)
    mask[:, :16] = 0
    return {"hidden_states": draw(1, 16, 3, 8, 8), "timestep": mask * time, "attention_kwargs": None}


def _twice(first: dict[str, Any], second: dict[str, Any], **shared: Any) -> Calls:
    return [{**shared, **first}, {**shared, **second}]


def _wan_constant(draw: Draw) -> Calls:
    first, second = draw(1, 7, 16), draw(1, 7, 16)
    return _twice({"encoder_hidden_states": first}, {"encoder_hidden_states": second})


def _wan_clip_constant(draw: Draw) -> Calls:
    first, second = ({"encoder_hidden_states": draw(1, 512, 16)} for _ in range(2))
    return _twice(first, second, encoder_hidden_states_image=draw(1, 5, 4))


def _hunyuan_constant(draw: Draw) -> Calls:
    def passed(words: int) -> dict[str, Any]:
        return {
            "encoder_hidden_states": draw(1, 10, 16),
            "encoder_attention_mask": (torch.arange(10) < words).long()[None],
            "encoder_hidden_states_2": draw(1, 6, 32),
            "encoder_attention_mask_2": (torch.arange(6) < words // 2).long()[None],
        }

    return _twice(passed(7), passed(4), image_embeds=draw(1, 4, 12), timestep_r=None)


def _mask(*lengths: int, of: int = 16) -> torch.Tensor:
    return torch.stack([(torch.arange(of) < length).float() for length in lengths])


def _ltx2_constant(draw: Draw) -> Calls:
    mask = _mask(9, 16)
    return [
        {
            "encoder_hidden_states": draw(2, 16, 16),
            "audio_encoder_hidden_states": draw(2, 16, 16),
            "encoder_attention_mask": mask,
            "audio_encoder_attention_mask": mask,
            "num_frames": 2,
            "height": 4,
            "width": 3,
            "fps": 24.0,
            "audio_num_frames": 5,
            "isolate_modalities": False,
        }
    ]


def _ltx2_moving(draw: Draw, time: torch.Tensor) -> dict[str, Any]:
    tokens = torch.ones(2, 24)
    tokens[:, :12] = 0
    return {
        "hidden_states": draw(2, 24, 4),
        "audio_hidden_states": draw(2, 5, 4),
        "timestep": tokens * time,
        "audio_timestep": time.expand(2),
        "sigma": time.expand(2),
    }


def _rotary(draw: Draw) -> tuple[torch.Tensor, torch.Tensor]:
    angles = draw(3 * 4 * 4, 8).repeat_interleave(2, dim=1)
    return angles.cos(), angles.sin()


_CONSTANT: Mapping[str, Callable[[Draw], Calls]] = {
    "wan": _wan_constant,
    "wan_5b": _wan_constant,
    "wan_clip": _wan_clip_constant,
    "hunyuan": _hunyuan_constant,
    "ltx": lambda draw: [
        {
            "encoder_hidden_states": draw(2, 15, 16),
            "encoder_attention_mask": _mask(9, 15, of=15),
            "num_frames": 2,
            "height": 4,
            "width": 3,
            "rope_interpolation_scale": (0.3, 32, 32),
        }
    ],
    "ltx2": _ltx2_constant,
    "ltx2_interleaved": _ltx2_constant,
    "cogvideox": lambda draw: [{"encoder_hidden_states": draw(2, 16, 32), "image_rotary_emb": _rotary(draw)}],
    "svd": lambda draw: [{"encoder_hidden_states": draw(2, 1, 32), "added_time_ids": draw(2, 3)}],
    "i2vgen": lambda draw: [
        {
            "fps": torch.tensor([16, 16]),
            "image_latents": draw(2, 4, 3, 8, 8),
            "image_embeddings": draw(2, 8),
            "encoder_hidden_states": draw(2, 7, 8),
        }
    ],
    "pia": lambda draw: [{"encoder_hidden_states": draw(2 * 3, 7, 8), "added_cond_kwargs": None}],
}
_MOVING: Mapping[str, Callable[[Draw, torch.Tensor], dict[str, Any]]] = {
    "wan": _wan_moving,
    "wan_clip": _wan_moving,
    "wan_5b": _wan_5b_moving,
    "hunyuan": lambda draw, time: {"hidden_states": draw(1, 9, 2, 4, 4), "timestep": time.expand(1)},
    "ltx": lambda draw, time: {
        "hidden_states": draw(2, 24, 8),
        "timestep": time * torch.cat([torch.zeros(2, 12), torch.ones(2, 12)], dim=1),
    },
    "ltx2": _ltx2_moving,
    "ltx2_interleaved": _ltx2_moving,
    "cogvideox": lambda draw, time: {"hidden_states": draw(2, 3, 8, 8, 8), "timestep": time.expand(2)},
    "svd": lambda draw, time: {"sample": draw(2, 3, 8, 8, 8), "timestep": time},
    "i2vgen": lambda draw, time: {"sample": draw(2, 4, 3, 8, 8), "timestep": time},
    "pia": lambda draw, time: {"sample": draw(2, 9, 3, 8, 8), "timestep": time},
}


def wan_pipeline(**denoisers: Any) -> Any:
    """The image-to-video pipeline; prompts are given as embeddings."""
    from diffusers import AutoencoderKLWan, UniPCMultistepScheduler, WanImageToVideoPipeline

    torch.manual_seed(0)
    vae = AutoencoderKLWan(
        base_dim=3, z_dim=16, dim_mult=[1, 1, 1, 1], num_res_blocks=1, temperal_downsample=[False, True, True]
    )
    scheduler = UniPCMultistepScheduler(prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0)
    pipeline = WanImageToVideoPipeline(
        tokenizer=None, text_encoder=None, vae=vae.eval(), scheduler=scheduler, **denoisers
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def wan_frames(pipeline: Any, *, steps: int = 3, seed: int = 5) -> Any:
    """(1, frames, height, width, 3) float frames of a take."""
    from PIL import Image

    draw = torch.Generator().manual_seed(7)
    return pipeline(
        image=Image.new("RGB", (32, 32), (200, 90, 30)),
        prompt_embeds=torch.randn((1, 7, 16), generator=draw),
        negative_prompt_embeds=torch.randn((1, 7, 16), generator=draw),
        height=32,
        width=32,
        num_frames=5,
        num_inference_steps=steps,
        guidance_scale=4.0,
        generator=torch.Generator().manual_seed(seed),
        output_type="np",
    ).frames
