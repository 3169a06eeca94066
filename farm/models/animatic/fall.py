"""Snow, rain and dust: planes of flecks from far to near, each as large, fast and blurred as its distance asks.

    plane      far          mid          near           before the lens
    snow       fine, many   flakes       soft flakes    a few pale discs out of focus
    rain       a fine haze  streaks      long streaks   a few wide, faint ones
    dust       motes that shine where the picture is light, and pale discs out of focus

A plane is hidden by what is nearer than itself. Everything is drawn with the open half of a frame as its exposure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from farm.models.animatic.clock import Clock, way
from farm.models.animatic.flecks import LONGEST, Flecks, blank, draw, scatter, visible
from farm.models.animatic.noise import smoothstep
from farm.models.animatic.veil import Floats, Veil, View
from farm.shots.amounts import FACTORS
from farm.shots.intent import Atmosphere


@dataclass(frozen=True, slots=True)
class _Plane:
    depth: float
    count: int
    """Per square frame height of the box."""
    fall: float
    """Frame heights per second."""
    radius: tuple[float, float]
    """Thousandths of the frame height."""
    strength: tuple[float, float]
    hardness: float
    shutter: float
    """Share of a frame's time in which it leaves its trail."""


_SNOW = (
    _Plane(0.12, 1500, 0.075, (0.7, 1.1), (0.25, 0.65), 1.0, 0.5),
    _Plane(0.40, 620, 0.14, (1.2, 2.4), (0.45, 0.9), 1.2, 0.3),
    _Plane(0.80, 150, 0.26, (2.2, 5.0), (0.45, 0.85), 1.1, 0.25),
    _Plane(1.10, 26, 0.42, (6.0, 18.0), (0.14, 0.32), 1.3, 0.2),
)
_RAIN = (
    _Plane(0.15, 1900, 0.80, (0.8, 1.1), (0.10, 0.22), 1.0, 0.5),
    _Plane(0.45, 620, 1.5, (0.9, 1.3), (0.16, 0.42), 1.0, 0.5),
    _Plane(0.85, 110, 2.4, (1.2, 2.0), (0.12, 0.34), 1.0, 0.5),
    _Plane(1.10, 14, 3.4, (3.0, 5.0), (0.04, 0.09), 1.0, 0.5),
)
_DUST = (
    _Plane(0.45, 300, 0.010, (1.0, 2.0), (0.35, 1.0), 1.2, 0.5),
    _Plane(0.80, 70, 0.016, (1.8, 3.8), (0.25, 0.75), 1.2, 0.5),
    _Plane(1.10, 26, 0.026, (5.0, 14.0), (0.08, 0.22), 1.8, 0.5),
)


def _count(plane: _Plane, aspect: float, more: float = 1.0) -> int:
    return max(1, round(plane.count * aspect * more))


class Snow:
    """Falling snow; a direction to the left or right is a wind."""

    def __init__(self, asked: Atmosphere, clock: Clock, rng: np.random.Generator, aspect: float) -> None:
        self._clock = clock
        factor = FACTORS[asked.speed]
        wind = 0.75 * way(asked.direction, (float(rng.uniform(-0.22, 0.22)), 0.0))[0]
        self._planes = [
            scatter(
                rng,
                clock,
                count=_count(plane, aspect),
                depth=plane.depth,
                velocity=(wind * plane.fall * factor, plane.fall * factor),
                spread=0.28,
                wander=0.05 * plane.fall + 0.002,
                rate=(0.15, 0.5),
                radius=(plane.radius[0] / 1000, plane.radius[1] / 1000),
                strength=plane.strength,
            )
            for plane in _SNOW
        ]

    def lay(self, veil: Veil, view: View) -> None:
        """Put the snow on `veil`, far planes first."""
        tint = view.skylight(0.30, 0.97)
        veil.cover(_together(veil, view, self._clock, _SNOW, self._planes), tint)


