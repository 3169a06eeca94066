"""Lengths and frame rates, exact.

    "3,5 s"  "84f"  "0:03.5"  "00:00:03:12" ──▶ Length ──frames_at(24)──▶ 84
    "23.976" ──▶ 24000/1001

Seconds are rounded to the nearest frame, half a frame counting as one; timecode counts at the nominal rate.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from farm.shots.reading.values import NUMBER, BadValue, number, quoted, shown, text

MAX_LENGTH_S = 600
MAX_WRITTEN = 40
"""Characters; nothing longer is a length."""

_LENGTH_REMEDY = "give seconds above 0, frames such as 77f, or a timecode 00:00:03:05"
_TIMECODE = re.compile(r"(\d{1,2}):(\d{1,2}):(\d{1,2})([:;])(\d{1,3})", re.ASCII)
_CLOCK = re.compile(r"(?:(\d{1,2}):)?(\d{1,2}):(\d{1,2}(?:[.,]\d{1,9})?)", re.ASCII)
_SECONDS = re.compile(r"(.*?)\s*(s|sec|secs|second|seconds)", re.IGNORECASE)
_MILLISECONDS = re.compile(r"(.*?)\s*(ms|msec)", re.IGNORECASE)
_FRAMES = re.compile(r"(.*?)\s*(f|fr|frame|frames)", re.IGNORECASE)


_PER_SECOND = re.compile(r"(.*?)\s*(?:fps|p|i/s|im/s|b/s|(?:fps\s*)?n?df)", re.IGNORECASE)
"""Rates as people write them: 25p, 24 fps, 25 i/s (French), 25 B/s (German), 29.97 DF, which is said of timecode."""
_FIELDS = re.compile(r"[\d.,]+\s*i", re.IGNORECASE)
_RATES: Mapping[str, Fraction] = {
    "pal": Fraction(25),
    "secam": Fraction(25),
    "ntsc": Fraction(30000, 1001),
    "ntscfilm": Fraction(24000, 1001),
    "film": Fraction(24),
    "cinema": Fraction(24),
}


@dataclass(frozen=True, slots=True)
class Length:
    """A length as written. Its parts add up once the frame rate is known."""

    text: str
    seconds: Fraction = Fraction(0)
    """Real time."""
    clock_s: int = 0
    """Whole seconds of a timecode, each the nominal rate long: 24 frames at 23.976."""
    frames: int = 0
    is_timecode: bool = False
    is_drop_frame: bool = False

    def frames_at(self, fps: Fraction) -> int:
        """Length in frames, half a frame counting as one. Raises `BadValue` under one frame and over ten minutes."""
        nominal = round(fps)
        has_drop_frame = fps.denominator == 1001 and nominal % 30 == 0
        if (self.is_timecode and self.frames >= nominal) or (self.is_drop_frame and not has_drop_frame):
            raise BadValue(f"{self.text} is no timecode at {rate_text(fps)} fps", _LENGTH_REMEDY)
        minutes = self.clock_s // 60
        dropped = nominal // 15 * (minutes - minutes // 10) if self.is_drop_frame else 0
        frames = half_up(self.seconds * fps) + self.clock_s * nominal + self.frames - dropped
        if frames < 1:
            raise BadValue(f"{self.text} is shorter than one frame at {rate_text(fps)} fps", _LENGTH_REMEDY)
        if frames > MAX_LENGTH_S * fps:
            raise BadValue(f"{self.text} is longer than ten minutes", "split the shot, or check the unit")
        return frames


def half_up(value: Fraction) -> int:
    """The nearest whole number; halves go up."""
    return (value + Fraction(1, 2)).__floor__()


def rate_text(fps: Fraction) -> str:
    """A frame rate as people write it: 24, 23.976."""
    return str(fps) if fps.denominator == 1 else f"{float(fps):.3f}".rstrip("0")


def length(raw: object) -> Length:
    """A duration: seconds ("3.5", "3,5 s", "3500 ms"), frames ("84f"), clock time ("0:03") or timecode."""
    written = text(raw)
    if len(written) > MAX_WRITTEN:
        raise BadValue(f"{quoted(written)} is no length", _LENGTH_REMEDY)
    found = _timecode(written) or _clock(written) or _amount(written)
    if not (found.seconds or found.clock_s or found.frames):
        zero = f"{shown(written)} s" if NUMBER.fullmatch(written) else shown(written)
        raise BadValue(f"{zero} is no length", _LENGTH_REMEDY)
    if found.seconds < 0 or found.frames < 0:
        raise BadValue(f"{shown(written)} is negative", _LENGTH_REMEDY)
    return found


def _timecode(written: str) -> Length | None:
    found = _TIMECODE.fullmatch(written)
    if not found:
        return None
    hours, minutes, seconds, frames = (int(found[part]) for part in (1, 2, 3, 5))
    if minutes > 59 or seconds > 59:
        raise BadValue(f"{written} is no timecode", _LENGTH_REMEDY)
    clock_s = hours * 3600 + minutes * 60 + seconds
    return Length(written, clock_s=clock_s, frames=frames, is_timecode=True, is_drop_frame=found[4] == ";")


def _clock(written: str) -> Length | None:
    found = _CLOCK.fullmatch(written)
    if not found:
        return None
    hours, minutes = int(found[1] or 0), int(found[2])
    return Length(written, seconds=hours * 3600 + minutes * 60 + Fraction(found[3].replace(",", ".")))


def _amount(written: str) -> Length:
    try:
        if found := _MILLISECONDS.fullmatch(written):
            return Length(written, seconds=number(found[1]) / 1000)
        if found := _FRAMES.fullmatch(written):
            return Length(written, frames=frame_count(found[1]))
        found = _SECONDS.fullmatch(written)
        return Length(written, seconds=number(found[1] if found else written))
    except BadValue as error:
        if "two ways" in error.problem:
            raise
        raise BadValue(f"{quoted(written)} is no length", _LENGTH_REMEDY) from None


def frame_count(raw: object) -> int:
    """A whole number of frames, "84" or "84f"; its limits are those of a length."""
    written = text(raw)
    found = _FRAMES.fullmatch(written[:MAX_WRITTEN])
    value = number(found[1] if found else written)
    if value.denominator != 1:
        raise BadValue(f"{shown(written)} is no whole number of frames", 'seconds go into the column "duration"')
    return int(value)


def frames_length(raw: object) -> Length:
    """A length given in frames."""
    count = frame_count(raw)
    if count < 1:
        raise BadValue(f"{count} frames is no length", "give at least 1")
    return Length(f"{count} frames", frames=count)


def rate(raw: object) -> Fraction:
    """A frame rate, exact: "23.976" and "23.98p" are 24000/1001, "PAL" is 25, "NTSC" 30000/1001."""
    written = text(raw)
    if named := _RATES.get(re.sub(r"[\s_-]", "", written.lower())):
        return named
    if _FIELDS.fullmatch(written):
        raise BadValue(f"{shown(written)} counts fields, of which a frame has two", "write frames, such as 25p")
    found = _PER_SECOND.fullmatch(written)
    value = number((found[1] if found else written).replace(",", "."))  # no rate has thousands
    if not 1 <= value <= 240:
        raise BadValue(f"{shown(written)} is no frame rate", "give 1 to 240 frames per second, such as 24 or 23.976")
    ntsc = Fraction(round(value) * 1000, 1001)
    is_ntsc = value.denominator != 1 and round(value) % 6 == 0 and abs(value - ntsc) < Fraction(1, 200)
    return ntsc if is_ntsc else value
