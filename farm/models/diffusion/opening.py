"""A weights folder becomes a loaded pipeline.

    folder ──look_through──▶ from_pretrained ──prepare, attention──▶ settle on the device ──▶ pipe

Nothing is downloaded and no code of the folder is run. Components may be handed in instead of being loaded: a gang
loads its denoisers by itself.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from farm.errors import InputError
from farm.models.diffusion.memory import Hold, memory_errors, settle
from farm.models.diffusion.recipe import Recipe
from farm.models.diffusion.weights import Weights, look_through, parameters

if TYPE_CHECKING:
    import torch

_INSTALL = "install the farm with its extra: pip install 'farm[diffusion]'"
_MODULES = ("torch", "diffusers", "transformers", "accelerate", "safetensors")
_DTYPES = ("float32", "bfloat16", "float16")


def open_pipeline(
    folder: Path,
    recipe: Recipe,
    *,
    device: str = "cpu",
    dtype: str = "float32",
    hold: Hold = Hold.STANDARD,
    components: Mapping[str, torch.nn.Module] | None = None,
) -> Any:
    """The pipeline of `recipe` from `folder`, ready to be called on `device` ("cpu", "cuda", "cuda:1").

    Raises InputError for a folder that cannot be used or a package that is missing, OutOfMemory when it does not fit.
    """
    weights = look_through(folder, recipe)
    _need(recipe)
    with memory_errors(f"loading {folder}"):
        pipe = _loaded(weights, recipe, dtype, components or {})
        recipe.prepare(pipe)
        pipe.set_progress_bar_config(disable=True)
        attend(pipe, recipe, device)
        settle(pipe, hold, device)
    return pipe


def _need(recipe: Recipe) -> None:
    """A part that is missing is named before minutes of loading, not by a NameError after them."""
    for module in (*_MODULES, *recipe.needs):
        if find_spec(module) is None:
            raise InputError(f"{recipe.pipeline} needs the Python package {module}; {_INSTALL}")


def _loaded(weights: Weights, recipe: Recipe, dtype: str, components: Mapping[str, Any]) -> Any:
    import diffusers

    how = _how(weights, recipe, dtype)
    with quiet(), _unusable(weights.folder, recipe):
        parts = recipe.parts(weights.folder, weights.index, {**how, "dtype": how["dtype"]["default"]})
        kind = getattr(diffusers, recipe.pipeline)
        pipe = kind.from_pretrained(weights.folder, **how, **parts, **components)
    joined = sum(_size(part) for part in parts.values())
    for name in set(weights.components) - components.keys():
        _expect_whole(weights, name, _size(getattr(pipe, name, None)) - joined)
    return pipe


def _size(component: Any) -> int:
    """Parameters of a model; 0 for what is none."""
    return sum(each.numel() for each in component.parameters()) if hasattr(component, "parameters") else 0


def _expect_whole(weights: Weights, name: str, wanted: int) -> None:
    """What the files lack, the libraries fill with random numbers, and only log it."""
    if wanted <= 0:
        return
    held = parameters(weights.folder / name)
    if held < wanted:
        raise InputError(
            f"{weights.folder / name}: the weights hold {held} parameters where its configuration wants {wanted}; "
            "pull the model again"
        )


def _how(weights: Weights, recipe: Recipe, dtype: str) -> dict[str, Any]:
    import torch

    if dtype not in _DTYPES:
        raise InputError(f'there is no dtype "{dtype}"; choose one of {", ".join(_DTYPES)}')
    dtypes = dict.fromkeys(recipe.full_precision, torch.float32) | {"default": getattr(torch, dtype)}
    how = {"dtype": dtypes, "use_safetensors": True, "local_files_only": True}
    return how if weights.variant is None else {**how, "variant": weights.variant}


@contextmanager
def _unusable(folder: Path, recipe: Recipe) -> Iterator[None]:
    """Weights that do not fit their configuration are the folder's fault, whatever the libraries call it."""
    from safetensors import SafetensorError

    try:
        yield
    except (OSError, ValueError, KeyError, TypeError, AttributeError, SafetensorError) as error:
        raise _not_opened(folder, recipe, error) from error
    except RuntimeError as error:
        if "size mismatch" not in str(error):
            raise
        raise _not_opened(folder, recipe, error) from error


def _not_opened(folder: Path, recipe: Recipe, error: Exception) -> InputError:
    said = " ".join(str(error).split())[:300]
    return InputError(
        f"{folder}: this cannot be opened as {recipe.pipeline}: {said}; pull the model again, "
        "or register it under its own family"
    )


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the libraries' bars off the terminal, and what they log below an error out of the log."""
    from diffusers.utils import logging as diffusers_logging
    from transformers.utils import logging as transformers_logging

    before = diffusers_logging.get_verbosity(), transformers_logging.get_verbosity()
    for library in (diffusers_logging, transformers_logging):
        library.disable_progress_bar()
        library.set_verbosity(logging.ERROR)
    try:
        yield
    finally:
        for library, level in zip((diffusers_logging, transformers_logging), before, strict=True):
            library.set_verbosity(level)


def attend(pipe: Any, recipe: Recipe, device: str) -> None:
    """Choose how attention is computed: FlashAttention where it is installed and can be used, else torch's own."""
    backend = attention_backend(recipe, device)
    if backend is None:
        return
    for name in recipe.denoisers:
        denoiser = getattr(pipe, name, None)
        if denoiser is not None and hasattr(denoiser, "set_attention_backend"):
            denoiser.set_attention_backend(backend)


def attention_backend(recipe: Recipe, device: str) -> str | None:
    """diffusers' name of the fastest exact backend that is installed, or None for torch's own."""
    if device == "cpu" or recipe.attends_with_mask:
        return None
    for module, backend in (("flash_attn_interface", "_flash_3"), ("flash_attn", "flash")):
        if find_spec(module) is not None:
            return backend
    return None
