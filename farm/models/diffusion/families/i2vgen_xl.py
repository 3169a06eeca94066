"""I2VGen-XL. The prompt is encoded here: the pipeline's own way looks inside CLIP where transformers 5 has moved it.

As in the pipeline, the prompt is read one layer before the last and then normalised by CLIP's final norm. The still's
latents are drawn without the request's generator: `farm.models.diffusion.hooks` makes that a function of the seed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from farm.models.diffusion.recipe import Recipe, common, only_start, still

if TYPE_CHECKING:
    import torch

    from farm.models.spec import Request

_CLIP_SKIP = "clip_skip"


class I2VGenXL(Recipe):
    """`clip_skip` says how many of CLIP's last layers are left out; 1 unless given."""

    pipeline: ClassVar[str] = "I2VGenXLPipeline"
    accepts: ClassVar[frozenset[str]] = frozenset({"I2VGenXLPipeline"})
    denoisers: ClassVar[tuple[str, ...]] = ("unet",)

    def arguments(self, pipe: Any, request: Request, generator: torch.Generator) -> dict[str, Any]:
        only_start(request, "I2VGen-XL")
        plain = {name: value for name, value in request.options.items() if name != _CLIP_SKIP}
        skip = int(request.options.get(_CLIP_SKIP, 1))
        given = common(pipe, replace(request, options=plain), generator)
        given |= {"image": still(request), "width": request.width, "height": request.height}
        return given | {
            "target_fps": max(1, round(request.fps)),
            "prompt_embeds": encoded(pipe, request.prompt, skip),
            "negative_prompt_embeds": encoded(pipe, request.negative_prompt, skip),
        }

    def latents(self, pipe: Any, sample: torch.Tensor, request: Request) -> torch.Tensor:
        del request
        return sample.transpose(0, 1) / pipe.vae.config.scaling_factor


def encoded(pipe: Any, text: str, skip: int) -> torch.Tensor:
    """(1, tokens, width): CLIP's hidden states `skip` layers before the last, under its final norm."""
    import torch

    tokenizer, encoder = pipe.tokenizer, pipe.text_encoder
    tokens = tokenizer(
        text, padding="max_length", max_length=tokenizer.model_max_length, truncation=True, return_tensors="pt"
    )
    with torch.no_grad():
        states = encoder(tokens.input_ids.to(pipe._execution_device), output_hidden_states=True).hidden_states
        layers = getattr(encoder, "text_model", encoder)
        chosen = states[-(skip + 1)]
        norm = layers.final_layer_norm
        return norm(chosen.to(norm.weight.device)).to(pipe._execution_device)


RECIPE: Recipe = I2VGenXL()
