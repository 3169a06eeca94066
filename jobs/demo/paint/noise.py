"""Noise that has no resolution: one smooth random tile, read at any coordinates, summed over octaves.

    tile (value and its two slopes) ──read at (u, v)──▶ octave ──sum──▶ fbm · ridged · eroded

A picture asks for noise in world or screen units, never in pixels, so a preview and the final have the same rocks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
"""Any shape; float32 wherever there is one value per pixel."""
Mask = NDArray[np.bool_]

CELLS = 64
PIXELS_PER_CELL = 16
FOLD = 2048
# Each octave is turned as well as doubled, or the lattice would show as a grid.
TURN = (1.6, 1.2)


@dataclass(frozen=True)
class Noise:
    """A seeded field. `tile` is (1024, 1024, 3): value in about -1..1, and its slope along u and v per cell."""

    tile: Array

    @classmethod
    def seeded(cls, seed: int) -> Noise:
        """The field of that seed."""
        lattice = np.random.default_rng(seed).uniform(-1, 1, (CELLS, CELLS)).astype(np.float32)
        size = (CELLS + 8) * PIXELS_PER_CELL
        smooth = cv2.resize(np.pad(lattice, 4, mode="wrap"), (size, size), interpolation=cv2.INTER_CUBIC)
        slope_u = np.gradient(smooth, axis=1) * PIXELS_PER_CELL
        slope_v = np.gradient(smooth, axis=0) * PIXELS_PER_CELL
        rim = 4 * PIXELS_PER_CELL
        return cls(np.dstack([smooth, slope_u, slope_v])[rim:-rim, rim:-rim].astype(np.float32))

    def value(self, u: Array, v: Array) -> Array:
        """One octave, about -1..1, one bump per unit."""
        return read(np.ascontiguousarray(self.tile[..., 0]), u, v)

    def fbm(self, u: Array, v: Array, octaves: int, gain: float = 0.5) -> Array:
        """Clouds, stains, bark: octaves summed, about -1..1."""
        plain = np.ascontiguousarray(self.tile[..., 0])
        total, amplitude, reach = np.zeros_like(u), 1.0, 0.0
        for _ in range(octaves):
            total += np.float32(amplitude) * read(plain, u, v)
            reach += amplitude
            amplitude *= gain
            u, v = _turned(u, v)
        return total / np.float32(reach)

    def ridged(self, u: Array, v: Array, octaves: int, gain: float = 0.5) -> Array:
        """Creases and crests, 0..1 with 1 on the crest."""
        plain = np.ascontiguousarray(self.tile[..., 0])
        total, amplitude, reach = np.zeros_like(u), 1.0, 0.0
        for _ in range(octaves):
            total += np.float32(amplitude) * (1 - np.abs(read(plain, u, v))) ** 2
            reach += amplitude
            amplitude *= gain
            u, v = _turned(u, v)
        return total / np.float32(reach)

    def eroded(self, u: Array, v: Array, octaves: int) -> Array:
        """Mountains: steep ground takes less of the finer octaves, so valleys are smooth and crests sharp.

        The damping by accumulated slope is Inigo Quilez's, "More noise" (2008).
        """
        total, amplitude = np.zeros_like(u), 1.0
        slope_u, slope_v = np.zeros_like(u), np.zeros_like(u)
        for _ in range(octaves):
            sample = read(self.tile, u, v)
            slope_u += sample[..., 1]
            slope_v += sample[..., 2]
            total += np.float32(amplitude) * sample[..., 0] / (1 + slope_u**2 + slope_v**2)
            amplitude *= 0.5
            u, v = _turned(u, v)
        return total


def blocks(seed: int) -> Array:
    """A tile of jointed rock, -1..1: every cell of a Voronoi pattern is one tilted face; read it like a noise tile."""
    random = np.random.default_rng(seed)
    size = CELLS * PIXELS_PER_CELL
    y, x = np.mgrid[0 : CELLS : size * 1j, 0 : CELLS : size * 1j].astype(np.float32)
    seat = random.random((2, CELLS, CELLS)).astype(np.float32)
    tilt = random.uniform(-1.1, 1.1, (2, CELLS, CELLS)).astype(np.float32)
    level = random.uniform(-0.55, 0.55, (CELLS, CELLS)).astype(np.float32)
    nearest = np.full((size, size), 9, dtype=np.float32)
    height = np.zeros((size, size), dtype=np.float32)
    for dy, dx in ((dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)):
        row, column = np.floor(y).astype(int) + dy, np.floor(x).astype(int) + dx
        cell = np.mod(row, CELLS), np.mod(column, CELLS)
        to_x, to_y = x - column - seat[0][cell], y - row - seat[1][cell]
        away = to_x * to_x + to_y * to_y
        closer = away < nearest
        nearest = np.where(closer, away, nearest)
        height = np.where(closer, level[cell] + tilt[0][cell] * to_x + tilt[1][cell] * to_y, height)
    return np.ascontiguousarray(height, dtype=np.float32)


def read(tile: Array, u: Array, v: Array) -> Array:
    """`tile` at (u, v) cells, wrapped: shape of u, or (..., 3) for a tile of three channels."""
    if u.ndim == 1:  # remap wants a picture: fold the list of points into one
        fill = -u.size % FOLD
        folded = read(tile, *(np.pad(a, (0, fill)).reshape(-1, FOLD) for a in (u, v)))
        return folded.reshape(-1, *tile.shape[2:])[: u.size]
    rows, columns = tile.shape[:2]
    x, y = u * np.float32(PIXELS_PER_CELL / columns), v * np.float32(PIXELS_PER_CELL / rows)
    x, y = (x - np.floor(x)) * np.float32(columns), (y - np.floor(y)) * np.float32(rows)
    return cv2.remap(tile, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)


def _turned(u: Array, v: Array) -> tuple[Array, Array]:
    cosine, sine = TURN
    return np.float32(cosine) * u - np.float32(sine) * v, np.float32(sine) * u + np.float32(cosine) * v


def step(low: float, high: float, x: Array) -> Array:
    """Smoothly 0 below `low`, 1 above `high` (or falling, where low > high)."""
    t = np.clip((x - np.float32(low)) / np.float32(high - low), 0, 1)
    return t * t * (3 - 2 * t)


def mix(a: Array, b: Array, amount: Array) -> Array:
    """From a (amount 0) to b (amount 1); a mask of shape (h, w) blends colours of shape (h, w, 3)."""
    if a.shape != amount.shape and (a.shape[-1:] == (3,) or b.shape[-1:] == (3,)) and amount.shape[-1:] != (1,):
        amount = amount[..., None]
    return a + (b - a) * amount


def rgb(red: float, green: float, blue: float) -> Array:
    """A colour in linear light."""
    return np.array([red, green, blue], dtype=np.float32)
