"""conform: the chosen take with as many frames, at such a rate, as its cut and its handles have.

    mezzanine ─▶ for each frame of the cut: its position in the take (`farm.conform`) ─▶ Moments ─▶ Encoder

Frames of the take stay what they are, bit for bit; others are made between two of them where an interpolator is named.
Its sound follows: played faster or slower with the picture at the same pitch, and silent where the take plays back.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from farm.chain import ConformParams
from farm.conform import Conform, Done
from farm.errors import MediaError
from farm.media import probe, with_sound
from farm.media.reader import FrameReader
from farm.media.tempo import with_sound_at
from farm.stages.deliver import as_asked
from farm.stages.moments import Moments
from farm.stages.movies import TakeMovies
from farm.stages.retime import Tally
from farm.stages.stage import Context, Outputs


def run(inputs: Mapping[str, Path], params: ConformParams, ctx: Context) -> Outputs:
    """Make the take as long as its cut. Raises `MediaError`, `OutOfSpace`, `Cancelled`."""
    source = inputs["mezzanine"]
    facts = probe(source)
    plan = conform_of(params)
    if (facts.frames, facts.fps) != (plan.source_frames, plan.source_fps):
        raise MediaError(
            f"{source.name} has {facts.frames} frames at {facts.fps}, "
            f"where {plan.source_frames} at {plan.source_fps} were to be conformed"
        )
    movies = TakeMovies.of(ctx)
    began, tally = time.monotonic(), Tally()
    retimer = ctx.interpolator(params.interpolator, params.revision) if params.interpolator else None
    with (
        FrameReader(source, facts, threads=ctx.threads) as reader,
        movies.encoder(facts.width, facts.height, params.fps, ctx) as encoder,
    ):
        moments = Moments(reader, retimer, tally)
        for number in range(params.frames):
            ctx.check()
            encoder.write(moments.at(plan.position(number)))
            ctx.progress(encoder.count / params.frames)
    if plan.done in {Done.FASTER, Done.SLOWER}:
        with_sound_at(movies.mezzanine, source, tempo=plan.tempo)
    else:
        with_sound(movies.mezzanine, source)
    as_asked(probe(movies.mezzanine), params.width, params.height, params.frames, params.fps, movies.mezzanine.name)
    return Outputs(
        movies.outputs,
        {
            "conform": str(plan.done),
            "words": plan.words(),
            "from_frames": facts.frames,
            "from_fps": str(facts.fps),
            "frames": params.frames,
            "speed": round(float(plan.tempo), 4),
            "kept": tally.kept,
            "made": tally.made,
            "nearest": tally.held,
            "cuts": [*tally.cuts],
            "seconds": round(time.monotonic() - began, 3),
        },
    )


def conform_of(params: ConformParams) -> Conform:
    """What was planned."""
    return Conform(
        Done(params.done),
        params.source_frames,
        params.source_fps,
        params.frames,
        params.fps,
        params.step,
        params.ease,
    )
