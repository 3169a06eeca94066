"""How a take is made to go round without a seam: which way, from how much material, and which frames meet where.

    loop_method │ a take of m frames and …          │ how the end meets the start
    ────────────┼───────────────────────────────────┼──────────────────────────────────────────────────────────────
    model       │ nothing more                      │ the model closed it: the frame after its last is its first
    crossfade   │ `OVERLAP_S` seconds more          │ its end goes over into what came before its first frame
    pingpong    │ nothing: half of them is enough   │ there and back, turning gently
    auto        │                                   │ model, where the model closes loops; else crossfade

A loop is exactly as long as its cut. It has no frames before its start and after its end but its own: handles are the
loop itself, gone on around. Its length is not subject to `duration_fit`, for to hold a frame or to cut would open it: a
loop of the model's is played as fast as makes it whole, and what is too short for a cross-fade is slowed down.

    crossfade   take ─ 0 ─ … ─ x ────────────────────── m ─ … ─ m+x        x = overlap
                              └ the loop's first        └ goes over into frames 0 … x
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from farm.conform import TURN_S, filled, fitting, step_of, there_and_back
from farm.shots.model import LoopMethod, Shot

OVERLAP_S = Fraction(1, 2)
"""Seconds over which the end of a take goes over into its start; at most a third of the loop."""


@dataclass(frozen=True, slots=True)
class Meeting:
    """One frame of a loop: a position in the take, and where two meet a second one with its share of the picture."""

    position: Fraction
    other: Fraction = Fraction(0)
    share: float = 0.0
    """Of the other."""


@dataclass(frozen=True, slots=True)
class Loop:
    """How one take goes round."""

    method: LoopMethod
    source_frames: int
    source_fps: Fraction
    frames: int
    """Of one round."""
    fps: Fraction
    handles: int
    step: Fraction
    """Frames of the take that go by with each frame of the loop."""
    overlap: int = 0
    """Frames of the loop in which end and start meet."""
    ease: Fraction = Fraction(0)
    """Frames of the loop to either side of a turn."""

    @property
    def is_ready(self) -> bool:
        """True where the take is the loop already."""
        is_whole = (self.source_frames, self.source_fps) == (self.frames, self.fps)
        return self.method is LoopMethod.MODEL and is_whole and not self.handles

    @property
    def total(self) -> int:
        """Frames with the handles."""
        return self.frames + 2 * self.handles

    def meeting(self, number: int) -> Meeting:
        """Frame `number` of what is left, the handle before the cut counted."""
        at = (number - self.handles) % self.frames
        match self.method:
            case LoopMethod.PINGPONG:
                return Meeting(self._swung(Fraction(at)))
            case LoopMethod.MODEL:
                return Meeting(at * self.step)
            case _:
                return self._faded(at)

    def words(self) -> str:
        """What is done, for people; "" for nothing."""
        match self.method:
            case _ if self.is_ready:
                return ""
            case LoopMethod.PINGPONG:
                return "made to loop by playing there and back"
            case LoopMethod.CROSSFADE:
                return f"made to loop: its end goes over into its start for {self.overlap} frames"
            case _:
                return "its loop goes on around over its handles" if self.handles else "its loop is timed to the cut"

    def _swung(self, at: Fraction) -> Fraction:
        """From the first frame at rest, out for half of the loop and back for the other."""
        half = Fraction(self.frames, 2)
        reach = self.step * (half - self.ease)
        if not reach:
            return Fraction(0)
        # The way sets out at full speed, and is at rest on 0 a round later: that is where the loop begins.
        return there_and_back(at + reach / self.step + self.ease / 2 + half, reach, self.step, self.ease)

    def _faded(self, at: int) -> Meeting:
        here = self._within((self.overlap + at) * self.step)
        into = at - (self.frames - self.overlap)
        if into < 0:
            return Meeting(here)
        time = (into + 1) / (self.overlap + 1)
        return Meeting(here, self._within(into * self.step), time * time * (3 - 2 * time))

    def _within(self, position: Fraction) -> Fraction:
        return min(position, Fraction(self.source_frames - 1))


def method_of(shot: Shot, *, closes: bool) -> LoopMethod | None:
    """How a take of that shot becomes a loop, by a model that `closes` loops or does not; None for no loop."""
    if not shot.loop:
        return None
    if shot.loop_method is LoopMethod.AUTO:
        return LoopMethod.MODEL if closes else LoopMethod.CROSSFADE
    return shot.loop_method


def frames_needed(shot: Shot, *, closes: bool) -> int:
    """How many frames, at the shot's rate, a take of that shot is to have."""
    match method_of(shot, closes=closes):
        case None:
            return shot.nb_frames + 2 * shot.handles
        case LoopMethod.CROSSFADE:
            return shot.nb_frames + overlap_of(shot.nb_frames, shot.fps)
        case LoopMethod.PINGPONG:
            return shot.nb_frames // 2 + 1
        case _:
            return shot.nb_frames


def looped(method: LoopMethod, frames: int, fps: Fraction, wanted: int, rate: Fraction, handles: int = 0) -> Loop:
    """How a take of `frames` at `fps` goes round in `wanted` frames at `rate`."""

    def found(step: Fraction, overlap: int = 0, ease: Fraction = Fraction(0)) -> Loop:
        return Loop(method, frames, fps, wanted, rate, handles, step, overlap, ease)

    if method is LoopMethod.MODEL:
        return found(Fraction(frames, wanted))
    step = step_of(fps, rate)
    if method is LoopMethod.PINGPONG:
        half = Fraction(wanted, 2)
        ease = min(TURN_S * rate, half / 2)
        return found(min(step, (frames - 1) / (half - ease)), ease=ease)
    overlap = overlap_of(wanted, rate)
    there = filled(frames, step) - wanted
    if there >= max(1, overlap // 2):
        return found(step, min(overlap, there))
    return found(fitting(frames, wanted + overlap), overlap)


def overlap_of(frames: int, rate: Fraction) -> int:
    """Frames in which the end and the start of a loop of `frames` meet."""
    return min(math.floor(OVERLAP_S * rate), frames // 3)
