"""The hard gates: a take that fails one is never chosen, however well it scores otherwise."""

from __future__ import annotations

import statistics
from collections.abc import Mapping

from farm.chain import ScoreParams
from farm.scoring.expect import travels
from farm.scoring.measure import Edge, Measured
from farm.scoring.pace import apart, frozen, longest

DARK = 24.0
"""A frame whose brightest hundredth stays under this is black, unless the still is nearly so itself."""

STATIC = 0.5
"""Mean code values, grain smoothed away: a take no part of which is ever further than this from the first frame does
not move."""

FROZEN_SHARE = 0.25
FROZEN_FRAMES = 5
"""Motion asked for: at most this share, and at least this many frames, may repeat the one before without a break."""

STOPPED_SHARE = 0.30
"""A camera that was to move may rest, but for grain, for less than this share: it sets off and settles slowly."""

DUPLICATE_SHARE = 0.40
"""Motion asked for: more repeats than this in all is a clip of a lower rate."""

CUT_AGREEMENT = 0.85
CUT_RATIO = 6.0
CUT_CHANGE = 5.0
"""A cut: neighbours that agree this little, and differ this much more than usual, and by this many code values."""

JUMP = 0.025
JUMP_RATIO = 8.0
"""A cut within one view: the picture jumps by this part of its width, and by this much more than it usually moves."""

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
    repeated = longest(take.repeats)[1]
    if repeated >= max(FROZEN_FRAMES, FROZEN_SHARE * take.frames):
        return f"it freezes for {repeated} frames"
    if travels(params.intent) and take.end is None:
        begin, stopped = longest(frozen(take.path, take.steps, take.repeats))
        if stopped >= max(FROZEN_FRAMES, STOPPED_SHARE * take.frames):
            return f"it stands still for {stopped} frames from frame {begin}"
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
    leaps = [apart(one, other) for one, other in zip(take.path, take.path[1:], strict=False)]
    far = max(leaps)
    if far > max(JUMP, JUMP_RATIO * statistics.median(leaps)):
        return f"it jumps by {far:.0%} of the width at frame {leaps.index(far) + 1}".replace("%", " %")
    return ""


def _faithful(edge: Edge | None, which: str, still: str) -> str:
    if edge is None:
        return ""
    if edge.correlation < FAITHFUL or edge.difference > FAITHFUL_DIFFERENCE:
        return f"its {which} frame is not the {still}"
    return ""
