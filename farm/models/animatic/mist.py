"""Mist and steam: banks of cloud that drift behind the foreground, and a plume that rises in one place.

    cloud tiles --moved by wind, camera and time--> cover of each plane --gated by depth--> Veil

Mist stands in three planes, each behind whatever is nearer than itself; it lies low and thins upward from the place
where the far things meet the ground. Its colour is the picture's own, lifted a little, so dusk stays dusk. Each plane
mixes two windows on its tile that move at different speeds, so banks form and dissolve instead of sliding past like a
backdrop.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from farm.models.animatic.clock import Clock, way
from farm.models.animatic.noise import TILE, clouds, look, smoothstep
from farm.models.animatic.veil import Floats, Veil, View
from farm.shots.amounts import FACTORS
from farm.shots.intent import Atmosphere

_ROWS = 160
"""Mist is computed this high, whatever the frame."""


@dataclass(frozen=True, slots=True)
class _Plane:
    depth: float
    density: float
    span: float
    """Frame heights that one tile covers, across; it is squeezed to about a third of that vertically."""
    pace: float
    """Times the wind."""


_PLANES = (_Plane(0.24, 0.72, 2.0, 0.55), _Plane(0.48, 0.46, 2.6, 1.0), _Plane(0.75, 0.16, 3.6, 1.7))
_WIND = 0.045
"""Frame heights per second of a slow mist."""


class Mist:
    """Drifting banks of mist."""

    def __init__(self, asked: Atmosphere, clock: Clock, rng: np.random.Generator) -> None:
        self._clock = clock
        toward = way(asked.direction, (float(rng.choice([-1.0, 1.0])), 0.0))
        wind = _WIND * FACTORS[asked.speed]
        self._wind = (toward[0] * wind, toward[1] * wind)
        self._tile = clouds(rng, slope=1.6, finest=90.0)
        self._origins = rng.uniform(0, TILE, (len(_PLANES), 2, 2))

    def lay(self, veil: Veil, view: View) -> None:
        """Put the mist on `veil`."""
        size = (max(2, round(_ROWS * view.aspect)), _ROWS)
        depth = _depth_of(view, size)
        above = _above_ground(depth)
        clear = np.ones_like(depth)
        for plane, origins in zip(_PLANES, self._origins, strict=True):
            behind = 1.0 - smoothstep(plane.depth - 0.16, plane.depth + 0.16, depth)
            # what is higher up must be a thicker cloud to be seen: banks end in wisps, not in a gradient
            banks = smoothstep(-0.9, 1.9, self._banks(plane, origins, view, size) - np.float32(7.0) * above)
            cover = (0.10 + 0.90 * banks) * np.exp(-np.square(above / np.float32(0.22))) * behind
            clear *= 1.0 - np.float32(plane.density) * cover
        veil.cover(1.0 - clear, _tint(view, depth, size))

    def _banks(self, plane: _Plane, origins: Floats, view: View, size: tuple[int, int]) -> Floats:
        x, y, scale = view.carried(plane.depth)
        density = TILE / plane.span  # tile pixels per frame height, across
        squeeze = np.array([1.0, 2.8])
        step = density / _ROWS / scale * squeeze
        centre = np.array([0.5 * view.aspect, 0.5])
        total = np.zeros((size[1], size[0]), np.float32)
        for seconds, weight in self._clock.passes(view.index):
            for origin, pace, share in zip(origins, (1.0, 1.55), (0.8, 0.6), strict=True):
                blown = np.array(self._wind) * (seconds * plane.pace * pace)
                corner = centre - (centre + np.array([x, y])) / scale - blown
                at = origin + corner * density * squeeze
                window = look(self._tile, size, origin=(at[0], at[1]), step=(step[0], step[1]))
                total += window * np.float32(share * weight)
        return total


def _depth_of(view: View, size: tuple[int, int]) -> Floats:
    """Depth at `size`; where nothing is known, a ground that comes nearer from the middle of the frame down."""
    if view.depth is not None:
        return np.asarray(cv2.resize(view.depth, size, interpolation=cv2.INTER_LINEAR), np.float32)
    ramp = np.linspace(-0.7, 1.0, size[1], dtype=np.float32).clip(0.0, 1.0)
    return np.repeat(ramp[:, None], size[0], axis=1)


def _above_ground(depth: Floats) -> Floats:
    """(rows, 1) how far each row is above the place where far things meet the ground, in frame heights; 0 below it."""
    rows = np.linspace(0.0, 1.0, depth.shape[0], dtype=np.float32)
    far_ground = np.exp(-(((depth - 0.22) / 0.16) ** 2)).mean(axis=1) + 1e-4
    ground = float((rows * far_ground).sum() / far_ground.sum())
    return np.clip(np.float32(ground - 0.02) - rows, 0.0, None)[:, None]


def _tint(view: View, depth: Floats, size: tuple[int, int]) -> Floats:
    """The mist's colour, everywhere: the light around it and of the whole distance, lifted."""
    glance = view.glance
    far = cv2.resize(1.0 - depth, (glance.shape[1], glance.shape[0]), interpolation=cv2.INTER_AREA)
    bright = glance.mean(axis=2)
    weight = np.square(np.asarray(far, np.float32)) * bright**3 + 1e-4
    distance = (glance * weight[..., None]).sum(axis=(0, 1)) / weight.sum()
    around = cv2.GaussianBlur(glance, (0, 0), 4.0)
    light = 0.5 * np.asarray(around, np.float32) + 0.5 * distance
    grey = light.mean(axis=2, keepdims=True)
    lifted = np.clip((0.75 * light + 0.25 * grey) * 1.12 + 0.10, 0.0, 0.94)
    return np.asarray(cv2.resize(lifted.astype(np.float32), size, interpolation=cv2.INTER_LINEAR), np.float32)


