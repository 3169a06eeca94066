"""The seam between a request and the pipeline of its family.

    Request ──arguments──▶ pipe(...) ──▶ output ──frames──▶ uint8 pictures
                                           └─────audio───▶ samples, where the family makes sound

A recipe is stateless: one value serves every pipeline of its family. What all families share stands here as defaults;
a family says only where it differs.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from farm.errors import FarmError, InputError
from farm.models.diffusion.pictures import fitted_picture

if TYPE_CHECKING:
    import torch
    from PIL.Image import Image

    from farm.models.spec import Frame, Request, Sound

NOT_ARGUMENTS = ("profile", "dtype", "lora_")
"""Options whose names begin so say how a model is opened, and are no arguments of its pipeline."""


class WrongOutput(FarmError):
    """A pipeline made other pictures than it was asked for."""


class Recipe(Protocol):
    """What is true of one family's pipeline. Subclass it and say where the family differs."""

    pipeline: ClassVar[str]
    """The diffusers class that is opened."""
    accepts: ClassVar[frozenset[str]]
    """The class names that a checkpoint's `model_index.json` may give."""
    denoisers: ClassVar[tuple[str, ...]] = ("transformer",)
    """Components called at every step; a checkpoint has the first, and may have the others."""
    full_precision: ClassVar[tuple[str, ...]] = ()
    """Components kept in float32 whatever the dtype."""
    attends_with_mask: ClassVar[bool] = True
    """Whether its attention is masked, which FlashAttention cannot do."""
    needs: ClassVar[tuple[str, ...]] = ()
    """Modules its pipeline uses but does not ask for by itself."""
    sparing: ClassVar[Mapping[str, Any]] = {}
    """Further arguments where memory is short."""

    def misfit(self, index: Mapping[str, Any], config: Mapping[str, Any]) -> str | None:
        """Why a checkpoint of an accepted class is still the wrong one; `config` is its first denoiser's."""
        del index, config
        return None

    def parts(self, folder: Path, index: Mapping[str, Any], how: Mapping[str, Any]) -> dict[str, Any]:
        """Components that the checkpoint's index does not name, loaded with `from_pretrained(..., **how)`."""
        del folder, index, how
        return {}

    def prepare(self, pipe: Any) -> None:
        """Change a pipeline once, right after it was opened."""
        del pipe

    def arguments(self, pipe: Any, request: Request, generator: torch.Generator) -> dict[str, Any]:
        """Keyword arguments of `pipe(...)`. Raises InputError for a picture or an option that cannot be used."""
        ...

    def frames(self, pipe: Any, output: Any) -> Iterator[Frame]:
        """As many (height, width, 3) uint8 pictures as the model made, one at a time."""
        del pipe
        return (_picture(frame) for frame in output.frames[0])

    def audio(self, pipe: Any, output: Any) -> Sound | None:
        """Its sound, or None for a family that makes none."""
        del pipe, output
        return None

    def latents(self, pipe: Any, sample: torch.Tensor, request: Request) -> torch.Tensor:
        """The scheduler's sample as (channels, frames, height, width) in the space of `vae.encode`."""
        ...


def options(pipe: Any, request: Request) -> dict[str, Any]:
    """The request's options that are arguments of the pipeline; InputError names one that is none."""
    given = {name: value for name, value in request.options.items() if not name.startswith(NOT_ARGUMENTS)}
    known = inspect.signature(type(pipe).__call__).parameters
    for name in given:
        if name not in known:
            raise InputError(f'{type(pipe).__name__} has no option "{name}"; take it out of the shot\'s model options')
    return given


def common(pipe: Any, request: Request, generator: torch.Generator) -> dict[str, Any]:
    """What every pipeline takes by the same name, and the options."""
    return {**options(pipe, request), "num_frames": request.frames, "generator": generator, "output_type": "pt"}


def texts(request: Request) -> dict[str, Any]:
    """Prompt and negative prompt."""
    return {"prompt": request.prompt, "negative_prompt": request.negative_prompt or None}


def still(request: Request) -> Image:
    """The start frame, fitted to the frame."""
    return fitted_picture(request.start, request)


def keyframes(request: Request) -> list[tuple[int, Image]]:
    """(frame, picture) of everything a take must pass through.

    The start frame stands first, the end frame last, references evenly between them.
    """
    last = request.frames - 1
    between = len(request.references) + 1
    passed = [(round(last * number / between), path) for number, path in enumerate(request.references, 1)]
    ends = [(last, request.end)] if request.end is not None else []
    return [(frame, fitted_picture(path, request)) for frame, path in [(0, request.start), *passed, *ends]]


def only_start(request: Request, title: str) -> None:
    """InputError when a picture was handed in that the family cannot take."""
    for path in (request.end, *request.references):
        if path is not None:
            raise InputError(f"{path.name}: {title} takes a start frame only; choose a model that takes more pictures")


def taken(recipe: Recipe, pipe: Any, output: Any, request: Request) -> Iterator[Frame]:
    """The frames of a take, after making sure that they are as many and as large as asked (`WrongOutput`).

    Pipelines round what they cannot do, some without a word: CogVideoX makes 16 frames of 13.
    """
    made = output.frames[0]
    count, height, width = made.shape[0], made.shape[2], made.shape[3]
    if (count, width, height) != (request.frames, request.width, request.height):
        raise WrongOutput(
            f"{recipe.pipeline} made {count} frames of {width}x{height} "
            f"where {request.frames} of {request.width}x{request.height} were asked for"
        )
    return recipe.frames(pipe, output)


def _picture(frame: torch.Tensor) -> Frame:
    """One (3, height, width) picture between 0 and 1, as bytes on this machine."""
    frame = frame.float()
    if not bool(frame.isfinite().all()):
        raise WrongOutput("the model's picture has values that are no numbers; open it with dtype bfloat16 or float32")
    return (frame * 255.0).round().clamp(0, 255).byte().permute(1, 2, 0).contiguous().cpu().numpy()
