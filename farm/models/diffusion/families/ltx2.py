"""LTX-2: a start frame and a prompt become picture and sound together.

The first latent frame is the still and is never stepped: the scheduler's sample holds the frames after it. The sound
has a copy of the scheduler, stepped beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from farm.models.diffusion.families.ltx import denormalised
from farm.models.diffusion.recipe import Recipe, common, only_start, still, texts
from farm.models.spec import Sound

if TYPE_CHECKING:
    import torch

    from farm.models.spec import Request


class LTX2(Recipe):
    """Its sound comes from the vocoder, at the vocoder's rate."""

    pipeline: ClassVar[str] = "LTX2ImageToVideoPipeline"
    accepts: ClassVar[frozenset[str]] = frozenset({"LTX2ImageToVideoPipeline", "LTX2Pipeline", "LTX2ConditionPipeline"})
    needs: ClassVar[tuple[str, ...]] = ("av",)

    def arguments(self, pipe: Any, request: Request, generator: torch.Generator) -> dict[str, Any]:
        only_start(request, "LTX-2")
        given = common(pipe, request, generator) | texts(request)
        given |= {"image": still(request), "width": request.width, "height": request.height}
        return given | {"frame_rate": float(request.fps)}

    def audio(self, pipe: Any, output: Any) -> Sound | None:
        return Sound(output.audio[0].float().cpu().numpy(), int(pipe.vocoder.config.output_sampling_rate))

    def latents(self, pipe: Any, sample: torch.Tensor, request: Request) -> torch.Tensor:
        del request
        return denormalised(pipe, sample)[0]


RECIPE: Recipe = LTX2()
