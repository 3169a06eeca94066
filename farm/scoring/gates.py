"""The hard gates: a take that fails one is never chosen, however well it scores otherwise."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from itertools import groupby

from farm.chain import ScoreParams
from farm.scoring.measure import Measured
from farm.scoring.register import Likeness

DARK = 24.0
"""A frame whose brightest hundredth stays under this is black, unless the still is nearly so itself."""

STATIC = 0.35
"""Mean code values: a take never further than this from its first frame does not move."""

FROZEN_SHARE = 0.25
FROZEN_FRAMES = 5
"""Motion asked for: at most this share, and at least this many frames, may repeat the one before without a break."""

DUPLICATE_SHARE = 0.40
"""Motion asked for: more repeats than this in all is a clip of a lower rate."""

CUT_AGREEMENT = 0.75
CUT_RATIO = 6.0
CUT_CHANGE = 6.0
"""A cut: neighbours that agree this little, and differ this much more than usual, and by this many code values."""

FAITHFUL = 0.70
FAITHFUL_DIFFERENCE = 45.0
"""Least correlation and greatest mean difference (code values) of a first or last frame and its still."""


def gates(take: Measured, params: ScoreParams) -> Mapping[str, str]:
    """Every gate by name, with why it fails; "" where it passes."""
    return {
        "decodes": take.error or ("" if take.frames else "it holds no frames"),
        "as_asked": _as_asked(take, params),
        "not_black": _not_black(take),
        "moves": _moves(take, params),
        "no_cut": _no_cut(take),
        "first_frame": _faithful(take.start, "first", "still"),
        "last_frame": _faithful(take.end, "last", "end still"),
    }


def _as_asked(take: Measured, params: ScoreParams) -> str:
    if take.frames != params.frames:
        return f"it has {take.frames} frames where {params.frames} were asked for"
    if (take.width, take.height) != (params.width, params.height):
        return f"it is {take.width}x{take.height} where {params.width}x{params.height} was asked for"
    if take.fps != params.fps:
        return f"it runs at {take.fps} fps where {params.fps} was asked for"
    return ""


def _not_black(take: Measured) -> str:
    if take.still_brightest < 2 * DARK:
        return ""
    black = [number for number, value in enumerate(take.brightest) if value < DARK]
    return f"{len(black)} of {take.frames} frames are black, from frame {black[0]}" if black else ""


def _moves(take: Measured, params: ScoreParams) -> str:
    if (params.intent.is_hold and take.end is None) or take.frames < 2:
        return ""
    if take.activity < STATIC:
        return "nothing moves where motion was asked for"
    longest = max((sum(1 for _ in run) for same, run in groupby(take.repeats) if same), default=0)
    if longest >= max(FROZEN_FRAMES, FROZEN_SHARE * take.frames):
        return f"it freezes for {longest} frames"
    if sum(take.repeats) > max(FROZEN_FRAMES, DUPLICATE_SHARE * take.frames):
        return f"{sum(take.repeats)} of {take.frames} frames repeat the one before"
    return ""


def _no_cut(take: Measured) -> str:
    if len(take.residuals) < 3:
        return ""
    usual = max(statistics.median(take.residuals), 0.5)
    for number, (residual, agreement) in enumerate(zip(take.residuals, take.agreements, strict=True), 1):
        if agreement < CUT_AGREEMENT and residual > CUT_RATIO * usual and residual > CUT_CHANGE:
            return f"it cuts at frame {number}"
    return ""


def _faithful(likeness: Likeness | None, which: str, still: str) -> str:
    if likeness is None:
        return ""
    if likeness.correlation < FAITHFUL or likeness.difference > FAITHFUL_DIFFERENCE:
        return f"its {which} frame is not the {still}"
    return ""
