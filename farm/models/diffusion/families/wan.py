"""Wan 2.1, 2.2 A14B (two experts) and 2.2 TI2V-5B: one pipeline class for all.

The 5B checkpoint is published under the text-to-video class; what tells it from a true text-to-video checkpoint is
`expand_timesteps`, or that its transformer takes the still's latents beside the noise.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from farm.errors import InputError
from farm.models.diffusion.pictures import fitted_picture
from farm.models.diffusion.recipe import Recipe, common, still, texts

if TYPE_CHECKING:
    import torch

    from farm.models.spec import Request


class Wan(Recipe):
    """`last_image` makes first+last frame; `guidance_scale_2` is the second expert's."""

    pipeline: ClassVar[str] = "WanImageToVideoPipeline"
    accepts: ClassVar[frozenset[str]] = frozenset({"WanImageToVideoPipeline", "WanPipeline"})
    denoisers: ClassVar[tuple[str, ...]] = ("transformer", "transformer_2")
    full_precision: ClassVar[tuple[str, ...]] = ("vae", "image_encoder")
    attends_with_mask: ClassVar[bool] = False
    needs: ClassVar[tuple[str, ...]] = ("ftfy",)

    def misfit(self, index: Mapping[str, Any], config: Mapping[str, Any]) -> str | None:
        if index.get("expand_timesteps") or config.get("in_channels", 0) > config.get("out_channels", 0):
            return None
        return "its transformer takes no still: this is a text-to-video checkpoint"

    def arguments(self, pipe: Any, request: Request, generator: torch.Generator) -> dict[str, Any]:
        given = common(pipe, request, generator) | texts(request)
        given |= {"image": still(request), "width": request.width, "height": request.height}
        if request.references:
            raise InputError(f"{request.references[0].name}: Wan takes a start and an end frame, and no references")
        refused = _refused(pipe, request)
        if refused is not None:
            raise InputError(refused)
        if request.end is not None:
            given["last_image"] = fitted_picture(request.end, request)
        return given

    def latents(self, pipe: Any, sample: torch.Tensor, request: Request) -> torch.Tensor:
        del request
        shape = (-1, 1, 1, 1)
        mean = sample.new_tensor(pipe.vae.config.latents_mean).view(shape)
        std = sample.new_tensor(pipe.vae.config.latents_std).view(shape)
        return sample[0] * std + mean


def _refused(pipe: Any, request: Request) -> str | None:
    """Why this checkpoint cannot make the take with, or without, an end frame.

    With CLIP, only a checkpoint that learned positions for both pictures' tokens takes two, and it takes no fewer.
    Without CLIP the end frame is latents like the start; TI2V-5B would leave it out without a word.
    """
    config = (pipe.transformer or pipe.transformer_2).config
    pairs = config.image_dim is not None and config.pos_embed_seq_len is not None
    if request.end is None:
        return f"{request.start.name}: this Wan checkpoint needs an end frame as well; hand one in" if pairs else None
    if pairs or (config.image_dim is None and not pipe.config.expand_timesteps):
        return None
    return f"{request.end.name}: this Wan checkpoint takes no end frame; choose 2.2 A14B or 2.1 FLF2V"


RECIPE: Recipe = Wan()