class Steam:
    """A plume that rises from the lower middle of the picture, bound to the scene: it follows the camera."""

    def __init__(self, asked: Atmosphere, clock: Clock, rng: np.random.Generator) -> None:
        self._clock = clock
        self._rise = 0.11 * FACTORS[asked.speed]
        self._lean = 0.25 * way(asked.direction, (float(rng.uniform(-0.3, 0.3)), 0.0))[0]
        self._tile = clouds(rng, slope=1.35, finest=60.0)
        self._origins = rng.uniform(0, TILE, (2, 2))
        self._phases = rng.uniform(0, 2 * np.pi, 3)

    def lay(self, veil: Veil, view: View) -> None:
        """Put the plume on `veil`."""
        size = (max(2, round(_ROWS * view.aspect)), _ROWS)
        shift_x, shift_y, scale = view.carried(0.5)
        pixel = np.float32(1.0 / _ROWS)
        x = (np.arange(size[0], dtype=np.float32)[None, :] + 0.5) * pixel
        y = (np.arange(size[1], dtype=np.float32)[:, None] + 0.5) * pixel
        across = (x - 0.5 * view.aspect - shift_x) / scale
        up = _BASE - (y - 0.5 - shift_y) / scale - 0.5
        rising = np.clip(up, 0.0, None)
        across = across - self._bend(rising, self._clock.time_s(view.index))
        width = 0.05 + 0.16 * rising
        envelope = np.exp(-np.square(across / width))
        envelope = envelope * smoothstep(0.0, 0.22, up) * (1.0 - smoothstep(0.2, 0.58, up))
        wisps = smoothstep(-0.35, 1.7, self._wisps(across / (0.45 + rising), up, view))
        veil.cover((0.5 * envelope * wisps).astype(np.float32), view.skylight(0.25, 0.95))

    def _bend(self, rising: Floats, seconds: float) -> Floats:
        swing = np.zeros_like(rising)
        for phase, rate, wave, far in zip(
            self._phases, (0.21, 0.34, 0.55), (5.0, 9.0, 15.0), (0.10, 0.06, 0.03), strict=True
        ):
            swing += np.float32(far) * np.sin(wave * rising - 2 * np.pi * self._clock.hz(rate) * seconds + phase)
        return rising * swing + np.float32(self._lean) * np.square(rising)

    def _wisps(self, across: Floats, up: Floats, view: View) -> Floats:
        total = np.zeros(across.shape, np.float32)
        for seconds, weight in self._clock.passes(view.index):
            for origin, pace, span in zip(self._origins, (1.0, 1.6), (2.2, 1.2), strict=True):
                map_x = np.asarray(across * np.float32(TILE / span) + np.float32(origin[0]), np.float32)
                climbed = np.float32(self._rise * pace * seconds)
                map_y = np.asarray((climbed + _BASE - up) * np.float32(TILE / span * 0.6), np.float32)
                map_y = np.broadcast_to(map_y + np.float32(origin[1]), map_x.shape)
                wisp = cv2.remap(
                    self._tile,
                    np.mod(map_x, TILE),
                    np.mod(map_y, TILE),
                    cv2.INTER_LINEAR,
                    borderMode=cv2.BORDER_WRAP,
                )
                total += np.asarray(wisp, np.float32) * np.float32(0.7 * weight)
        return total


_BASE = 0.62
"""Where a plume begins, in frame heights from the top."""
