"""Real pipelines of every family, tiny, built from configuration and saved in diffusers layout: no weights to download.

    save("wan21", folder) ──▶ folder/model_index.json, folder/transformer/*.safetensors, …

Everything is float32 and seeded: two saves of one name hold the same weights. Norms are shaken off their initial ones,
so that a norm that is left out, or taken over the wrong width, changes the result.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tiny_ltx2 import ltx2
from tiny_transformers import cogvideox, hunyuan15, ltx, wan21, wan21_flf2v, wan22_5b, wan22_a14b
from tiny_unets import i2vgen_xl, pia, svd

CONVOLUTION_GAIN = 2.0


@dataclass(frozen=True)
class Tiny:
    """One tiny checkpoint, and what is worth asking of it."""

    build: Callable[[], Any]
    recipe: str
    """Module of `farm.models.diffusion.families`."""
    width: int = 32
    height: int = 32
    frames: int = 5
    fps: int = 8
    options: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    """Beyond the number of steps, which is 2."""
    end: bool = False
    """Whether it needs an end frame."""


def save(name: str, folder: Path) -> Path:
    """Build the tiny checkpoint of that name and save it into `folder`, which is returned."""
    from diffusers.utils import logging as diffusers_logging
    from transformers.utils import logging as transformers_logging

    diffusers_logging.disable_progress_bar()
    transformers_logging.disable_progress_bar()
    build_pipeline(name).save_pretrained(folder, safe_serialization=True)
    return folder


def build_pipeline(name: str) -> Any:
    """The pipeline itself, not yet saved. The process's own random numbers go on as before."""
    import torch

    with torch.random.fork_rng([]):
        pipe = TINY[name].build()
    for index, component in enumerate(pipe.components.values()):
        _enliven(component, seed=index)
    return pipe


def _enliven(component: Any, seed: int) -> None:
    """Shake norms off one; let convolutions be strong enough that a picture's content comes through a random VAE."""
    import torch

    if not isinstance(component, torch.nn.Module):
        return
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in component.named_parameters():
            if "norm" in name and name.endswith("weight"):
                parameter += 0.2 * torch.randn(parameter.shape, generator=generator)
            elif type(component).__name__.startswith("AutoencoderKL") and parameter.ndim > 3:
                parameter *= CONVOLUTION_GAIN


SHORT = {"max_sequence_length": 32}
"""Text tokens are what a tiny transformer would spend its time on."""

TINY: Mapping[str, Tiny] = {
    "wan21": Tiny(wan21, "wan", 64, 48, options={"guidance_scale": 5.0, **SHORT}),
    "wan21_flf2v": Tiny(wan21_flf2v, "wan", 64, 48, options={"guidance_scale": 5.0, **SHORT}, end=True),
    "wan22_a14b": Tiny(wan22_a14b, "wan", 64, 48, options={"guidance_scale": 4.0, "guidance_scale_2": 3.0, **SHORT}),
    "wan22_5b": Tiny(wan22_5b, "wan", 64, 32, options={"guidance_scale": 5.0, **SHORT}),
    "ltx": Tiny(ltx, "ltx", 64, 32, 9, options={"guidance_scale": 3.0, **SHORT}),
    "ltx2": Tiny(
        ltx2, "ltx2", 32, 32, 5, options={"guidance_scale": 3.0, "stg_scale": 0.0, "audio_stg_scale": 0.0, **SHORT}
    ),
    "cogvideox": Tiny(cogvideox, "cogvideox", 64, 64, 9, options={"guidance_scale": 6.0, "max_sequence_length": 16}),
    "hunyuan15": Tiny(hunyuan15, "hunyuan15", 48, 32, options={"guidance_scale": 6.0}),
    "svd": Tiny(svd, "svd", 32, 32, 3, options={"guidance_scale": 2.5}),
    "i2vgen_xl": Tiny(i2vgen_xl, "i2vgen_xl", 32, 32, 4, options={"guidance_scale": 6.0}),
    "pia": Tiny(pia, "pia", 32, 32, 4, options={"guidance_scale": 6.0, "motion_scale": 1}),
}
"""Every tiny checkpoint by name."""
