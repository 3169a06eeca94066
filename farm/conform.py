"""How a take of one length and rate comes to have exactly the frames of its cut: one rule, decided here.

    duration_fit │ a take too short                                   │ a take too long
    ─────────────┼────────────────────────────────────────────────────┼────────────────────────────────────
    trim         │ its last frame is held                             │ the surplus at its end is cut
    hold         │ its last frame is held                             │ the whole motion is kept, played faster
    retime       │ slowed down, so that the whole take fills the cut   │ the whole motion is kept, played faster
    extend       │ it goes on without freezing: slowed down where a   │ the surplus at its end is cut
                 │ quarter more is enough, else back from its end     │

    take (n frames at f), cut with its handles (m frames at g) ──▶ Conform: for each frame, its position in the take

A position is a number of frames since the take's first, exact: a whole one is that frame, bit for bit; between two a
frame is made where the shot lets frames be made, else the nearest stands. Handles count as part of the cut: what is
missing is missing in the handle at the end first, and the cut's first frame never moves. Rates that are a thousandth
apart (23.976 and 24) are taken frame for frame: nobody sees the difference, and every frame stays the take's own.

Turning back, the take slows down to its last frame and picks up speed again, over `TURN_S` to either side.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from farm.shots.model import DurationFit

SLOWEST = Fraction(5, 4)
"""Up to how many times its length `extend` slows a take down; beyond, it turns back."""
TURN_S = Fraction(1, 2)
"""Seconds to either side of a turn in which the motion slows down and picks up again."""
ONE_RATE = Fraction(1, 1000)
"""Relative difference of rates up to which frames are taken one for one."""


class Done(StrEnum):
    """What was done to a take's length."""

    NONE = "none"
    TRIM = "trim"
    HOLD = "hold"
    FASTER = "faster"
    SLOWER = "slower"
    BACK = "back"
    """Played back from its end, and forth again where that is not enough."""


@dataclass(frozen=True, slots=True)
class Conform:
    """What becomes of one take."""

    done: Done
    source_frames: int
    source_fps: Fraction
    frames: int
    fps: Fraction
    step: Fraction
    """Frames of the take that go by with each frame of the cut."""
    ease: Fraction = Fraction(0)
    """Frames of the cut to either side of a turn; 0 where the take does not turn back."""

    @property
    def is_ready(self) -> bool:
        """True where the take serves as it is: delivery reads its range, and a surplus does no harm."""
        return self.done in {Done.NONE, Done.TRIM} and self.source_fps == self.fps

    @property
    def keeps_its_speed(self) -> bool:
        """True where a slower take needs no more than frames between its own."""
        return self.done in {Done.NONE, Done.TRIM, Done.HOLD} and self.step < 1

    @property
    def tempo(self) -> Fraction:
        """How fast the take is played, where 1 is its own speed."""
        return self.step * self.fps / self.source_fps

    def position(self, frame: int) -> Fraction:
        """Which frame of the take is due at `frame` of the cut, whole or between two."""
        last = Fraction(self.source_frames - 1)
        if self.done is not Done.BACK:
            return min(frame * self.step, last)
        return there_and_back(Fraction(frame), last, self.step, self.ease)

    def words(self) -> str:
        """What is done, for people; "" for nothing."""
        takes, wants = self.source_frames / self.source_fps, self.frames / self.fps
        match self.done:
            case Done.NONE:
                return ""
            case Done.TRIM:
                return f"{float(takes - wants):.2f} s longer than the cut: its end is not used"
            case Done.HOLD:
                return f"{float(wants - takes):.2f} s short of the cut: its last frame is held"
            case Done.FASTER | Done.SLOWER:
                return f"played {self.done} to fit the cut, at {float(self.tempo):.0%} of its speed"
            case Done.BACK:
                return f"{float(wants - takes):.2f} s short of the cut: it plays back from its end"


def conform(
    rule: DurationFit, frames: int, fps: Fraction, wanted: int, rate: Fraction, *, smooth: bool = True
) -> Conform:
    """What is done to a take of `frames` at `fps` for a cut of `wanted` frames, handles counted, at `rate`.

    `smooth` says that frames may be made between the take's own.
    """
    step = step_of(fps, rate)
    there = filled(frames, step)

    def found(done: Done, step: Fraction = step, ease: Fraction = Fraction(0)) -> Conform:
        return Conform(done, frames, fps, wanted, rate, step, ease)

    if wanted == there:
        return found(Done.NONE)
    if wanted < there:
        is_kept = rule in {DurationFit.HOLD, DurationFit.RETIME} and wanted > 1
        return found(Done.FASTER, fitting(frames, wanted)) if is_kept else found(Done.TRIM)
    if frames == 1 or rule in {DurationFit.TRIM, DurationFit.HOLD}:
        return found(Done.HOLD)
    if rule is DurationFit.RETIME or (smooth and wanted <= there * SLOWEST):
        return found(Done.SLOWER, fitting(frames, wanted))
    return found(Done.BACK, ease=min(TURN_S * rate, (frames - 1) / step))


SHORTFALL = {
    DurationFit.TRIM: Fraction(1, 5),
    DurationFit.HOLD: Fraction(1, 5),
    DurationFit.RETIME: Fraction(1, 2),
    DurationFit.EXTEND: Fraction(2, 3),
}
"""How much of its cut a take may be short of, for what becomes of it to be worth seeing."""


def step_of(fps: Fraction, rate: Fraction) -> Fraction:
    """Frames of a take at `fps` that go by with each frame at `rate`, played at its own speed."""
    step = fps / rate
    return Fraction(1) if abs(step - 1) <= ONE_RATE else step


def filled(frames: int, step: Fraction) -> int:
    """How many whole frames of a cut the time of a take holds."""
    return max(1, math.floor(frames / step))


def fitting(frames: int, wanted: int) -> Fraction:
    """The step at which the first frame falls on the first, and the last on the last."""
    return Fraction(frames - 1, wanted - 1) if wanted > 1 else Fraction(0)


def nearest(position: Fraction) -> int:
    """The frame nearest to a position; half-way the later one."""
    return math.floor(position + Fraction(1, 2))


def there_and_back(time: Fraction, last: Fraction, speed: Fraction, ease: Fraction) -> Fraction:
    """Where something is that sets out from 0 at `speed`, and turns at `last` and at 0, evenly slowed within `ease`.

    Speed falls in proportion to time on the way to a turn, so that the way is a parabola: with τ the time since the
    turn, speed · τ² / (2 · ease) off it.
    """
    whole = last / speed + ease  # from one turn to the next
    since = time - (last / speed + ease / 2)
    turns = max(0, math.floor(since / whole + Fraction(1, 2)))
    off = abs(since - turns * whole)
    way = speed * off * off / (2 * ease) if off < ease else speed * (off - ease / 2)
    return last - way if turns % 2 == 0 else way
