"""What all checkpoints of one architecture share, as data: what they take, how they count frames, their knobs.

    fidelity, motion strength ──knobs──▶ arguments of the pipeline, and in words what it has no knob for

Read without torch and without weights. What differs between checkpoints of a family (sizes, rates, steps) stands in
`farm.models.diffusion.checkpoints`; what differs in code stands behind `recipe`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from farm.models.spec import FrameRule

Scalar = str | int | float | bool


class Sizing(StrEnum):
    """How a family comes to a size."""

    AREA = "area"
    """Any aspect; about as many pixels as it was trained on."""
    BUCKETS = "buckets"
    """One of a list of sizes made from a base size, the one whose aspect is nearest."""
    FIXED = "fixed"
    """The trained size alone: its position embeddings are learned."""


class Guidance(StrEnum):
    """How classifier-free guidance calls the denoiser."""

    TWO_CALLS = "two calls"
    BATCHED = "batched"
    """Conditional and unconditional halves of one batch."""


@dataclass(frozen=True, slots=True)
class Knobs:
    """What fidelity and motion strength come to for one family."""

    options: Mapping[str, Scalar] = field(default_factory=dict[str, Scalar])
    """Arguments of its pipeline."""
    notes: tuple[str, ...] = ()
    """What it has no knob for."""


NO_FIDELITY = "fidelity is not used: this model has no such knob"
NO_LOOP = "the loop is not closed: this model has no such knob"


def _words_alone(fidelity: float, motion: float, loop: bool) -> Knobs:
    """Motion is said in words; nothing else can be turned."""
    del fidelity, motion
    return Knobs(notes=(NO_FIDELITY, *((NO_LOOP,) if loop else ())))


def _svd(fidelity: float, motion: float, loop: bool) -> Knobs:
    """Noise on the still before it is encoded, 0.02 at fidelity 0.7; motion bucket 1-255, 127 in the middle."""
    options = {"noise_aug_strength": round(0.02 * (1 - fidelity) / 0.3, 4), "motion_bucket_id": round(255 * motion)}
    return Knobs(options, (NO_LOOP,) if loop else ())


def _pia(fidelity: float, motion: float, loop: bool) -> Knobs:
    """Motion scale 0-2 from small to large, 3-5 the same with a closed loop."""
    del fidelity
    return Knobs({"motion_scale": min(2, int(3 * motion)) + (3 if loop else 0)}, (NO_FIDELITY,))


def _ltx(fidelity: float, motion: float, loop: bool) -> Knobs:
    """Noise on the conditioning frames, 0.15 at fidelity 0.7."""
    del motion
    return Knobs({"image_cond_noise_scale": round(0.5 * (1 - fidelity), 4)}, (NO_LOOP,) if loop else ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One architecture."""

    name: str
    title: str
    pipelines: tuple[str, ...]
    """Classes a checkpoint's `model_index.json` may name; the first is the one that is opened."""
    recipe: str
    """ "module:ATTRIBUTE" of its `farm.models.diffusion.recipe.Recipe`."""
    denoisers: tuple[str, ...] = ("transformer",)
    """Components that are called at every step; a checkpoint has the first, and may have the others."""
    conditions: frozenset[str] = frozenset({"start"})
    reads_text: bool = True
    negative_prompt: bool = True
    frame_rule: FrameRule
    """Without a highest count: that is the checkpoint's."""
    multiple: int
    """Of width and height, in pixels."""
    latent_pixels: int = 8
    latent_frames: int = 4
    """What one latent stands for, where the VAE's configuration does not say."""
    sizing: Sizing = Sizing.AREA
    any_fps: bool = False
    """True when the rate is an argument, and any that a cut has will do."""
    guidance: Guidance
    axes: frozenset[str] = frozenset({"cfg"})
    """Of "cfg", "ulysses", "tp": over which a gang can share the work."""
    is_ode: bool = True
    """True where its sampler puts no noise in on the way: then fewer steps lead to about the same take."""
    loras: bool = False
    audio: bool = False
    closes_loops: bool = False
    """True where `knobs` can ask for a loop."""
    prompt_limit: int = 2000
    """Characters, about what its text encoder reads."""
    guidance_argument: str = "guidance_scale"
    """The pipeline's argument for it; "" where it lies in a guider of the checkpoint's own."""
    knobs: Callable[[float, float, bool], Knobs] = _words_alone


