"""How much a camera word means: the one table of speeds, and the picture motion each move asks for.

    amount = rate per second x seconds, capped      (measured on the pivot plane, the plane the move turns about)

Signs are those of the *picture*: x to the right, y down, as fractions of the frame's width and height; a camera that
pans left sees its picture move right. Scale is logarithmic, so that a push and the pull that undoes it are opposites.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from farm.shots.intent import Camera, CameraMove, Direction, MotionIntent, Speed


@dataclass(frozen=True, slots=True)
class Displacement:
    """Picture motion from a phase's first frame to its last, on the pivot plane."""

    x: float = 0.0
    """Fraction of the frame's width; positive moves the picture right."""
    y: float = 0.0
    """Fraction of the frame's height; positive moves the picture down."""
    log_scale: float = 0.0
    """Natural logarithm of the magnification; positive enlarges."""
    roll_deg: float = 0.0
    """Rotation of the picture in degrees; positive turns it clockwise as seen."""
    yaw_deg: float = 0.0
    """Turn about the pivot in degrees; positive carries the camera to the right."""

    def __add__(self, other: Displacement) -> Displacement:
        return Displacement(
            self.x + other.x,
            self.y + other.y,
            self.log_scale + other.log_scale,
            self.roll_deg + other.roll_deg,
            self.yaw_deg + other.yaw_deg,
        )

    def scaled(self, factor: float) -> Displacement:
        """The same motion, `factor` times as large."""
        return Displacement(
            self.x * factor, self.y * factor, self.log_scale * factor, self.roll_deg * factor, self.yaw_deg * factor
        )


@dataclass(frozen=True, slots=True)
class Rate:
    """What "slow" means for one kind of move, per second, and the most a whole move may come to."""

    per_second: float
    cap: float


RATES: Mapping[Camera, Rate] = {
    Camera.PUSH: Rate(math.log(1.030), math.log(1.35)),
    Camera.PULL: Rate(math.log(1.030), math.log(1.35)),
    Camera.ZOOM: Rate(math.log(1.035), math.log(1.45)),
    Camera.PAN: Rate(0.025, 0.25),
    Camera.TRUCK: Rate(0.020, 0.20),
    Camera.TILT: Rate(0.030, 0.25),
    Camera.PEDESTAL: Rate(0.025, 0.20),
    Camera.ROLL: Rate(1.0, 8.0),
    Camera.ORBIT: Rate(1.5, 8.0),
}

FACTORS: Mapping[Speed, float] = {Speed.VERY_SLOW: 0.5, Speed.SLOW: 1.0, Speed.MEDIUM: 1.8, Speed.FAST: 3.0}


def displacement(move: CameraMove, seconds: float) -> Displacement:
    """Picture motion that `move` asks for over `seconds`; none for STATIC and HANDHELD."""
    rate = RATES.get(move.kind)
    if rate is None:
        return Displacement()
    amount = min(rate.per_second * FACTORS[move.speed] * seconds, rate.cap)
    toward = move.direction
    match move.kind:
        case Camera.PUSH:
            return Displacement(log_scale=amount)
        case Camera.PULL:
            return Displacement(log_scale=-amount)
        case Camera.ZOOM:
            return Displacement(log_scale=-amount if toward is Direction.OUT else amount)
        case Camera.PAN | Camera.TRUCK:
            return Displacement(x=amount if toward is Direction.LEFT else -amount)
        case Camera.TILT | Camera.PEDESTAL:
            return Displacement(y=-amount if toward is Direction.DOWN else amount)
        case Camera.ROLL:
            return Displacement(roll_deg=amount if toward is Direction.COUNTERCLOCKWISE else -amount)
        case _:
            return Displacement(yaw_deg=-amount if toward is Direction.LEFT else amount)


def displacements(intent: MotionIntent, seconds: float) -> tuple[Displacement, ...]:
    """Picture motion of each phase; phases share the time equally."""
    if not intent.phases:
        return ()
    share = seconds / len(intent.phases)
    return tuple(sum((displacement(move, share) for move in phase), Displacement()) for phase in intent.phases)