class Rain:
    """Rain, seen as what it leaves on an open shutter; a direction to the left or right slants it."""

    def __init__(self, asked: Atmosphere, clock: Clock, rng: np.random.Generator, aspect: float) -> None:
        self._clock = clock
        factor = FACTORS[asked.speed]
        slant = way(asked.direction, (float(rng.uniform(-0.25, 0.25)), 0.0))[0]
        # "slow" rain is light rain: drops fall about as fast as ever, there are fewer of them
        fall, more = factor**0.3, factor**0.6
        self._planes = [
            scatter(
                rng,
                clock,
                count=_count(plane, aspect, more),
                depth=plane.depth,
                velocity=(0.17 * slant * plane.fall * fall, plane.fall * fall),
                spread=0.12,
                wander=0.0,
                rate=(0.2, 0.3),
                radius=(plane.radius[0] / 1000, plane.radius[1] / 1000),
                strength=plane.strength,
            )
            for plane in _RAIN
        ]
        self._haze = 0.07 * more

    def lay(self, veil: Veil, view: View) -> None:
        """Put the rain on `veil`: a thin haze over the distance, then the streaks."""
        tint = view.skylight(0.34, 0.94)
        cover = _together(veil, view, self._clock, _RAIN, self._planes)
        if view.depth is not None:
            clear = 1.0 - np.float32(self._haze) * (1.0 - smoothstep(0.0, 0.6, view.depth))
            cover = 1.0 - (1.0 - cover) * cv2.resize(clear, veil.size, interpolation=cv2.INTER_LINEAR)
        veil.cover(cover, tint)


class Dust:
    """Motes that float and turn, and shine where the picture is light."""

    def __init__(self, asked: Atmosphere, clock: Clock, rng: np.random.Generator, aspect: float) -> None:
        self._clock = clock
        factor = FACTORS[asked.speed]
        toward = way(asked.direction, (float(rng.uniform(-0.6, 0.6)), float(rng.uniform(-0.4, 0.5))))
        self._planes = [
            scatter(
                rng,
                clock,
                count=_count(plane, aspect),
                depth=plane.depth,
                velocity=(toward[0] * plane.fall * factor, toward[1] * plane.fall * factor),
                spread=0.6,
                wander=0.012 + 0.3 * plane.fall,
                rate=(0.05, 0.16),
                radius=(plane.radius[0] / 1000, plane.radius[1] / 1000),
                strength=plane.strength,
            )
            for plane in _DUST
        ]

    def lay(self, veil: Veil, view: View) -> None:
        """Add the light of the motes to `veil`."""
        light = _relative_light(view)
        tint = view.skylight(0.45, 1.0) * np.array([1.0, 0.95, 0.85], np.float32)
        now = self._clock.time_s(view.index)
        lit: list[Flecks] = []
        for plane in self._planes:
            turn = np.float32(2 * np.pi) * (np.float32(2) * plane.rate * np.float32(now) + plane.phase)
            glint = np.float32(0.65) + np.float32(0.35) * np.sin(turn)
            lit.append(replace(plane, strength=plane.strength * glint))
        veil.glow(_together(veil, view, self._clock, _DUST, lit, light), tint)


def _together(
    veil: Veil, view: View, clock: Clock, looks: tuple[_Plane, ...], planes: list[Flecks], light: Floats | None = None
) -> Floats:
    """Every plane in one opacity picture of the veil's size, flecks drawn out along their plane's way.

    Where `light`, a picture of the frame, is given, flecks shine only as far as it does.
    """
    rows = veil.size[1]
    picture = blank(veil.size)
    for look, plane in zip(looks, planes, strict=True):
        x, y, presence = plane.at(view, clock)
        if light is not None:
            presence = presence * view.sample(light, x, y)
        travel = plane.velocity.mean(axis=0) * np.float32(rows * look.shutter / clock.fps)
        travel *= np.float32(min(1.0, LONGEST / max(float(np.hypot(*travel)), 1.0)))
        draw(
            picture,
            x * rows,
            y * rows,
            radius=plane.radius * rows * np.float32(view.scale),
            strength=plane.strength * presence,
            trail=(float(travel[0]), float(travel[1])),
            hardness=look.hardness,
        )
    return visible(picture)


def _relative_light(view: View) -> Floats:
    """How light each part of the picture is beside its own brightest parts, 0..1: dust in a dark room shines too."""
    light = np.asarray(cv2.GaussianBlur(view.glance.max(axis=2), (0, 0), 2.0), np.float32)
    weight = np.square(np.square(light)) + 1e-4
    brightest = float((light * weight).sum() / weight.sum())
    return 0.05 + 0.95 * smoothstep(0.1, 0.8, light / np.float32(brightest + 0.05))
