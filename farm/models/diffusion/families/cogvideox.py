"""CogVideoX image to video. Its sample has frames before channels, and it makes 16 frames where 13 are asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from farm.models.diffusion.recipe import Recipe, common, only_start, still, texts

if TYPE_CHECKING:
    import torch

    from farm.models.spec import Request


class CogVideoX(Recipe):
    """Version 1.5 pads its latent frames in front; they are taken off before decoding, and here."""

    pipeline: ClassVar[str] = "CogVideoXImageToVideoPipeline"
    accepts: ClassVar[frozenset[str]] = frozenset({"CogVideoXImageToVideoPipeline"})
    attends_with_mask: ClassVar[bool] = False

    def arguments(self, pipe: Any, request: Request, generator: torch.Generator) -> dict[str, Any]:
        only_start(request, "CogVideoX")
        given = common(pipe, request, generator) | texts(request)
        return given | {"image": still(request), "width": request.width, "height": request.height}

    def latents(self, pipe: Any, sample: torch.Tensor, request: Request) -> torch.Tensor:
        frames = (request.frames - 1) // pipe.vae_scale_factor_temporal + 1
        return sample[0, -frames:].transpose(0, 1) / pipe.vae.config.scaling_factor


RECIPE: Recipe = CogVideoX()
