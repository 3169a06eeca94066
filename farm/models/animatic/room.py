"""How much overscan a take needs: planned from its words alone, so that it can be part of the take's id.

    shot, intent, manner ──plan_path──▶ everything seen ──▶ how much larger than the frame the still must stand

Thousands of takes are planned at a time, many of them the same move over the same time, so answers are kept.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import TypeAlias

from farm.looping import frames_needed, method_of
from farm.models.animatic import takes
from farm.models.animatic.framing import overscan_for, path_bounds, shake_margin
from farm.models.animatic.path import plan_path, shake_reach
from farm.models.animatic.takes import Manner
from farm.shots.intent import CameraMove, MotionIntent
from farm.shots.model import Fit, LoopMethod, Shot

Phases: TypeAlias = tuple[tuple[CameraMove, ...], ...]

LEAST_OVERSCAN = 1.05
"""What `fit: overscan` takes even where no move needs it."""


def overscan(shot: Shot, intent: MotionIntent, manner: Manner) -> float:
    """How much larger the still must stand, for a still of the frame's shape; rounded up to a tenth of a per cent."""
    loop = method_of(shot, closes=True) is LoopMethod.MODEL
    frames, aspect = frames_needed(shot, closes=True), shot.width / shot.height
    if shot.fit is not Fit.OVERSCAN:
        return _needed(intent.phases, frames, shot.fps, aspect, manner, loop)
    needs = (_needed(intent.phases, frames, shot.fps, aspect, each, loop) for each in takes.NAMED)
    return max(LEAST_OVERSCAN, *needs)


@lru_cache(maxsize=16_384)
def _needed(phases: Phases, frames: int, fps: Fraction, aspect: float, manner: Manner, loop: bool) -> float:
    intent = MotionIntent(phases=phases)
    path = plan_path(intent, frames=frames, fps=float(fps), aspect=aspect, manner=manner, seed=None, loop=loop)
    bounds = path_bounds(path, aspect).grown(shake_margin(shake_reach(intent, manner), aspect))
    return -(-overscan_for(bounds, aspect / 2.0, 0.5) * 1000 // 1) / 1000
