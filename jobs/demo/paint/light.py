"""Light that no surface gives: halos about lamps, stars; and how far away things are as a depth map."""

from __future__ import annotations

import numpy as np
from film import blur
from noise import Array


def halo(light: Array, column: float, row: float, colour: Array, reach: float) -> None:
    """Add, in place, the glow of one lamp at a pixel; `reach` in widths is where it has fallen to a tenth."""
    height, width = light.shape[:2]
    radius = reach * width * 2.5
    left, right = max(0, int(column - radius)), min(width, int(column + radius) + 1)
    top, bottom = max(0, int(row - radius)), min(height, int(row + radius) + 1)
    if left >= right or top >= bottom:
        return
    y, x = np.mgrid[top:bottom, left:right].astype(np.float32)
    away = np.hypot(x - np.float32(column), y - np.float32(row)) / np.float32(reach * width / 3)
    edge = np.clip(1 - away / 7.5, 0, 1)
    light[top:bottom, left:right] += (edge / (1 + away * away))[..., None] * colour


def stars(width: int, height: int, count: int, seed: int) -> Array:
    """A night sky's stars, (height, width, 3): many faint ones, a few bright, cooler and warmer."""
    random = np.random.default_rng(seed)
    sky = np.zeros((height, width, 3), dtype=np.float32)
    places = random.random((count, 2))
    strengths = random.pareto(2.0, count) * 0.10 + 0.015
    tints = random.normal(0, 0.16, count)
    for (u, v), strength, tint in zip(places, np.minimum(strengths, 1.6), tints, strict=True):
        column, row = int(u * width), int(v * height)
        sky[row, column] += strength * np.array([1 + tint, 1, 1 - tint], dtype=np.float32)
    size = width / 1920
    return blur(sky, 0.55 * size) * np.float32(4 * size * size) + blur(sky, 1.6 * size) * np.float32(2.5 * size * size)


def nearness(z: Array, half: float) -> Array:
    """Depth map of distances `z` (inf for the sky), 0 at the farthest and 1 at the nearest; steepest within `half`."""
    near = 1 / (1 + z / np.float32(half))
    return ((near - near.min()) / (near.max() - near.min())).astype(np.float32)
