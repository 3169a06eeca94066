"""What tells one take of a shot from another, in a few numbers: where the camera is, and what it ends on.

    path at the quarters ──▶ motion (x, y, log scale, roll: frame widths)   ╮
    last frame, 4 x 3 cells ──▶ colours (code values)                       ┴▶ distance ──▶ alikeness, 0 to 1

They are kept in the score document: choosing several takes that differ needs no frame again.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from farm.scoring.measure import Measured

_QUARTERS = (0.25, 0.5, 0.75, 1.0)
_LEVER = 0.25
"""Frame widths from the middle of the frame at which scale and roll are felt."""

_APART = 0.03
"""Frame widths by which cameras are clearly apart."""
_OTHER = 12.0
"""Code values by which pictures are clearly others."""


def signature(take: Measured) -> Mapping[str, tuple[float, ...]]:
    """The signature of a take of at least one frame."""
    path = [take.path[round(share * (take.frames - 1))] for share in _QUARTERS]
    motion = [
        part
        for here in path
        for part in (here.shift.real, here.shift.imag, _LEVER * here.log_scale, _LEVER * math.radians(here.roll_deg))
    ]
    return {
        "motion": tuple(round(part, 5) for part in motion),
        "colours": tuple(round(colour, 1) for colour in take.colours),
    }


def alikeness(one: Mapping[str, Sequence[float]], other: Mapping[str, Sequence[float]]) -> float:
    """1 for takes that look and move the same, near 0 for two that plainly differ; 0 where nothing is known of one."""
    if not (one.get("motion") and other.get("motion")):
        return 0.0
    moved = math.sqrt(len(_QUARTERS)) * _rms(one["motion"], other["motion"])
    return math.exp(-moved / _APART - _rms(one["colours"], other["colours"]) / _OTHER)


def _rms(one: Sequence[float], other: Sequence[float]) -> float:
    return math.sqrt(sum((a - b) ** 2 for a, b in zip(one, other, strict=True)) / max(1, len(one)))
