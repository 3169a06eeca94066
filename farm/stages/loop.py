"""loop: the chosen take goes round without a seam, in exactly the frames of its cut.

    mezzanine ─▶ for each frame of the round: one position in the take, or two that meet (`farm.looping`)
                    one ─▶ Moments ─────────────────────────────────────────┐
                    two ─▶ the same picture, moved? ─┬▶ yes: between the two ┼▶ Encoder
                                                     └▶ no: a dissolve ──────┘

Where end and start meet they are carried towards each other along their motion, so that nothing is seen double; what
cannot be followed dissolves. The step from the last frame to the first is measured as the take would have had it, cut
off and begun again, and as it is.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from farm.chain import LoopParams
from farm.errors import MediaError
from farm.looping import Loop, Meeting
from farm.media import probe
from farm.media.reader import FrameReader
from farm.media.tempo import with_sound_at
from farm.shots.model import LoopMethod
from farm.stages.deliver import as_asked
from farm.stages.moments import Moments
from farm.stages.movies import TakeMovies
from farm.stages.retime import Tally
from farm.stages.seam import SeamMeter, change
from farm.stages.stage import Context, Outputs

if TYPE_CHECKING:
    from pydantic import JsonValue

    from farm.models.enhance.spec import Retimer
    from farm.models.spec import Frame


def run(inputs: Mapping[str, Path], params: LoopParams, ctx: Context) -> Outputs:
    """Close the loop. Raises `MediaError`, `OutOfSpace`, `Cancelled`."""
    source, plan = inputs["mezzanine"], loop_of(params)
    facts = probe(source)
    if (facts.frames, facts.fps) != (plan.source_frames, plan.source_fps):
        raise MediaError(f"{source.name} has {facts.frames} frames at {facts.fps}, where others were to go round")
    movies = TakeMovies.of(ctx)
    began, meter = time.monotonic(), SeamMeter()
    retimer = ctx.interpolator(params.interpolator, params.revision) if params.interpolator else None
    with (
        FrameReader(source, facts, threads=ctx.threads) as reader,
        movies.encoder(facts.width, facts.height, params.fps, ctx) as encoder,
    ):
        circle = _Circle.of(reader, plan, retimer)
        for number in range(params.frames):
            ctx.check()
            frame = circle.frame(plan.meeting(number))
            if plan.handles <= number < plan.handles + plan.frames:
                meter.add(frame)
            encoder.write(frame)
            ctx.progress(encoder.count / params.frames)
        before = change(reader[min(reader.frames, _whole(plan)) - 1], reader[0]) / meter.typical
    with_sound_at(movies.mezzanine, source, start_s=plan.overlap * plan.step / facts.fps)
    as_asked(probe(movies.mezzanine), params.width, params.height, params.frames, params.fps, movies.mezzanine.name)
    return Outputs(
        movies.outputs, {**_told(plan, meter, before), **circle.told(), "seconds": round(time.monotonic() - began, 3)}
    )


def loop_of(params: LoopParams) -> Loop:
    """What was planned."""
    return Loop(
        LoopMethod(params.method),
        params.source_frames,
        params.source_fps,
        params.frames - 2 * params.handles,
        params.fps,
        params.handles,
        params.step,
        params.overlap,
        params.ease,
    )


@dataclass(slots=True)
class _Circle:
    """Frames of the round, and how they came about."""

    moments: Moments
    retimer: Retimer | None
    tally: Tally
    morphed: int = 0
    dissolved: int = 0

    @classmethod
    def of(cls, reader: FrameReader, plan: Loop, retimer: Retimer | None) -> _Circle:
        tally = Tally()
        return cls(Moments(reader, retimer, tally, goes_round=plan.method is LoopMethod.MODEL), retimer, tally)

    def frame(self, meeting: Meeting) -> Frame:
        here = self.moments.at(meeting.position)
        if not meeting.share:
            return here
        there = self.moments.at(meeting.other)
        if self.retimer is not None and not (span := self.retimer.span(here, there)).is_cut:
            self.morphed += 1
            return span.at(meeting.share)
        self.dissolved += 1
        return np.asarray(cv2.addWeighted(here, 1.0 - meeting.share, there, meeting.share, 0.0), np.uint8)

    def told(self) -> dict[str, JsonValue]:
        return {
            "kept": self.tally.kept,
            "made": self.tally.made,
            "nearest": self.tally.held,
            "morphed": self.morphed,
            "dissolved": self.dissolved,
        }


def _whole(plan: Loop) -> int:
    """Frames of the take that would fill one round as they are."""
    return max(1, int(plan.frames * plan.source_fps / plan.fps + Fraction(1, 2)))


def _told(plan: Loop, meter: SeamMeter, before: float) -> dict[str, JsonValue]:
    return {
        "loop": str(plan.method),
        "overlap": plan.overlap,
        "frames": plan.frames,
        "handles": plan.handles,
        "seam_before": round(before, 3),
        "seam_after": round(meter.seam, 3),
        "worst_step": round(meter.worst, 3),
        "step": round(meter.typical, 4),
    }
