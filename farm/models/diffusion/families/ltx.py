"""LTX-Video: pictures at any frame of the take, each with its strength.

    frame 0 ──▶ overwrites the first latent frame          strength
    frame n ──▶ tokens put before the sequence             keyframe_strength

The pipeline takes those tokens off again before decoding, so a sample is longer than the take by them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from farm.models.diffusion.recipe import Recipe, common, keyframes, texts

if TYPE_CHECKING:
    import torch

    from farm.models.spec import Request

_STRENGTH, _KEYFRAME_STRENGTH = "strength", "keyframe_strength"


class LTX(Recipe):
    """Two options are ours: `strength` of the start frame, `keyframe_strength` of all others; 1 unless given."""

    pipeline: ClassVar[str] = "LTXConditionPipeline"
    accepts: ClassVar[frozenset[str]] = frozenset({"LTXConditionPipeline", "LTXImageToVideoPipeline", "LTXPipeline"})

    def arguments(self, pipe: Any, request: Request, generator: torch.Generator) -> dict[str, Any]:
        plain = {name: value for name, value in request.options.items() if name not in {_STRENGTH, _KEYFRAME_STRENGTH}}
        given = common(pipe, replace(request, options=plain), generator) | texts(request)
        return given | {
            "conditions": _conditions(request),
            "width": request.width,
            "height": request.height,
            "frame_rate": float(request.fps),
        }

    def latents(self, pipe: Any, sample: torch.Tensor, request: Request) -> torch.Tensor:
        return unpacked(pipe, sample, request)


def unpacked(pipe: Any, sample: torch.Tensor, request: Request) -> torch.Tensor:
    """Tokens back to (channels, frames, height, width), without those of keyframes, as the VAE knows them."""
    frames = (request.frames - 1) // pipe.vae_temporal_compression_ratio + 1
    height, width = (side // pipe.vae_spatial_compression_ratio for side in (request.height, request.width))
    patch, patch_t = pipe.transformer_spatial_patch_size, pipe.transformer_temporal_patch_size
    tokens = (frames // patch_t) * (height // patch) * (width // patch)
    whole = pipe._unpack_latents(sample[:, -tokens:], frames, height, width, patch, patch_t)
    return denormalised(pipe, whole)[0]


def denormalised(pipe: Any, latents: torch.Tensor) -> torch.Tensor:
    """Latents as the VAE made them, before mean and spread were taken out."""
    vae = pipe.vae
    return pipe._denormalize_latents(latents, vae.latents_mean, vae.latents_std, vae.config.scaling_factor)


def _conditions(request: Request) -> list[Any]:
    from diffusers.pipelines.ltx.pipeline_ltx_condition import LTXVideoCondition

    return [
        LTXVideoCondition(image=picture, frame_index=frame, strength=_strength(request.options, frame))
        for frame, picture in keyframes(request)
    ]


def _strength(given: Mapping[str, Any], frame: int) -> float:
    return float(given.get(_STRENGTH if frame == 0 else _KEYFRAME_STRENGTH, 1.0))


RECIPE: Recipe = LTX()
