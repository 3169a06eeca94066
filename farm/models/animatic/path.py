"""Where the camera is at every frame: motion words in, a path of poses out. Pure mathematics, no pixels.

    intent ──amounts──▶ travel per phase ──ease──▶ velocities ──integrate──▶ poses ──shake──▶ CameraPath

Velocities are those of the picture on screen (x right, y down), so they are integrated in the moving frame: a pan after
a push goes on from where the push has arrived. Lengths are frame heights. Phases follow one another, with a short
overlap where both move so that the camera does not stop between them. The widest frame of a path is the approved
framing: a push starts on it, a pull ends on it. A loop goes there in the first half and back in the second.

Poses stand on a lattice of half frames; `CameraPath.at` gives those between, for motion blur.

A path is computed a column at a time, for a plan wants the paths of thousands of takes. What comes of it is part of
task ids, so functions of a column are those of `math`: numpy's own round differently from one processor to the next.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from farm.models.animatic.ease import Ease
from farm.models.animatic.lens import each
from farm.models.animatic.shake import Shake
from farm.models.animatic.takes import AS_ASKED, Manner
from farm.shots.amounts import displacement
from farm.shots.intent import Camera, CameraMove, MotionIntent, Speed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Column = NDArray[np.float64]

OVERLAP = 0.12
"""How far a moving phase reaches into a moving neighbour, as a share of its time."""
LATERAL_CAP = 0.02
"""The most a plane at unit relief may shift beside the pivot plane, as a fraction of the frame's width."""
LATERAL_RELIEF = 0.25
"""Extra shift of the plane at unit relief per shift of the pivot plane."""
DOLLY_RELIEF = 0.5
"""Relative nearness of the plane at unit relief: half as near again as the pivot plane."""
ORBIT_RELIEF = 0.25
"""Shift of the plane at unit relief, in frame widths per radian of orbit."""


class Travel(NamedTuple):
    """What changes between two moments, or its speed per second; on screen, in frame heights and radians."""

    x: float = 0.0
    y: float = 0.0
    log_scale: float = 0.0
    roll: float = 0.0
    yaw: float = 0.0
    log_dolly: float = 0.0
    """The part of log_scale that is travel of the camera and not of the lens."""
    parallax_x: float = 0.0
    parallax_y: float = 0.0

    def plus(self, other: Travel, share: float = 1.0) -> Travel:
        """This and `share` of another."""
        return Travel(*(a + share * b for a, b in zip(self, other, strict=True)))


CAPS_PER_SECOND = Travel(0.45, 0.35, 0.25, math.radians(9), math.radians(12), 0.25, math.inf, math.inf)
"""Peak speeds on screen that still read as a camera and not as a flick; x is for a frame 16:9."""


class Pose(NamedTuple):
    """One view of the still. A point q of it, in frame heights from the approved centre, with relief δ, goes

    to  u = (q + parallax·δ) / (1 - dolly·δ),  is turned by `yaw`, and lands on screen at
    exp(log_scale) · R(roll) · (u - c).
    """

    x: float = 0.0
    """c: what the middle of the frame looks at."""
    y: float = 0.0
    log_scale: float = 0.0
    roll: float = 0.0
    yaw: float = 0.0
    parallax_x: float = 0.0
    parallax_y: float = 0.0
    dolly: float = 0.0

    def toward(self, other: Pose, share: float) -> Pose:
        """The pose `share` of the way to another."""
        return Pose(*(a + share * (b - a) for a, b in zip(self, other, strict=True)))


@dataclass(frozen=True, eq=False)
class CameraPath:
    """Poses on half frames: pose 2i is frame i."""

    track: Column
    """(8, half frames) float64: the poses, a field a row."""
    frames: int
    loop: bool
    phases: tuple[Travel, ...]
    """Travel asked of each phase after the take's manner and the caps."""

    @property
    def columns(self) -> Pose:
        """All poses at once: each field is a column, which `farm.models.animatic.lens` takes as it takes a number."""
        return Pose(*self.track)

    @cached_property
    def poses(self) -> tuple[Pose, ...]:
        """One for every half frame."""
        return tuple(map(Pose._make, self.track.T.tolist()))

    def __getitem__(self, frame: int) -> Pose:
        return self.poses[2 * frame]

    def at(self, frame: float) -> Pose:
        """The pose at a moment counted in frames; before the first and after the last the camera rests, or loops."""
        span = 2 * self.frames if self.loop else len(self.poses) - 1
        position = (2.0 * frame) % span if self.loop else min(max(2.0 * frame, 0.0), span)
        index = int(position)
        here, there = self.poses[index], self.poses[(index + 1) % span if self.loop else min(index + 1, span)]
        return here if here == there else here.toward(there, position - index)

    @property
    def is_still(self) -> bool:
        """True when every frame sees the same."""
        return bool((self.track == self.track[:, :1]).all())


