"""upscale: the chosen take at the size of what is delivered, a frame at a time.

    mezzanine ─▶ cut to the frame's shape ─▶ Enlarger ─▶ on bars, where asked for ─▶ Encoder ─┬▶ mezzanine.mkv
                                                                                             └▶ proxy.mp4

Sound is kept as it is. Memory does not grow with the length of the take.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from farm.chain import UpscaleParams
from farm.errors import MediaError
from farm.media import Framing, MovieFacts, frames, on_bars, probe, with_sound
from farm.stages.movies import TakeMovies
from farm.stages.stage import Context, Outputs

if TYPE_CHECKING:
    from farm.models.spec import Frame


def run(inputs: Mapping[str, Path], params: UpscaleParams, ctx: Context) -> Outputs:
    """Enlarge one take. Raises `InputError` for an unusable upscaler, `MediaError`, `OutOfSpace`, `Cancelled`."""
    source = inputs["mezzanine"]
    facts = probe(source)
    movies = TakeMovies.of(ctx)
    began = time.monotonic()
    with movies.encoder(params.width, params.height, facts.fps, ctx) as encoder:
        for frame in _enlarged(source, facts, params, ctx):
            ctx.check()
            encoder.write(frame)
            ctx.progress(min(1.0, encoder.count / params.frames))
        if encoder.count != facts.frames:
            raise MediaError(f"{source.name} gave {encoder.count} frames of its {facts.frames}")
    with_sound(movies.mezzanine, source)
    seconds = time.monotonic() - began
    told = {
        "upscaler": params.upscaler,
        "from": f"{facts.width}x{facts.height}",
        "seconds": round(seconds, 3),
        "seconds_per_frame": round(seconds / facts.frames, 4),
    }
    return Outputs(movies.outputs, told)


def _enlarged(source: Path, facts: MovieFacts, params: UpscaleParams, ctx: Context) -> Iterator[Frame]:
    framing = Framing.of((facts.width, facts.height), (params.width, params.height), params.fit)
    kept = (frame[framing.rows, framing.columns] for frame in frames(source, threads=ctx.threads))
    enlarger = ctx.upscaler(params.upscaler, params.revision)
    for frame in enlarger.enlarged(kept, framing.width, framing.height):
        yield on_bars(frame, params.width, params.height)
