"""Clouds: fractal noise on a tile that has no edges, made once and then only moved.

A tile is shaped in the frequency domain, so it is periodic by construction and has nothing finer than `finest` cycles
across it: moved by fractions of a pixel it neither sparkles nor pumps in sharpness.
"""

from __future__ import annotations

import cv2
import numpy as np

from farm.models.animatic.veil import Floats

TILE = 512
"""Pixels along a tile's edge."""


def clouds(rng: np.random.Generator, *, slope: float, finest: float) -> Floats:
    """A (512, 512) tile of mean 0 and standard deviation 1 whose amplitude falls with frequency to the power `slope`.

    `finest` is the highest frequency, in cycles per tile.
    """
    spectrum = np.fft.rfft2(rng.standard_normal((TILE, TILE)))
    frequency = np.hypot(np.fft.fftfreq(TILE, 1 / TILE)[:, None], np.fft.rfftfreq(TILE, 1 / TILE)[None, :])
    frequency[0, 0] = 1.0
    shape = frequency**-slope * np.exp(-((frequency / finest) ** 2))
    shape[0, 0] = 0.0
    tile = np.fft.irfft2(spectrum * shape, s=(TILE, TILE))
    return (tile / tile.std()).astype(np.float32)


def look(tile: Floats, size: tuple[int, int], *, origin: tuple[float, float], step: tuple[float, float]) -> Floats:
    """A (height, width) window on `tile` repeated for ever: pixel (x, y) shows tile point origin + (x, y) step."""
    matrix = np.array([[step[0], 0.0, origin[0] % TILE], [0.0, step[1], origin[1] % TILE]], np.float64)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(tile, matrix, size, flags=flags, borderMode=cv2.BORDER_WRAP), np.float32)


def smoothstep(low: float, high: float, value: Floats) -> Floats:
    """0 below `low`, 1 above `high`, a smooth S between (Perlin's cubic)."""
    t = np.clip((value - np.float32(low)) * np.float32(1.0 / (high - low)), 0.0, 1.0)
    return t * t * (np.float32(3.0) - np.float32(2.0) * t)
