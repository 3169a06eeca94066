"""Timecode of a frame number, as SMPTE ST 12 counts it.

    1001 at 24 ──▶ 00:00:41:17        1800 at 29.97, drop-frame ──▶ 00:01:00;02

Non-drop timecode counts at the nominal rate: 23.976 as 24. Drop-frame leaves out numbers, never frames: the first two
of every minute but the tenth at 29.97, the first four at 59.94, so that it keeps to the clock. It exists at those two
rates only, and is written with a semicolon.
"""

from __future__ import annotations

from fractions import Fraction

DAY_HOURS = 24


def has_drop_frame(fps: Fraction) -> bool:
    """True for 29.97, 59.94 and their multiples."""
    return fps.denominator == 1001 and round(fps) % 30 == 0


def timecode(frame: int, fps: Fraction, *, drop_frame: bool = False) -> str:
    """The timecode of frame number `frame`, which may lie before midnight; drop-frame where asked for and possible."""
    nominal = max(1, round(fps))
    dropping = drop_frame and has_drop_frame(fps)
    dropped = nominal // 15 if dropping else 0
    per_ten_minutes = nominal * 600 - 9 * dropped
    frame %= per_ten_minutes * 6 * DAY_HOURS
    if dropping:
        tens, rest = divmod(frame, per_ten_minutes)
        minutes = max(0, rest - dropped) // (nominal * 60 - dropped)
        frame += dropped * (9 * tens + minutes)
    seconds, frames = divmod(frame, nominal)
    stop = ";" if dropping else ":"
    digits = len(str(nominal - 1))
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{stop}{frames:0{max(2, digits)}}"