_RECIPES = "farm.models.diffusion.families"

FAMILIES: Mapping[str, Family] = {
    family.name: family
    for family in (
        Family(
            name="wan",
            title="Wan 2.1 and 2.2 image to video",
            pipelines=("WanImageToVideoPipeline", "WanPipeline"),
            recipe=f"{_RECIPES}.wan:RECIPE",
            denoisers=("transformer", "transformer_2"),
            frame_rule=FrameRule(4, 1, 5),
            multiple=16,
            guidance=Guidance.TWO_CALLS,
            axes=frozenset({"cfg", "ulysses", "tp"}),
            loras=True,
        ),
        Family(
            name="ltx",
            title="LTX-Video",
            pipelines=("LTXConditionPipeline", "LTXImageToVideoPipeline", "LTXPipeline"),
            recipe=f"{_RECIPES}.ltx:RECIPE",
            latent_pixels=32,
            latent_frames=8,
            conditions=frozenset({"start", "end", "references"}),
            frame_rule=FrameRule(8, 1, 9),
            multiple=32,
            any_fps=True,
            guidance=Guidance.BATCHED,
            axes=frozenset({"cfg", "ulysses", "tp"}),
            loras=True,
            prompt_limit=1000,
            knobs=_ltx,
        ),
        Family(
            name="ltx2",
            title="LTX-2, with sound",
            pipelines=("LTX2ImageToVideoPipeline", "LTX2Pipeline", "LTX2ConditionPipeline"),
            recipe=f"{_RECIPES}.ltx2:RECIPE",
            latent_pixels=32,
            latent_frames=8,
            frame_rule=FrameRule(8, 1, 9),
            multiple=32,
            any_fps=True,
            guidance=Guidance.BATCHED,
            axes=frozenset({"cfg", "ulysses", "tp"}),
            loras=True,
            audio=True,
            prompt_limit=4000,
        ),
        Family(
            name="cogvideox",
            title="CogVideoX image to video",
            pipelines=("CogVideoXImageToVideoPipeline",),
            recipe=f"{_RECIPES}.cogvideox:RECIPE",
            frame_rule=FrameRule(8, 1, 9),
            multiple=16,
            sizing=Sizing.FIXED,
            guidance=Guidance.BATCHED,
            axes=frozenset({"cfg", "tp"}),
            is_ode=False,  # CogVideoXDPMScheduler draws new noise at every step
            loras=True,
            prompt_limit=900,
        ),
        Family(
            name="hunyuan15",
            title="HunyuanVideo 1.5 image to video",
            pipelines=("HunyuanVideo15ImageToVideoPipeline",),
            recipe=f"{_RECIPES}.hunyuan15:RECIPE",
            frame_rule=FrameRule(4, 1, 5),
            multiple=16,
            sizing=Sizing.BUCKETS,
            guidance=Guidance.TWO_CALLS,
            guidance_argument="",
            axes=frozenset({"cfg", "tp"}),
            loras=True,
            prompt_limit=4000,
        ),
        Family(
            name="svd",
            title="Stable Video Diffusion",
            pipelines=("StableVideoDiffusionPipeline",),
            recipe=f"{_RECIPES}.svd:RECIPE",
            denoisers=("unet",),
            reads_text=False,
            negative_prompt=False,
            frame_rule=FrameRule(),
            multiple=64,
            guidance=Guidance.BATCHED,
            guidance_argument="max_guidance_scale",
            knobs=_svd,
        ),
        Family(
            name="i2vgen-xl",
            title="I2VGen-XL",
            pipelines=("I2VGenXLPipeline",),
            recipe=f"{_RECIPES}.i2vgen_xl:RECIPE",
            denoisers=("unet",),
            frame_rule=FrameRule(),
            multiple=64,
            guidance=Guidance.BATCHED,
            prompt_limit=300,
        ),
        Family(
            name="pia",
            title="PIA",
            pipelines=("PIAPipeline", "StableDiffusionPipeline"),
            recipe=f"{_RECIPES}.pia:RECIPE",
            denoisers=("unet",),
            frame_rule=FrameRule(),
            multiple=64,
            guidance=Guidance.BATCHED,
            prompt_limit=300,
            closes_loops=True,
            knobs=_pia,
        ),
    )
}
