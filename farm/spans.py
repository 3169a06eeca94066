"""How long something takes: as people write it, and as they read it.

"90", "90s", "30m", "1h30m", "2d" ──seconds_of──▶ seconds ──span──▶ "90 s", "30 min", "1 h 30", "2 d 0 h"
"""

from __future__ import annotations

import re

from farm.errors import InputError

UNITS_S = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}

_WRITTEN = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")


def seconds_of(written: str) -> int:
    """Seconds, of a number of them or of numbers with units, the largest first.

    Raises `InputError` for what is neither.
    """
    text = "".join(written.split()).lower()
    if text.isdecimal():
        return int(text)
    found = _WRITTEN.fullmatch(text)
    if not text or found is None:
        raise InputError(f'"{written}" is no length of time (write 90s, 30m, 2h, or 1h30m)')
    return sum(int(number or 0) * size for number, size in zip(found.groups(), UNITS_S.values(), strict=True))


def span(seconds: float) -> str:
    """ "40 s", "12 min", "3 h 05", "2 d 4 h"."""
    if seconds < 100:
        return f"{max(0.0, seconds):.0f} s"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d}" if hours < 48 else f"{hours // 24} d {hours % 24} h"
