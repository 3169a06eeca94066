"""Film grain, laid on last: after the warp, so it neither stretches nor stands on the glass.

    one noise tile, made once --a new corner and mirroring each frame--> x strength of the luma there --> frame

Grain is strongest in the middle tones and fades to nothing in pure black and white, as on a print.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from farm.models.animatic.veil import Frame

_ROOM = 128
"""Rows and columns by which the tile is larger than the frame: the places a frame's grain can come from."""
_UNIT = 16
"""Steps of the tile per code value."""


class Grain:
    """Grain for frames of one size."""

    def __init__(self, tile: NDArray[np.int16], weights: NDArray[np.int16], seed: int) -> None:
        self._tile = tile
        self._weights = weights
        self._seed = seed

    @classmethod
    def of(cls, seed: int, size: tuple[int, int], strength: float = 0.8) -> Grain:
        """Grain for frames of `size` (width, height); `strength` is its standard deviation in the middle tones, in
        code values."""
        rng = np.random.default_rng((seed, 200))
        raw = rng.standard_normal((size[1] + _ROOM, size[0] + _ROOM), np.float32)
        # clumps of about a pixel and a half at 1080 rows: single-pixel noise is a sensor's, and dies in the encoder
        soft = np.asarray(cv2.GaussianBlur(raw, (0, 0), 0.65 * max(0.6, size[1] / 1080)), np.float32)
        tile = np.clip(np.rint(soft / soft.std() * (strength * _UNIT)), -1000, 1000).astype(np.int16)
        luma = np.arange(256) / 255
        weights = np.rint(256 * (4 * luma * (1 - luma)) ** 0.6).astype(np.int16)
        return cls(tile, weights, seed)

    def apply(self, frame: Frame, index: int) -> Frame:
        """`frame` (height, width, 3) with the grain of frame `index`; in a loop, pass the index within it."""
        height, width = frame.shape[:2]
        rng = np.random.default_rng((self._seed, 201, index))
        top, left = rng.integers(0, _ROOM, 2)
        tile = self._tile[top : top + height, left : left + width]
        weight = cv2.LUT(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), self._weights)
        single = cv2.multiply(tile, weight, scale=1.0 / (256 * _UNIT))
        grain = cv2.merge([single, single, single])
        return np.asarray(cv2.add(frame, grain, dtype=cv2.CV_8U), np.uint8)
