"""How a shot should move, as data: what motion words mean once they are understood.

    "slow push in toward the boat, then pan left; mist drifting"
        -> phases ((push in, slow, "the boat"),), ((pan left),) · atmosphere (mist)

Phases follow one another in time; the moves inside a phase happen together. `farm.shots.motion` reads words into this
form, the animatic model follows it, scoring measures against it.
"""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class Camera(StrEnum):
    """What the camera does. PUSH moves the camera (near things grow faster), ZOOM only the lens."""

    STATIC = "static"
    PUSH = "push"
    PULL = "pull"
    ZOOM = "zoom"
    PAN = "pan"
    TILT = "tilt"
    TRUCK = "truck"
    PEDESTAL = "pedestal"
    ORBIT = "orbit"
    ROLL = "roll"
    HANDHELD = "handheld"


class Direction(StrEnum):
    """Where to, as seen in the picture; NONE where a move has no direction or none was given."""

    NONE = "none"
    IN = "in"
    OUT = "out"
    LEFT = "left"
    RIGHT = "right"
    UP = "up"
    DOWN = "down"
    CLOCKWISE = "clockwise"
    COUNTERCLOCKWISE = "counterclockwise"


class Speed(StrEnum):
    """How fast, in words; amounts stand in `farm.shots.amounts`."""

    VERY_SLOW = "very slow"
    SLOW = "slow"
    MEDIUM = "medium"
    FAST = "fast"


class Air(StrEnum):
    """What is in the air."""

    MIST = "mist"
    STEAM = "steam"
    SNOW = "snow"
    RAIN = "rain"
    DUST = "dust"
    LIGHT = "light"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CameraMove(_Frozen):
    """One camera move. `target` is the thing named in the words ("the lighthouse"), empty where none was."""

    kind: Camera
    direction: Direction = Direction.NONE
    speed: Speed = Speed.SLOW
    target: str = ""


class SubjectMotion(_Frozen):
    """Something in the picture that moves by itself: "hair in a breeze from the left"."""

    element: str
    action: str = ""
    direction: Direction = Direction.NONE
    speed: Speed = Speed.SLOW


class Atmosphere(_Frozen):
    """Something in the air, or the light, that changes."""

    kind: Air
    direction: Direction = Direction.NONE
    speed: Speed = Speed.SLOW


class MotionIntent(_Frozen):
    """Everything a motion prompt asks for; empty means a hold."""

    phases: tuple[tuple[CameraMove, ...], ...] = ()
    subject: tuple[SubjectMotion, ...] = ()
    atmosphere: tuple[Atmosphere, ...] = ()

    @property
    def is_hold(self) -> bool:
        """True when nothing at all was asked to move."""
        return not (self.moves or self.subject or self.atmosphere)

    @property
    def moves(self) -> tuple[CameraMove, ...]:
        """Every camera move but STATIC, in order."""
        return tuple(move for phase in self.phases for move in phase if move.kind is not Camera.STATIC)
