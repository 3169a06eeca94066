"""What the arguments of each denoiser's forward are to guidance, as data.

A class that is not listed is called as the pipeline calls it, and nothing more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Forward:
    """The forward of one class of denoisers."""

    rows: frozenset[str]
    """Arguments with a row, on dim 0, for each clip of the batch (or for each of its frames); others hold for all."""
    embeddings: frozenset[str] = frozenset()
    """What tells the two passes of guidance apart, where the pipeline calls twice a step; empty where it puts both
    passes into one batch."""


def _batch(names: str) -> Forward:
    return Forward(frozenset(names.split()))


def _twice(rows: str, embeddings: str) -> Forward:
    return Forward(frozenset(f"{rows} {embeddings}".split()), frozenset(embeddings.split()))


_UNET = "sample timestep encoder_hidden_states timestep_cond"

FORWARDS: Mapping[str, Forward] = {
    "WanTransformer3DModel": _twice("hidden_states timestep encoder_hidden_states_image", "encoder_hidden_states"),
    "HunyuanVideo15Transformer3DModel": _twice(
        "hidden_states timestep timestep_r image_embeds",
        "encoder_hidden_states encoder_attention_mask encoder_hidden_states_2 encoder_attention_mask_2",
    ),
    "LTXVideoTransformer3DModel": _batch(
        "hidden_states encoder_hidden_states timestep encoder_attention_mask video_coords"
    ),
    "LTX2VideoTransformer3DModel": _batch(
        "hidden_states audio_hidden_states encoder_hidden_states audio_encoder_hidden_states timestep audio_timestep "
        "sigma audio_sigma encoder_attention_mask audio_encoder_attention_mask video_coords audio_coords "
        "perturbation_mask video_self_attention_mask video_keyframes_mask"
    ),
    "CogVideoXTransformer3DModel": _batch("hidden_states encoder_hidden_states timestep timestep_cond"),
    "UNetSpatioTemporalConditionModel": _batch(f"{_UNET} added_time_ids"),
    "I2VGenXLUNet": _batch(f"{_UNET} fps image_latents image_embeddings"),
    "UNetMotionModel": _batch(f"{_UNET} attention_mask added_cond_kwargs"),
}
"""By class name."""
