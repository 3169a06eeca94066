"""What motion was asked for, as something that can be measured: the picture's motion in each phase, and the slack.

    MotionIntent ──amounts──▶ asked ◀──compared──▶ measured path over the phase's frames ──▶ Phase(error)

An error of 0 is exactly as asked, 1 is as wrong as not moving at all, 2 is the opposite direction.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from farm.scoring.similarity import Similarity, mean_distance
from farm.shots.amounts import Displacement, displacements
from farm.shots.intent import Camera, CameraMove, MotionIntent

LEAST = 0.03
"""Errors are relative to the motion asked for, or to this many frame widths where less was asked."""

_TRAVEL = 0.002

STILL_SLACK = 0.003
HANDHELD_SLACK = 0.02
ORBIT_SLACK = 0.03
"""Motion in frame widths that a still, handheld or orbiting camera may show beyond what was asked."""

_ZOOMS = frozenset({Camera.PUSH, Camera.PULL, Camera.ZOOM})


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase of the move, asked and measured, from frame `first` to frame `last`."""

    moves: tuple[CameraMove, ...]
    asked: Displacement
    measured: Displacement
    error: float
    """How far the picture ends from where it was asked to; 1 is as wrong as not moving."""
    amount: float
    """How far the amount of motion is from what was asked, whichever way it goes: |ln(measured / asked)|."""


def phases(
    intent: MotionIntent, path: Sequence[Similarity], fps: Fraction, aspect: float, *, loop: bool = False
) -> tuple[Phase, ...]:
    """Every phase asked for, measured on `path`; a phase without camera moves is one of holding still throughout.

    A loop is judged on its way out, its first half: the second brings the camera back.
    """
    path = path[: len(path) // 2 + 1] if loop else path
    asked = intent.phases or ((),)
    moving = [tuple(move for move in moves if move.kind is not Camera.STATIC) for moves in asked]
    amounts = displacements(intent, float(len(path) / fps)) or (Displacement(),)
    bounds = [round(number * (len(path) - 1) / len(asked)) for number in range(len(asked) + 1)]
    return tuple(
        _phase(moves, amount, path[first : last + 1], aspect)
        for moves, amount, first, last in zip(moving, amounts, bounds, bounds[1:], strict=False)
    )


def travels(intent: MotionIntent) -> bool:
    """Whether the picture as a whole is to move: an orbit keeps its pivot where it is, a handheld camera its place."""
    return any(move.kind not in {Camera.ORBIT, Camera.HANDHELD} for move in intent.moves)


def camera_error(found: Sequence[Phase]) -> float:
    """The mean of the phases' errors, each capped at 2."""
    return sum(min(2.0, phase.error) for phase in found) / len(found)


def amount_error(found: Sequence[Phase]) -> float:
    """The mean of the phases' errors of amount, each capped at 3."""
    return sum(min(3.0, phase.amount) for phase in found) / len(found)


def _phase(moves: tuple[CameraMove, ...], amount: Displacement, path: Sequence[Similarity], aspect: float) -> Phase:
    began = path[0].inverse
    seen = path[-1].after(began)
    wanted = Similarity.asked(amount, aspect, _pivot(moves, seen, aspect))
    judged = (seen,) if moves else tuple(here.after(began) for here in path)
    apart = max(0.0, max(mean_distance(here, wanted, aspect) for here in judged) - _slack(moves))
    size = mean_distance(wanted, Similarity(), aspect)
    far = max(mean_distance(here, Similarity(), aspect) for here in judged)
    return Phase(moves, amount, seen.displacement(aspect), apart / max(size, LEAST), _amount_error(far, size, moves))


def _amount_error(measured: float, asked: float, moves: tuple[CameraMove, ...]) -> float:
    """Both in frame widths. Where no travel was asked for, travel beyond the slack counts against the least amount."""
    if asked < _TRAVEL:
        return math.log1p(max(0.0, measured - _slack(moves)) / LEAST)
    return abs(math.log(max(measured, _TRAVEL * asked) / asked))


def _slack(moves: tuple[CameraMove, ...]) -> float:
    kinds = {move.kind for move in moves}
    if Camera.ORBIT in kinds:
        return ORBIT_SLACK
    return HANDHELD_SLACK if Camera.HANDHELD in kinds else STILL_SLACK


def _pivot(moves: tuple[CameraMove, ...], seen: Similarity, aspect: float) -> complex:
    """The point a pure zoom grew from, kept inside the frame, or its middle half where no target was named.

    A push in toward the boat moves the middle of the picture, rightly: what stays in place is the boat.
    """
    zooms = [move for move in moves if move.kind in _ZOOMS]
    if not zooms or len(zooms) < len(moves) or abs(seen.turn - 1) < 0.01:
        return 0j
    fixed = seen.shift / (1 - seen.turn)
    reach = 0.5 if any(move.target for move in zooms) else 0.25
    high = reach / aspect
    return complex(min(max(fixed.real, -reach), reach), min(max(fixed.imag, -high), high))
