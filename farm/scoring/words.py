"""A score as one sentence for people: "pans left 9.8 % as asked; stays sharp"."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from farm.scoring.components import Component
from farm.scoring.expect import Phase
from farm.scoring.scales import SCALES
from farm.shots.amounts import Displacement
from farm.shots.intent import Camera, CameraMove

FAULTY = 0.9
"""A component under this is worth a word."""

WRONG = 0.6
"""An error of the camera over this is named by what it does instead."""

CLOSE = 0.15
"""A measured amount this near (relatively) to the one asked for is "as asked"."""

_VERBS: Mapping[Camera, tuple[str, str]] = {
    Camera.PUSH: ("pushes in", "pulls back"),
    Camera.PULL: ("pushes in", "pulls back"),
    Camera.ZOOM: ("zooms in", "zooms out"),
    Camera.PAN: ("pans left", "pans right"),
    Camera.TRUCK: ("trucks left", "trucks right"),
    Camera.TILT: ("tilts up", "tilts down"),
    Camera.PEDESTAL: ("rises", "sinks"),
    Camera.ROLL: ("rolls counterclockwise", "rolls clockwise"),
}
"""What the camera does when the picture's motion is positive, and negative."""


def sentence(failures: Mapping[str, str], components: Mapping[str, Component], phases: Sequence[Phase]) -> str:
    """Why a take scores as it does: its failed gates, or its motion and what is wrong with it, the worst first."""
    failed = [why for why in failures.values() if why]
    if failed:
        return "fails: " + ", ".join(failed)
    moved = ", then ".join(_phase(phase) for phase in phases)
    low = {name: each for name, each in components.items() if each.scaled < FAULTY and name not in _TOLD_BY_MOVES}
    faults = [_fault(name, low[name].raw) for name in sorted(low, key=lambda name: low[name].scaled)]
    return "; ".join(part for part in (moved, ", ".join(faults[:3]) or "stays sharp") if part)


_MELTS = 0.2
"""Per cent of the width: less is a wobble."""

_TOLD_BY_MOVES = frozenset({"camera", "motion"})


def _fault(name: str, raw: float) -> str:
    """What is wrong, with its figure where one helps."""
    match name:
        case "sharpness":
            return f"drifts {_percent(1 - raw)} softer"
        case "freeze":
            return f"stands still for {_percent(raw)} of its time"
        case "coherence":
            return f"{'melts, ' if raw > _MELTS else ''}parts wander {raw:.1f} % of the width"
        case "flicker":
            return f"flickers by {raw:.1f} %"
        case "steadiness":
            return f"shakes by {raw / 10:.1f} % of the width"
        case "clipping":
            return f"burns out {_percent(raw)} of the picture"
        case _:
            return SCALES[name].fault


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _phase(phase: Phase) -> str:
    told = [_move(move, phase) for move in phase.moves if move.kind in _VERBS]
    if told:
        return " and ".join(dict.fromkeys(told))
    kinds = {move.kind for move in phase.moves}
    drifted = math.hypot(phase.measured.x, phase.measured.y)
    if Camera.ORBIT in kinds:
        return "orbits about its pivot" if phase.error < WRONG else f"wanders {_percent(drifted)} off its pivot"
    if Camera.HANDHELD in kinds:
        return "is handheld" if phase.error < WRONG else f"drifts {_percent(drifted)}"
    return "holds still" if phase.error < CLOSE else "moves the camera, which was to hold still"


def _move(move: CameraMove, phase: Phase) -> str:
    asked, measured = _amount(move.kind, phase.asked), _amount(move.kind, phase.measured)
    up, down = _VERBS[move.kind]
    verb = up if measured > 0 else down
    if abs(measured) < CLOSE * abs(asked):
        return f"hardly {up if asked > 0 else down}"
    if measured * asked < 0:
        return f"{verb} {_shown(move.kind, measured)} where the opposite was asked for"
    if abs(measured / asked - 1) <= CLOSE or phase.error <= CLOSE:
        return f"{verb} {_shown(move.kind, measured)} as asked"
    return f"{verb} {_shown(move.kind, measured)} where {_shown(move.kind, asked)} was asked for"


def _amount(kind: Camera, motion: Displacement) -> float:
    match kind:
        case Camera.PAN | Camera.TRUCK:
            return motion.x
        case Camera.TILT | Camera.PEDESTAL:
            return motion.y
        case Camera.ROLL:
            return motion.roll_deg
        case _:
            return motion.log_scale


def _shown(kind: Camera, amount: float) -> str:
    if kind is Camera.ROLL:
        return f"{abs(amount):.1f}°"
    share = math.expm1(abs(amount)) if kind in {Camera.PUSH, Camera.PULL, Camera.ZOOM} else abs(amount)
    return f"{100 * share:.1f} %"
