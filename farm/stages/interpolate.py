"""interpolate: the chosen take at the rate of what is delivered.

    mezzanine ─▶ frames and the moments they are due ─▶ Retimer, where none of the take's own is ─▶ Encoder

Frame k is shown at the time k / fps. Where the take has a frame of its own at that time it is kept, bit for bit;
between two frames one is made; across a cut, and after the last frame, the nearest one stands. A take that is longer
than asked is read no further, and one that is shorter holds its last frame. Sound is kept as it is.
Memory does not grow with the length of the take.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from farm.chain import InterpolateParams
from farm.conform import conform
from farm.media import frames, probe, with_sound
from farm.shots.model import DurationFit
from farm.stages.deliver import as_asked
from farm.stages.movies import TakeMovies
from farm.stages.retime import Tally, retimed
from farm.stages.stage import Context, Outputs


def run(inputs: Mapping[str, Path], params: InterpolateParams, ctx: Context) -> Outputs:
    """Make the frames that are missing. Raises `MediaError`, `OutOfSpace`, `Cancelled`."""
    source = inputs["mezzanine"]
    facts = probe(source)
    movies = TakeMovies.of(ctx)
    began = time.monotonic()
    tally = Tally()
    retimer = ctx.interpolator(params.interpolator, params.revision)
    taken = frames(source, threads=ctx.threads)
    with movies.encoder(facts.width, facts.height, params.fps, ctx) as encoder:
        for frame in retimed(taken, facts.fps, params.fps, params.frames, retimer.span, tally):
            ctx.check()
            encoder.write(frame)
            ctx.progress(encoder.count / params.frames)
    with_sound(movies.mezzanine, source)
    as_asked(probe(movies.mezzanine), params.width, params.height, params.frames, params.fps, movies.mezzanine.name)
    seconds = time.monotonic() - began
    told = {
        "interpolator": params.interpolator,
        "conform": str(conform(DurationFit.TRIM, facts.frames, facts.fps, params.frames, params.fps).done),
        "from_fps": str(facts.fps),
        "kept": tally.kept,
        "made": tally.made,
        "held": tally.held,
        "cuts": [*tally.cuts],
        "seconds": round(seconds, 3),
        "seconds_per_frame": round(seconds / params.frames, 4),
    }
    return Outputs(movies.outputs, told)
