"""A checkpoint at work: a request in, a stream of frames out, on one device or on a gang.

    Request ──recipe.arguments──▶ pipe(...) ──▶ output ──recipe.frames──▶ frames ──▶ written beside the next take
                                   │ every step: cancel, progress, preview      (`farm.models.diffusion.hooks`)
                                   │ every encoding: from the memo, if kept     (`farm.models.diffusion.memo`)
                                   └ every forward: on all ranks of the gang    (`farm.models.diffusion.parallel`)

What is loaded depends on what is asked (dtype, profile, how lean), so the first take loads, and later ones that ask for
the same find it warm. The model owns what is loaded; only one way of it at a time.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from farm.errors import OutOfMemory
from farm.models.diffusion.family import Family
from farm.models.diffusion.hooks import denoising
from farm.models.diffusion.installed import Installed
from farm.models.diffusion.loaded import Asked, Loaded, load
from farm.models.diffusion.loras import files
from farm.models.diffusion.memory import Hold, memory_errors
from farm.models.diffusion.opening import quiet
from farm.models.diffusion.parallel.plan import ParallelPlan
from farm.models.diffusion.profiles import profile_named
from farm.models.diffusion.recipe import taken
from farm.models.gang import named
from farm.models.spec import Gang, GenerateContext, Request, Sound

if TYPE_CHECKING:
    from farm.models.spec import Frame

logger = logging.getLogger(__name__)

DENOISED = 0.9
"""How much of a take's work is done when its last step is: the rest is decoding."""

PREVIEW_EVERY = 5
"""Steps."""


@dataclass(slots=True)
class DiffusionModel:
    """One checkpoint on one worker (`farm.models.spec.Model`)."""

    family: Family
    weights: Path
    gang: Gang
    plan: ParallelPlan
    loras: Mapping[str, Installed] = field(default_factory=dict[str, Installed])
    """LoRAs on this machine, by name."""
    _loaded: Loaded | None = None

    def generate(self, request: Request, ctx: GenerateContext) -> Iterator[Frame]:
        """Frames of the take; see `farm.models.spec.Model`."""
        loaded = self._ready(request, ctx)
        request = self._taken_notice_of(request)
        frames, sound = self._made(loaded, request, ctx)
        if sound is not None:
            ctx.sound(sound)
        ctx.made()
        for number, frame in enumerate(frames, 1):
            yield frame
            ctx.progress(DENOISED + (1 - DENOISED) * number / request.frames)

    def _made(self, loaded: Loaded, request: Request, ctx: GenerateContext) -> tuple[list[Frame], Sound | None]:
        """The take in this machine's memory: nothing of it is left on the device."""
        output = self._denoised(loaded, request, ctx)
        return list(taken(loaded.recipe, loaded.pipe, output, request)), loaded.recipe.audio(loaded.pipe, output)

    def _ready(self, request: Request, ctx: GenerateContext) -> Loaded:
        """What this request needs, loaded now if what is there is something else."""
        asked = Asked(
            dtype=str(request.options.get("dtype", "bfloat16")),
            profile=str(request.options.get("profile", "")),
            hold=Hold.STANDARD.leaner(ctx.lean),
            loras=tuple(files(request.options, self.loras)),
        )
        if self._loaded is None or self._loaded.asked != asked:
            self._drop()
            began = time.monotonic()
            self._loaded = load(self.weights, named(self.family.recipe), self.gang, self.plan, asked)
            seconds = time.monotonic() - began
            ctx.fact("load_seconds", round(seconds, 3))
            logger.info("loaded %s in %.1f s: %s", self.weights.name, seconds, self._how(asked))
        return self._loaded

    def _denoised(self, loaded: Loaded, request: Request, ctx: GenerateContext) -> Any:
        """The pipeline's output. What ran out of memory is given up, so that the next attempt loads a leaner one."""
        pipe, recipe = loaded.pipe, loaded.recipe
        seeded = torch.Generator("cpu").manual_seed(request.seed)
        began, before = time.monotonic(), loaded.encodings
        watched = denoising(
            pipe,
            seed=request.seed,
            check=ctx.check,
            progress=lambda fraction: ctx.progress(DENOISED * fraction),
            preview=_previews(loaded, request, ctx),
            every=PREVIEW_EVERY,
        )
        try:
            with (
                memory_errors(f"making {request.frames} frames of {request.width}x{request.height}"),
                quiet(),
                torch.no_grad(),
                loaded.working(),
                watched as steps,
            ):
                output = pipe(**recipe.arguments(pipe, request, seeded))
        except OutOfMemory:
            logger.warning("out of memory: what was loaded is given up, and the next attempt loads a leaner one")
            self._drop()
            raise
        seconds, encoded = time.monotonic() - began, loaded.encodings - before
        logger.info(
            "%d steps in %.1f s, %.2f s each; %s",
            steps.done,
            seconds,
            seconds / max(1, steps.done),
            f"{encoded} encodings made" if encoded else "all encodings shared with an earlier take",
        )
        ctx.fact("steps", steps.done)
        ctx.fact("seconds_per_step", round(seconds / max(1, steps.done), 4))
        ctx.fact("encoded", encoded)
        ctx.fact("parallel", str(self.plan))
        ctx.fact("memory", loaded.asked.hold.value)
        return output

    def _taken_notice_of(self, request: Request) -> Request:
        """Without the pictures that the plan said are not used."""
        conditions = self.family.conditions
        return replace(request, references=request.references if "references" in conditions else ())

    def _how(self, asked: Asked) -> str:
        """How it is loaded, in words."""
        loras = "".join(f", with {lora.file.stem} at {lora.scale:g}" for lora in asked.loras)
        where = f"plan {self.plan}" if str(self.plan) else "one device"
        return f"profile {profile_named(asked.profile).name}, {where}, {asked.dtype}, memory {asked.hold}{loras}"

    def _drop(self) -> None:
        """Let go of what is loaded, on every rank."""
        if self._loaded and self._loaded.ranks:
            self._loaded.ranks.close()
        self._loaded = None
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def _previews(loaded: Loaded, request: Request, ctx: GenerateContext) -> Callable[[torch.Tensor], None]:
    def show(sample: torch.Tensor) -> None:
        picture = loaded.preview.picture(loaded.recipe.latents(loaded.pipe, sample, request))
        if picture is not None:
            ctx.preview(picture)

    return show
