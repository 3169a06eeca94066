"""Timecode: frame numbers as editors write them, drop-frame where the rate has it.

    107892 ──Timebase(30000/1001, drop=True)──▶ "01:00:00;00"      25 fps: 90000 ──▶ "01:00:00:00"

Drop-frame leaves out the names :00 and :01 of every minute but each tenth (twice as many at 59.94), so that the names
keep up with the clock; no frame is dropped. Rates count at their nominal: 23.976 counts to 24.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from farm.shots.reading.values import BadValue, quoted

START_HOUR = 1
"""Editors expect a programme to start here."""

_WRITTEN = re.compile(r"(\d{1,2}):(\d{1,2}):(\d{1,2})([:;.,])(\d{1,3})", re.ASCII)


def has_drop_frame(fps: Fraction) -> bool:
    """True for 29.97 and 59.94: the rates whose names would lag behind the clock by 3.6 s an hour."""
    return fps.denominator == 1001 and round(fps) % 30 == 0


@dataclass(frozen=True, slots=True)
class Timebase:
    """How frames are counted. `drop` only at rates that have drop-frame."""

    fps: Fraction
    drop: bool = False

    @classmethod
    def usual(cls, fps: Fraction) -> Timebase:
        """As a broadcaster counts: drop-frame wherever the rate has it."""
        return cls(fps, has_drop_frame(fps))

    @classmethod
    def of(cls, fps: Fraction, *, drop_frame: bool) -> Timebase:
        """Drop-frame where it is wanted and the rate has it."""
        return cls(fps, drop_frame and has_drop_frame(fps))

    @property
    def nominal(self) -> int:
        """Frames that a second of timecode names."""
        return max(1, round(self.fps))

    @property
    def start(self) -> int:
        """The frame number that stands at one hour."""
        return self._counted(START_HOUR * 3600)

    def text(self, frame: int) -> str:
        """Frame number `frame`, from 0, as timecode; it starts anew after 24 hours."""
        named = self._named(frame % self._counted(24 * 3600))
        seconds, frames = divmod(named, self.nominal)
        mark = ";" if self.drop else ":"
        digits = max(2, len(str(self.nominal - 1)))
        return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{mark}{frames:0{digits}}"

    def frame(self, written: str) -> int:
        """The frame number of a timecode. Raises `BadValue` for what is none at this rate."""
        found = _WRITTEN.fullmatch(written.strip())
        if not found:
            raise BadValue(f"{quoted(written)} is no timecode", "write 01:00:04:12")
        hours, minutes, seconds, frames = (int(found[part]) for part in (1, 2, 3, 5))
        if minutes > 59 or seconds > 59 or frames >= self.nominal:
            raise BadValue(
                f"{quoted(written)} is no timecode at {self.nominal} frames a second", "check the frame rate"
            )
        if self.drop and not seconds and minutes % 10 and frames < self._left_out:
            raise BadValue(f"{quoted(written)} is a name that drop-frame leaves out", "check FCM and the frame rate")
        return self._counted(hours * 3600 + minutes * 60 + seconds) + frames

    @property
    def _left_out(self) -> int:
        """Names that a minute leaves out."""
        return self.nominal // 15 if self.drop else 0

    def _counted(self, clock_s: int) -> int:
        """The number of the first frame of a second, by its name."""
        minutes = clock_s // 60
        return clock_s * self.nominal - self._left_out * (minutes - minutes // 10)

    def _named(self, frame: int) -> int:
        """What frame `frame` would be called if no name were left out."""
        if not self.drop:
            return frame
        per_minute = self.nominal * 60 - self._left_out
        per_ten = per_minute * 10 + self._left_out
        tens, rest = divmod(frame, per_ten)
        minutes = 0 if rest < per_minute + self._left_out else 1 + (rest - per_minute - self._left_out) // per_minute
        return frame + self._left_out * (9 * tens + minutes)
