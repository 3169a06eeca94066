"""Stable Video Diffusion: a still, no words. It is told the rate, the amount of motion, and how noisy the still is.

Noise that depends on the seed is added to the still before it is encoded, so takes share the image encoder's work but
not the VAE's, unless `noise_aug_strength` is 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from farm.models.diffusion.recipe import Recipe, common, only_start, still

if TYPE_CHECKING:
    import torch

    from farm.models.spec import Request


class SVD(Recipe):
    """Guidance rises from the first frame to the last; `guidance_scale` is that of the last."""

    pipeline: ClassVar[str] = "StableVideoDiffusionPipeline"
    accepts: ClassVar[frozenset[str]] = frozenset({"StableVideoDiffusionPipeline"})
    denoisers: ClassVar[tuple[str, ...]] = ("unet",)
    sparing: ClassVar[Mapping[str, Any]] = {"decode_chunk_size": 2}

    def arguments(self, pipe: Any, request: Request, generator: torch.Generator) -> dict[str, Any]:
        only_start(request, "Stable Video Diffusion")
        renamed = {"max_guidance_scale" if name == "guidance_scale" else name: v for name, v in request.options.items()}
        given = common(pipe, replace(request, options=renamed), generator)
        given |= {"image": still(request), "width": request.width, "height": request.height}
        return given | {"fps": max(1, round(request.fps))}

    def latents(self, pipe: Any, sample: torch.Tensor, request: Request) -> torch.Tensor:
        del request
        return sample[0].transpose(0, 1) / pipe.vae.config.scaling_factor


RECIPE: Recipe = SVD()
