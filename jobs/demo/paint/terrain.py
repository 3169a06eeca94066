"""Ground as a height function, seen through a lens: which point of it does every pixel show?

    ground(x, z) ──sampled along every column of pixels──▶ slope seen from the eye ──running maximum──▶ first hit

World: metres, x right, y up, z away from the eye. The lens is shifted, never tilted, so verticals stay upright.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from noise import Array

Ground = Callable[[Array, Array], Array]
"""Height in metres at (x, z), arrays of one shape."""
NO_HIT = np.float32(1e9)


@dataclass(frozen=True)
class View:
    """A lens over a canvas. `horizon` in heights from the top, `lens` the focal length in widths, `eye` in metres."""

    width: int
    height: int
    horizon: float
    lens: float
    eye: float

    @property
    def across(self) -> Array:
        """x per z of every column, shape (width,)."""
        return ((np.arange(self.width, dtype=np.float32) + 0.5) / self.width - 0.5) / np.float32(self.lens)

    @property
    def up(self) -> Array:
        """(y - eye) per z of every row, shape (height,), falling."""
        rows = (np.arange(self.height, dtype=np.float32) + 0.5) / self.height
        return (np.float32(self.horizon) - rows) * np.float32(self.height / self.width / self.lens)

    def mirrored(self) -> View:
        """The lens below the water: what the surface reflects, upside up."""
        return replace(self, eye=-self.eye, horizon=1 - self.horizon)

    def place(self, x: float, y: float, z: float) -> tuple[float, float]:
        """Column and row, in pixels, of a world point."""
        column = (x / z * self.lens + 0.5) * self.width
        row = self.horizon * self.height - (y - self.eye) / z * self.lens * self.width
        return column, row

    def screen(self) -> tuple[Array, Array]:
        """Every pixel's place: u across and v down, both in widths, shape (height, width)."""
        u, v = np.meshgrid(
            (np.arange(self.width, dtype=np.float32) + 0.5) / self.width,
            (np.arange(self.height, dtype=np.float32) + 0.5) / self.width,
        )
        return u, v


def cast(ground: Ground, view: View, near: float, far: float, steps: int) -> Array:
    """Distance z of the first ground each pixel sees, (height, width); NO_HIT where it sees sky."""
    z = np.geomspace(near, far, steps, dtype=np.float32)[:, None]
    x = z * view.across[None, :]
    slope = (ground(x, np.broadcast_to(z, x.shape).astype(np.float32)) - np.float32(view.eye)) / z
    slope_t = np.ascontiguousarray(slope.T)
    crest_t = np.maximum.accumulate(slope_t, axis=1)
    depth = np.full((view.height, view.width), NO_HIT, dtype=np.float32)
    up, distances = view.up, z[:, 0]
    for column in range(view.width):
        first = np.searchsorted(crest_t[column], up)
        seen = first < steps
        after = first[seen]
        before = np.maximum(after - 1, 0)
        here, there = slope_t[column, before], slope_t[column, after]
        part = np.clip((up[seen] - here) / np.maximum(there - here, 1e-9), 0, 1)
        depth[seen, column] = distances[before] + (distances[after] - distances[before]) * part
    return depth


def normals(ground: Ground, x: Array, z: Array, pixel: float) -> tuple[Array, Array, Array]:
    """Unit normal (nx, ny, nz) at ground points; differences are taken over `pixel` radians of view, no finer."""
    reach = np.maximum(z * np.float32(pixel), 0.05)
    here = ground(x, z)
    slope_x = (ground(x + reach, z) - here) / reach
    slope_z = (ground(x, z + reach) - here) / reach
    length = np.sqrt(1 + slope_x**2 + slope_z**2)
    return -slope_x / length, 1 / length, -slope_z / length


def shadow(ground: Ground, x: Array, y: Array, z: Array, sun: Array, reach: float, steps: int) -> Array:
    """Share of the sun that reaches (x, y, z), 0..1, softer the farther away the ground that hides it."""
    light = np.ones_like(x)
    for distance in np.geomspace(reach / 200, reach, steps, dtype=np.float32):
        above = y + sun[1] * distance - ground(x + sun[0] * distance, z + sun[2] * distance)
        light = np.minimum(light, np.clip(0.5 + above / (distance * 0.05 + 1), 0, 1))
    return light
