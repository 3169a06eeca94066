"""Renders an intent as English that a text-conditioned model understands, and that `motion.read` reads back.

phases ((push in, slow, "the boat"),), ((pan left),) -> "slow push in toward the boat, then slow pan to the left"
"""

from __future__ import annotations

from collections.abc import Mapping

from farm.shots.intent import Air, Atmosphere, Camera, CameraMove, Direction, MotionIntent, Speed, SubjectMotion

_MOVES: Mapping[Camera, str] = {
    Camera.STATIC: "static camera",
    Camera.PUSH: "push in",
    Camera.PULL: "pull back",
    Camera.ZOOM: "zoom",
    Camera.PAN: "pan",
    Camera.TILT: "tilt",
    Camera.TRUCK: "truck",
    Camera.PEDESTAL: "pedestal move",
    Camera.ORBIT: "orbit",
    Camera.ROLL: "camera roll",
    Camera.HANDHELD: "handheld camera",
}
_WAYS: Mapping[Direction, str] = {
    Direction.NONE: "",
    Direction.IN: "in",
    Direction.OUT: "out",
    Direction.LEFT: "to the left",
    Direction.RIGHT: "to the right",
    Direction.UP: "up",
    Direction.DOWN: "down",
    Direction.CLOCKWISE: "clockwise",
    Direction.COUNTERCLOCKWISE: "counterclockwise",
}
_SPEEDS: Mapping[Speed, str] = {
    Speed.VERY_SLOW: "very slow",
    Speed.SLOW: "slow",
    Speed.MEDIUM: "moderate",
    Speed.FAST: "fast",
}
_ADVERBS: Mapping[Speed, str] = {
    Speed.VERY_SLOW: "very slowly",
    Speed.SLOW: "slowly",
    Speed.MEDIUM: "moderately",
    Speed.FAST: "quickly",
}
_VERBS: Mapping[str, str] = {
    "sway": "swaying", "ripple": "rippling", "roll": "rolling in", "rise": "rising", "fall": "falling",
    "drift": "drifting", "flicker": "flickering", "turn": "turning", "nod": "nodding", "blink": "blinking",
    "smile": "smiling", "breathe": "breathing", "walk": "walking", "drive": "driving", "fly": "flying",
    "swim": "swimming", "gesture": "gesturing", "blow": "blowing",
}  # fmt: skip
_AIR: Mapping[Air, str] = {
    Air.MIST: "mist drifting",
    Air.STEAM: "steam swirling",
    Air.SNOW: "snowflakes in the air",
    Air.RAIN: "rain",
    Air.DUST: "dust motes drifting",
    Air.LIGHT: "light shifting",
}


def phrase(intent: MotionIntent) -> str:
    """`intent` in words; "" for a hold."""
    camera = ", then ".join(" and ".join(_move(move) for move in phase) for phase in intent.phases)
    subject = [_subject(motion) for motion in intent.subject]
    return "; ".join(filter(None, [camera, *subject, *(_air(air) for air in intent.atmosphere)]))


def _move(move: CameraMove) -> str:
    if move.kind is Camera.STATIC:
        return _MOVES[move.kind]
    return _joined(_SPEEDS[move.speed], _MOVES[move.kind], _WAYS[move.direction], _toward(move))


def _toward(move: CameraMove) -> str:
    if not move.target:
        return ""
    if move.kind is Camera.ORBIT:
        return f"around {move.target}"
    if move.kind is Camera.PULL or move.direction is Direction.OUT:
        return f"from {move.target}"
    return f"{'past' if move.kind is Camera.TRUCK else 'toward'} {move.target}"


def _subject(motion: SubjectMotion) -> str:
    return _joined(
        motion.element, _VERBS.get(motion.action, motion.action), _WAYS[motion.direction], _ADVERBS[motion.speed]
    )


def _air(air: Atmosphere) -> str:
    return _joined(_AIR[air.kind], _WAYS[air.direction], _ADVERBS[air.speed])


def _joined(*parts: str) -> str:
    return " ".join(part for part in parts if part)
