"""HunyuanVideo 1.5 image to video. Guidance is an object beside the scheduler, and size is not an argument.

Left alone, the pipeline takes the size from the still's aspect, out of a list of buckets. The plan has chosen the size
already and the still is fitted to it, so here the size of the picture that is handed in is the size that is made.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from farm.errors import InputError
from farm.models.diffusion.recipe import Recipe, common, only_start, still, texts

if TYPE_CHECKING:
    import torch

    from farm.models.spec import Request

_GUIDANCE = "guidance_scale"


class Hunyuan15(Recipe):
    """`guidance_scale` is set on the guider; without it the checkpoint's own holds."""

    pipeline: ClassVar[str] = "HunyuanVideo15ImageToVideoPipeline"
    accepts: ClassVar[frozenset[str]] = frozenset({"HunyuanVideo15ImageToVideoPipeline"})

    def prepare(self, pipe: Any) -> None:
        pipe.video_processor = _as_handed_in(pipe.video_processor)

    def arguments(self, pipe: Any, request: Request, generator: torch.Generator) -> dict[str, Any]:
        only_start(request, "HunyuanVideo 1.5")
        multiple = pipe.vae_scale_factor_spatial
        if request.width % multiple or request.height % multiple:
            raise InputError(f"{request.width}x{request.height}: HunyuanVideo 1.5 needs multiples of {multiple} pixels")
        plain = {name: value for name, value in request.options.items() if name != _GUIDANCE}
        pipe.guider.guidance_scale = float(request.options.get(_GUIDANCE, pipe.guider.config.guidance_scale))
        return common(pipe, replace(request, options=plain), generator) | texts(request) | {"image": still(request)}

    def latents(self, pipe: Any, sample: torch.Tensor, request: Request) -> torch.Tensor:
        del request
        return sample[0] / pipe.vae.config.scaling_factor


def _as_handed_in(processor: Any) -> Any:
    from diffusers.pipelines.hunyuan_video1_5.image_processor import HunyuanVideo15ImageProcessor

    class AsHandedIn(HunyuanVideo15ImageProcessor):
        """Makes the size of the picture it is given."""

        def calculate_default_height_width(self, height: int, width: int, target_size: int) -> tuple[int, int]:
            del target_size
            return height, width

    return AsHandedIn.from_config(processor.config)


RECIPE: Recipe = Hunyuan15()
