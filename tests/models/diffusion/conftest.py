"""A still, requests for the tiny checkpoints, and takes made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from importlib import import_module
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from tiny_models import TINY

from farm.models.diffusion.hooks import denoising
from farm.models.diffusion.opening import open_pipeline
from farm.models.diffusion.recipe import Recipe, taken
from farm.models.spec import Request

Clip = NDArray[np.uint8]


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> Iterator[None]:
    """Tiny tensors are slower on many threads, and the machine is shared."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three smooth pictures that differ, 160x120."""
    folder = tmp_path_factory.mktemp("pictures")
    noise = np.random.default_rng(5)
    paths = [folder / f"{name}.png" for name in ("start", "end", "reference")]
    for path in paths:
        small = noise.integers(0, 256, (6, 8, 3), dtype=np.uint8)
        cv2.imwrite(str(path), cv2.resize(small, (160, 120), interpolation=cv2.INTER_CUBIC))
    return paths


@pytest.fixture(scope="session")
def asked(pictures: list[Path]) -> Callable[..., Request]:
    """`asked("ltx", seed=8, steps=3)`: a request that suits the tiny checkpoint; further words replace its fields."""

    def ask(name: str, *, seed: int = 7, steps: int = 2, **fields: Any) -> Request:
        tiny = TINY[name]
        return Request(
            **{
                "start": pictures[0],
                "end": pictures[1] if tiny.end else None,
                "prompt": "slow push in on the old harbour",
                "negative_prompt": "blurry",
                "width": tiny.width,
                "height": tiny.height,
                "frames": tiny.frames,
                "fps": Fraction(tiny.fps),
                "seed": seed,
                "options": {"num_inference_steps": steps, **tiny.options, **fields.pop("options", {})},
                **fields,
            }
        )

    return ask


def recipe_of(name: str) -> Recipe:
    return import_module(f"farm.models.diffusion.families.{TINY[name].recipe}").RECIPE


@pytest.fixture(scope="session")
def opened(tiny_checkpoint: Callable[[str], Path]) -> Callable[..., Any]:
    """`opened("ltx")`: a pipeline of one's own, and its recipe."""
    return lambda name, **how: (open_pipeline(tiny_checkpoint(name), recipe_of(name), **how), recipe_of(name))


@pytest.fixture(scope="session")
def take() -> Callable[..., Clip]:
    """`take(pipe, recipe, request)`: all frames of one call, watched as the farm does; (frames, height, width, 3)."""

    def call(pipe: Any, recipe: Recipe, request: Request, **watched: Any) -> Clip:
        with denoising(pipe, seed=request.seed, **({"check": lambda: None} | watched)):
            output = pipe(**recipe.arguments(pipe, request, torch.Generator().manual_seed(request.seed)))
        return np.stack(list(taken(recipe, pipe, output, request)))

    return call
