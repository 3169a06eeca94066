"""What is in the air and the light of a shot, and only what was asked for.

    atmosphere words -> Mist | Steam | Snow | Rain | Dust | Light --lay--> Veil --over--> frame

`Air` owns tiles and flecks made once per shot; a frame depends on its number alone, so any frame can be made first.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from farm.models.animatic.clock import Clock
from farm.models.animatic.fall import Dust, Rain, Snow
from farm.models.animatic.light import Light
from farm.models.animatic.mist import Mist, Steam
from farm.models.animatic.subjects import air_kind
from farm.models.animatic.veil import Floats, Frame, Veil, View, glance
from farm.shots import intent
from farm.shots.intent import Atmosphere, SubjectMotion


class _Layable(Protocol):
    def lay(self, veil: Veil, view: View) -> None: ...


_ORDER = (intent.Air.LIGHT, intent.Air.MIST, intent.Air.STEAM, intent.Air.RAIN, intent.Air.SNOW, intent.Air.DUST)
"""From what belongs to the scene to what floats before the lens."""

_SOFT = {intent.Air.LIGHT, intent.Air.MIST, intent.Air.STEAM}


class Air:
    """The atmosphere of one shot."""

    def __init__(self, clock: Clock, layers: tuple[_Layable, ...], veil: Veil) -> None:
        self._clock = clock
        self._layers = layers
        self._veil = veil

    @classmethod
    def of(
        cls,
        atmosphere: tuple[Atmosphere, ...],
        subject: tuple[SubjectMotion, ...],
        *,
        size: tuple[int, int],
        fps: float,
        frames: int,
        seed: int,
        loop: bool,
    ) -> Air:
        """The air of a shot of `frames` frames of `size` (width, height).

        A subject that is itself air ("smoke rising") counts as atmosphere; of each kind the first one asked for holds.
        With `loop`, frame `frames` is frame 0.
        """
        clock = Clock(fps, frames, loop)
        asked = {each.kind: each for each in reversed(atmosphere + _as_atmosphere(subject))}
        layers = tuple(_layer(asked[kind], clock, size, seed) for kind in _ORDER if kind in asked)
        soft = asked.keys() <= _SOFT
        return cls(clock, layers, Veil(size, np.random.default_rng((seed, 0)), soft=soft))

    def apply(
        self,
        frame: Frame,
        index: int,
        *,
        depth: Floats | None,
        shift: tuple[float, float],
        scale: float,
        within: Floats | None = None,
    ) -> Frame:
        """`frame` (height, width, 3) uint8 sRGB with the air of frame `index` before it, or `frame` itself without any.

        `depth` is a small picture of the whole frame, 0 far .. 1 near; `shift` and `scale` say how far the camera has
        moved (pixels) and enlarged the picture since frame 0, so that the air stands in the scene. `within`, a small
        picture of the whole frame, is how much of what falls or drifts is let be, 0..1; without one it is everywhere.
        Light is never kept in.
        """
        if not self._layers:
            return frame
        height, width = frame.shape[:2]
        view = View(
            index=self._clock.frame(index),
            aspect=width / height,
            glance=glance(frame),
            depth=depth,
            shift=(shift[0] / height, shift[1] / height),
            scale=scale,
        )
        self._veil.lift(within)
        for layer in self._layers:
            layer.lay(self._veil, view)
        return self._veil.over(frame)


def _as_atmosphere(subject: tuple[SubjectMotion, ...]) -> tuple[Atmosphere, ...]:
    return tuple(
        Atmosphere(kind=kind, direction=each.direction, speed=each.speed)
        for each in subject
        if (kind := air_kind(each)) is not None
    )


def _layer(asked: Atmosphere, clock: Clock, size: tuple[int, int], seed: int) -> _Layable:
    rng = np.random.default_rng((seed, 1 + _ORDER.index(asked.kind)))
    aspect = size[0] / size[1]
    match asked.kind:
        case intent.Air.MIST:
            return Mist(asked, clock, rng)
        case intent.Air.STEAM:
            return Steam(asked, clock, rng)
        case intent.Air.SNOW:
            return Snow(asked, clock, rng, aspect)
        case intent.Air.RAIN:
            return Rain(asked, clock, rng, aspect)
        case intent.Air.DUST:
            return Dust(asked, clock, rng, aspect)
        case intent.Air.LIGHT:
            return Light(asked, clock, rng)
