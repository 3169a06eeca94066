"""PIA: a Stable Diffusion base and a motion adapter, as one pipeline.

    base (StableDiffusionPipeline) + motion_adapter/ ──▶ PIAPipeline      or a folder that was saved as PIAPipeline

Its pipeline fits no picture to the frame, so the still must come at the frame's size, as it does.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from farm.errors import InputError
from farm.models.diffusion.recipe import Recipe, common, only_start, still, texts

if TYPE_CHECKING:
    import torch

    from farm.models.spec import Request

ADAPTER = "motion_adapter"


class PIA(Recipe):
    """`motion_scale` is an integer from 0 to 8; 3 to 5 close a loop."""

    pipeline: ClassVar[str] = "PIAPipeline"
    accepts: ClassVar[frozenset[str]] = frozenset({"PIAPipeline", "StableDiffusionPipeline"})
    denoisers: ClassVar[tuple[str, ...]] = ("unet",)

    def parts(self, folder: Path, index: Mapping[str, Any], how: Mapping[str, Any]) -> dict[str, Any]:
        if index["_class_name"] == self.pipeline:
            return {}
        if not (folder / ADAPTER / "config.json").is_file():
            raise InputError(f"{folder}: this base model has no {ADAPTER} folder; put PIA's condition adapter there")
        from diffusers.models.unets.unet_motion_model import MotionAdapter

        return {ADAPTER: MotionAdapter.from_pretrained(folder / ADAPTER, **how)}

    def arguments(self, pipe: Any, request: Request, generator: torch.Generator) -> dict[str, Any]:
        only_start(request, "PIA")
        given = common(pipe, request, generator) | texts(request)
        return given | {"image": still(request), "width": request.width, "height": request.height}

    def latents(self, pipe: Any, sample: torch.Tensor, request: Request) -> torch.Tensor:
        del request
        return sample[0] / pipe.vae.config.scaling_factor


RECIPE: Recipe = PIA()