def plan_path(
    intent: MotionIntent,
    *,
    frames: int,
    fps: float,
    aspect: float,
    manner: Manner = AS_ASKED,
    seed: int | None = 0,
    loop: bool = False,
) -> CameraPath:
    """The path that `intent` asks for over `frames` frames of a frame `aspect` times as wide as high.

    A seed of None leaves out handheld movement, whose reach `shake_reach` bounds.
    """
    seconds = frames / fps / (2.0 if loop else 1.0)
    travels = tuple(_phase_travel(phase, seconds / len(intent.phases), aspect, manner) for phase in intent.phases)
    windows = _windows([travel != Travel() for travel in travels])
    progress = [_progress(manner.ease, window, frames, loop) for window in windows]
    track = _integrate(travels, progress, 2 * frames if loop else 2 * frames - 1, aspect)
    if seed is not None and any(_shakes(intent)):
        times = _lattice(frames, loop)
        poses = list(map(Pose._make, track.T.tolist()))
        track = np.array(_shaken(poses, _shakes(intent), windows, times, frames / fps, manner, seed, loop)).T
    return CameraPath(track, frames, loop, travels)


def _lattice(frames: int, loop: bool) -> list[float]:
    """Time along the one-way path, 0-1, of every half frame."""
    if loop:
        return [1.0 - abs(1.0 - index / frames) for index in range(2 * frames)]
    last = max(2 * (frames - 1), 1)
    return [index / last for index in range(2 * frames - 1)]


@lru_cache(maxsize=512)
def _progress(ease: Ease, window: tuple[float, float], frames: int, loop: bool) -> Column:
    """How far a phase has come at every half frame, 0-1. The takes of a shot, and shots of one length, share it."""
    start, end = window
    shares = np.array([ease((time - start) / (end - start)) for time in _lattice(frames, loop)])
    shares.setflags(write=False)
    return shares


def _windows(moving: Sequence[bool]) -> list[tuple[float, float]]:
    """When each phase starts and ends, 0-1."""
    count = len(moving)
    reach = OVERLAP / count if count else 0.0
    both = [a and b for a, b in pairwise(moving)]
    before, after = [False, *both], [*both, False]
    return [
        (index / count - reach * before[index], (index + 1) / count + reach * after[index]) for index in range(count)
    ]


def _phase_travel(phase: Sequence[CameraMove], seconds: float, aspect: float, manner: Manner) -> Travel:
    """Everything a phase moves, in the take's manner, held below the caps."""
    asked = Travel()
    for move in phase:
        asked = asked.plus(_move_travel(move, seconds, aspect), manner.amount)
    limits = CAPS_PER_SECOND._replace(x=CAPS_PER_SECOND.x * aspect / (16 / 9))
    reach = seconds / manner.ease.peak
    factor = min([1.0, *(cap * reach / abs(way) for way, cap in zip(asked, limits, strict=True) if way)])
    return Travel().plus(asked, factor)


def _move_travel(move: CameraMove, seconds: float, aspect: float) -> Travel:
    """One move in frame heights and radians, with the parallax its kind brings."""
    asked = displacement(move, seconds)
    x, yaw = asked.x * aspect, math.radians(asked.yaw_deg)
    travels = move.kind in {Camera.PUSH, Camera.PULL}
    aside = LATERAL_RELIEF * x if move.kind is Camera.TRUCK else -ORBIT_RELIEF * yaw * aspect
    return Travel(
        x=x,
        y=asked.y,
        log_scale=asked.log_scale,
        roll=math.radians(asked.roll_deg),
        yaw=yaw,
        log_dolly=asked.log_scale if travels else 0.0,
        parallax_x=aside,
        parallax_y=LATERAL_RELIEF * asked.y if move.kind is Camera.PEDESTAL else 0.0,
    )


