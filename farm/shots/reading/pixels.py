"""Sizes and aspects of frames.

    "1920x1080", "1080p", "4K UHD" ──▶ (width, height)
    "9:16" in a box of 1920x1080   ──▶ (1080, 1920)

Both sides are always even, because 4:2:0 video cannot hold odd ones.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import cast

from farm.shots.reading.timing import half_up
from farm.shots.reading.values import BadValue, number, quoted, text

MIN_SIDE, MAX_SIDE = 64, 8192


_PIXELS = re.compile(r"(\d{1,6})\s*[x×*]\s*(\d{1,6})", re.ASCII | re.IGNORECASE)


_SIZES: Mapping[str, tuple[int, int]] = {
    "480p": (854, 480),
    "540p": (960, 540),
    "720p": (1280, 720),
    "hd": (1280, 720),
    "1080p": (1920, 1080),
    "fhd": (1920, 1080),
    "fullhd": (1920, 1080),
    "1440p": (2560, 1440),
    "2k": (2048, 1080),
    "2kdci": (2048, 1080),
    "2160p": (3840, 2160),
    "uhd": (3840, 2160),
    "4k": (3840, 2160),
    "4kuhd": (3840, 2160),
    "uhd4k": (3840, 2160),
    "4kdci": (4096, 2160),
    "dci4k": (4096, 2160),
}
_ASPECTS: Mapping[str, Fraction] = {
    "square": Fraction(1),
    "landscape": Fraction(16, 9),
    "portrait": Fraction(9, 16),
    "vertical": Fraction(9, 16),
    "scope": Fraction(239, 100),
}


def looks_like_size(written: str) -> bool:
    """True for a size in pixels, as against a shot size such as "MCU"."""
    return bool(_PIXELS.fullmatch(written)) or _word(written) in _SIZES


def size(raw: object) -> tuple[int, int]:
    """Width and height in pixels: "1920x1080", "1080p", "4K UHD"."""
    if isinstance(raw, Sequence) and not isinstance(raw, str):
        raw = "x".join(text(side) for side in cast("Sequence[object]", raw))
    written = text(raw)
    if named := _SIZES.get(_word(written)):
        return named
    found = _PIXELS.fullmatch(written)
    if not found:
        raise BadValue(f"{quoted(written)} is no size", "write 1920x1080 or 1080p")
    width, height = int(found[1]), int(found[2])
    if width % 2 or height % 2:
        even = f"{width - width % 2}x{height - height % 2}"
        raise BadValue(f"{written} has an odd side, which video cannot hold", f"write {even}")
    if not (MIN_SIDE <= width <= MAX_SIDE and MIN_SIDE <= height <= MAX_SIDE):
        raise BadValue(f"{written} is out of reach", f"sides go from {MIN_SIDE} to {MAX_SIDE} pixels")
    return width, height


def aspect(raw: object) -> Fraction:
    """Width over height: "16:9", "2.39", "1.85:1", "9x16", "square"."""
    written = text(raw)
    if named := _ASPECTS.get(_word(written)):
        return named
    clock = re.fullmatch(r"(\d\d:\d\d):00", written)  # what a spreadsheet makes of 16:9
    try:
        parts = [number(part.strip()) for part in re.split(r"[:/x×]", clock[1] if clock else written)]
    except BadValue:
        parts = []
    ratio = parts[0] / (parts[1] if len(parts) == 2 else 1) if 1 <= len(parts) <= 2 and all(parts) else Fraction(0)
    if not Fraction(1, 5) <= ratio <= 5:
        raise BadValue(f"{quoted(written)} is no aspect", "write 16:9, 9:16, 2.39 or square")
    return ratio


def framed(box: tuple[int, int], ratio: Fraction) -> tuple[int, int]:
    """The largest even frame of aspect `ratio` inside `box`, the box turned upright for upright frames."""
    longer, shorter = max(box), min(box)
    width, height = (longer, shorter) if ratio >= 1 else (shorter, longer)
    if ratio >= Fraction(width, height):
        return width, 2 * half_up(width / ratio / 2)
    return 2 * half_up(height * ratio / 2), height


def half(side: int) -> int:
    """Half of a side, even: that of a draft."""
    return max(2, side // 4 * 2)


def _word(written: str) -> str:
    return re.sub(r"[\s_-]", "", written.lower())
