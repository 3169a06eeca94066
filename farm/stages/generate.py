"""generate: one take. The model's frames stream through one encoder into mezzanine and proxy.

    model.generate(request) ─▶ check, hash, count ─▶ Encoder ─┬▶ mezzanine.mkv   lossless
                    │                   └▶ poster.jpg         ├▶ proxy.mp4
                    └▶ sound, of models that make one ────────┘

Memory does not grow with the length of the take.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pydantic import JsonValue

from farm.chain import GenerateParams
from farm.errors import FarmError
from farm.media import MEZZANINE, PROXY, add_sound, write_jpeg
from farm.models.spec import Request, Sound
from farm.stages.movies import TakeMovies
from farm.stages.stage import Context, Output, Outputs
from farm.tasks import FileClass

if TYPE_CHECKING:
    from farm.models.spec import Frame


logger = logging.getLogger(__name__)


class WrongFrames(FarmError):
    """A model broke its contract: another count, size or type of frames than asked."""


def run(inputs: Mapping[str, Path], params: GenerateParams, ctx: Context) -> Outputs:
    """Make one take. Raises what the model raises, `WrongFrames`, `MediaError`, `OutOfSpace` or `Cancelled`."""
    movies, poster = TakeMovies.of(ctx), ctx.scratch / "poster.jpg"
    digest = hashlib.sha256()
    began = time.monotonic()
    take = _Take(ctx)
    frames = ctx.model(params.model).generate(request(inputs, params), take)
    with movies.encoder(params.width, params.height, params.fps, ctx) as encoder:
        for number, frame in enumerate(frames):
            ctx.check()
            _expect(frame, number, params)
            digest.update(np.ascontiguousarray(frame).data)
            encoder.write(frame)
            if number == params.frames // 2:
                write_jpeg(poster, frame)
        if encoder.count != params.frames:
            raise WrongFrames(f"{params.model} made {encoder.count} frames where {params.frames} were asked for")
    if take.heard is not None:
        add_sound(movies.mezzanine, MEZZANINE, take.heard)
        add_sound(movies.proxy, PROXY, take.heard)
    seconds = time.monotonic() - began
    logger.info(
        "%d frames of %dx%d in %.1f s, %.3f s each: %s, seed %d",
        params.frames,
        params.width,
        params.height,
        seconds,
        seconds / params.frames,
        params.model,
        params.seed,
    )
    return Outputs(
        {**movies.outputs, "poster": Output(poster, FileClass.PROXY)},
        {
            "frame_hash": digest.hexdigest(),
            "seed": params.seed,
            "seconds": round(seconds, 3),
            "seconds_per_frame": round(seconds / params.frames, 4),
        },
    )


@dataclass(slots=True)
class _Take:
    """The attempt as the model sees it (`farm.models.spec.GenerateContext`), and the sound that it makes."""

    ctx: Context
    heard: Sound | None = None

    @property
    def lean(self) -> int:
        return self.ctx.lean

    def check(self) -> None:
        self.ctx.check()

    def progress(self, fraction: float) -> None:
        self.ctx.progress(fraction)

    def preview(self, picture: Frame) -> None:
        self.ctx.preview(picture)

    def made(self) -> None:
        self.ctx.release()

    def sound(self, sound: Sound) -> None:
        self.heard = sound

    def fact(self, name: str, value: JsonValue) -> None:
        self.ctx.fact(name, value)


def request(inputs: Mapping[str, Path], params: GenerateParams) -> Request:
    """What is asked of the model: prepared pictures by name, and the parameters."""
    return Request(
        start=inputs["still"],
        end=inputs.get("end"),
        mask=inputs.get("mask"),
        depth=inputs.get("depth"),
        layers=_numbered(inputs, "layer_"),
        references=_numbered(inputs, "reference_"),
        prompt=params.prompt,
        negative_prompt=params.negative_prompt,
        intent=params.intent,
        width=params.width,
        height=params.height,
        frames=params.frames,
        fps=params.fps,
        seed=params.seed,
        fidelity=params.fidelity,
        fit=params.fit,
        overscan=params.overscan,
        loop=params.loop,
        options=params.options,
    )


def _numbered(inputs: Mapping[str, Path], prefix: str) -> tuple[Path, ...]:
    names = [name for name in inputs if name.startswith(prefix)]
    return tuple(inputs[name] for name in sorted(names, key=lambda name: int(name.removeprefix(prefix))))


def _expect(frame: Frame, number: int, params: GenerateParams) -> None:
    if number >= params.frames:
        raise WrongFrames(f"{params.model} made more than the {params.frames} frames asked for")
    if frame.shape != (params.height, params.width, 3) or frame.dtype != np.uint8:
        raise WrongFrames(
            f"{params.model} made frame {number} as {frame.shape} {frame.dtype}, "
            f"where {params.height}x{params.width}x3 uint8 was asked for"
        )