def _integrate(travels: Sequence[Travel], progress: Sequence[Column], half_frames: int, aspect: float) -> Column:
    """Poses, (8, half frames), from the travel of each phase and how far each has come at every moment."""
    track = np.zeros((len(Travel._fields), half_frames))
    for travel, shares in zip(travels, progress, strict=True):
        track += np.multiply.outer(travel, shares)
    x, y, log_scale, roll, yaw, log_dolly, parallax_x, parallax_y = track
    widest = int(log_scale.argmin())
    log_scale, log_dolly = log_scale - log_scale[widest], log_dolly - log_dolly[widest]
    nearer = each(math.expm1, log_dolly)
    aside = _share_within(LATERAL_CAP * aspect, parallax_x)
    up = _share_within(LATERAL_CAP, parallax_y)
    dolly = _share_within(2.0 * LATERAL_CAP, DOLLY_RELIEF * nearer)
    middle = _middles(x, y, log_scale, roll)
    return np.stack((*middle, log_scale, roll, yaw, aside * parallax_x, up * parallax_y, dolly * DOLLY_RELIEF * nearer))


def _middles(x: Column, y: Column, log_scale: Column, roll: Column) -> tuple[Column, Column]:
    """Where the middle of the frame looks when the picture shifts on screen as x and y say: `_step`, all the way."""
    shrink = each(math.exp, -(log_scale[:-1] + log_scale[1:]) / 2.0)
    turn = -(roll[:-1] + roll[1:]) / 2.0
    cos, sin = each(math.cos, turn), each(math.sin, turn)
    right, down = x[1:] - x[:-1], y[1:] - y[:-1]
    return _descend(shrink * (cos * right - sin * down)), _descend(shrink * (sin * right + cos * down))


def _descend(steps: Column) -> Column:
    """0, and then less by each step."""
    return np.subtract.accumulate(np.concatenate(([0.0], steps)))


def _share_within(cap: float, amounts: Column) -> float:
    """The factor that keeps every amount within `cap`."""
    most = float(np.abs(amounts).max())
    return min(1.0, cap / most) if most else 1.0


def _step(x: float, y: float, before: Travel, after: Travel) -> tuple[float, float]:
    """Move the middle so that the picture shifts on screen as the tracks say, at the scale and roll half-way."""
    shrink = math.exp(-(before.log_scale + after.log_scale) / 2.0)
    turn = -(before.roll + after.roll) / 2.0
    right, down = after.x - before.x, after.y - before.y
    return (
        x - shrink * (math.cos(turn) * right - math.sin(turn) * down),
        y - shrink * (math.sin(turn) * right + math.cos(turn) * down),
    )


def _shakes(intent: MotionIntent) -> list[Speed | None]:
    """How restless each phase's handheld move is; None where it has none."""
    return [next((move.speed for move in phase if move.kind is Camera.HANDHELD), None) for phase in intent.phases]


def shake_reach(intent: MotionIntent, manner: Manner) -> Shake | None:
    """The most that handheld movement can add anywhere on the path, or None."""
    speeds = [speed for speed in _shakes(intent) if speed is not None]
    return max((Shake.of(speed, manner.amount) for speed in speeds), key=lambda shake: shake.shift, default=None)


def _shaken(
    poses: Sequence[Pose],
    speeds: Sequence[Speed | None],
    windows: Sequence[tuple[float, float]],
    times: Sequence[float],
    seconds: float,
    manner: Manner,
    seed: int,
    loop: bool,
) -> list[Pose]:
    """The path with handheld movement on top, faded in and out where only some phases ask for it."""
    clock = [seconds * index / max(len(times) - (0 if loop else 1), 1) for index in range(len(times))]
    shaken = list(poses)
    for index, (speed, (start, end)) in enumerate(zip(speeds, windows, strict=True)):
        if speed is None:
            continue
        reach = Shake.of(speed, manner.amount)
        fade_in, fade_out = index > 0, index < len(speeds) - 1
        track = reach.track(clock, seed=seed * 31 + index, period_s=seconds if loop else None)
        for place, (time, (right, down, roll)) in enumerate(zip(times, track, strict=True)):
            share = _presence((time - start) / (end - start), fade_in, fade_out)
            shaken[place] = _nudged(shaken[place], share * right, share * down, share * roll)
    return shaken


def _presence(time: float, fade_in: bool, fade_out: bool) -> float:
    """How much of the handheld movement is there, 0-1."""
    swell = Ease(0.5, 0.5)
    come = swell(time / 0.2) if fade_in else 1.0
    leave = swell((1.0 - time) / 0.2) if fade_out else 1.0
    return come * leave


def _nudged(pose: Pose, right: float, down: float, roll: float) -> Pose:
    """The pose after a small shift and turn on screen."""
    x, y = _step(
        pose.x,
        pose.y,
        Travel(log_scale=pose.log_scale, roll=pose.roll),
        Travel(x=right, y=down, log_scale=pose.log_scale, roll=pose.roll),
    )
    return pose._replace(x=x, y=y, roll=pose.roll + roll)
