"""Timecode of the cut: counted from one hour, as editors expect a programme to start; drop-frame at 29.97 and 59.94."""

from __future__ import annotations

from fractions import Fraction

from farm.shots.timecode import Timebase


def start_frame(fps: Fraction) -> int:
    """The frame number that stands at one hour."""
    return Timebase.usual(fps).start


def timecode(frame: int, fps: Fraction) -> str:
    """The timecode of the cut's frame `frame` (from 0): "01:00:04:12", "01:00:04;12" at 29.97."""
    base = Timebase.usual(fps)
    return base.text(base.start + frame)
