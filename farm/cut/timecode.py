"""Timecode of the cut: non-drop, counted from one hour, as editors expect a programme to start."""

from __future__ import annotations

from fractions import Fraction

START_HOUR = 1


def start_frame(fps: Fraction) -> int:
    """The frame number that stands at 01:00:00:00."""
    return START_HOUR * 3600 * round(fps)


def timecode(frame: int, fps: Fraction) -> str:
    """Non-drop timecode of the cut's frame `frame` (from 0): "01:00:04:12". 23.976 counts as 24, 29.97 as 30."""
    nominal = max(1, round(fps))
    seconds, frames = divmod(frame + start_frame(fps), nominal)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}:{frames:02}"
