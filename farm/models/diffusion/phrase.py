"""Motion intent in words, for models that read text: what explicit columns ask for is said as plainly as the prompt.

phases ((push in, slow, "the boat"),), (pan left) · mist  ──▶  "The camera slowly pushes in toward the boat, then
                                                                pans to the left. Mist drifts."
"""

from __future__ import annotations

from farm.shots.intent import Air, Atmosphere, Camera, CameraMove, Direction, MotionIntent, Speed, SubjectMotion

_ADVERBS = {Speed.VERY_SLOW: "very slowly", Speed.SLOW: "slowly", Speed.MEDIUM: "", Speed.FAST: "quickly"}
_VERBS = {
    Camera.STATIC: "holds still",
    Camera.PUSH: "pushes",
    Camera.PULL: "pulls",
    Camera.ZOOM: "zooms",
    Camera.PAN: "pans",
    Camera.TILT: "tilts",
    Camera.TRUCK: "trucks",
    Camera.PEDESTAL: "rises or sinks",
    Camera.ORBIT: "orbits",
    Camera.ROLL: "rolls",
    Camera.HANDHELD: "is held by hand, swaying a little",
}
_WHERE = {
    Direction.NONE: "",
    Direction.IN: "in",
    Direction.OUT: "back",
    Direction.LEFT: "to the left",
    Direction.RIGHT: "to the right",
    Direction.UP: "up",
    Direction.DOWN: "down",
    Direction.CLOCKWISE: "clockwise",
    Direction.COUNTERCLOCKWISE: "counterclockwise",
}
_AIR = {
    Air.MIST: "mist drifts",
    Air.STEAM: "steam rises",
    Air.SNOW: "snow falls",
    Air.RAIN: "rain falls",
    Air.DUST: "dust floats in the air",
    Air.LIGHT: "the light shifts",
}


def phrase(intent: MotionIntent) -> str:
    """The intent in sentences; "" for one that asks for nothing."""
    said = [_camera(intent), *map(_subject, intent.subject), *map(_air, intent.atmosphere)]
    return " ".join(_sentence(each) for each in said if each)


def _camera(intent: MotionIntent) -> str:
    phases = [" and ".join(_move(move) for move in phase) for phase in intent.phases]
    return f"the camera {', then '.join(filter(None, phases))}" if any(phases) else ""


def _move(move: CameraMove) -> str:
    if move.kind is Camera.PEDESTAL:
        verb, where = ("rises", "") if move.direction is Direction.UP else ("sinks", "")
    else:
        verb, where = _VERBS[move.kind], _WHERE[move.direction]
    still = move.kind in {Camera.STATIC, Camera.HANDHELD}
    around = "around" if move.kind is Camera.ORBIT else "toward"
    target = f"{around} {move.target}" if move.target and not still else ""
    return " ".join(filter(None, ("" if still else _ADVERBS[move.speed], verb, "" if still else where, target)))


def _subject(motion: SubjectMotion) -> str:
    words = (motion.element, motion.action or "moves", _WHERE[motion.direction], _ADVERBS[motion.speed])
    return " ".join(filter(None, words))


def _air(air: Atmosphere) -> str:
    return " ".join(filter(None, (_AIR[air.kind], _WHERE[air.direction], _ADVERBS[air.speed])))


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}."
