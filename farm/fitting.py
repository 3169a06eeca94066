"""Fitting one picture into another size: the geometry of `fit`, in one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from farm.shots.model import Fit

if TYPE_CHECKING:
    from farm.models.spec import Frame


@dataclass(frozen=True, slots=True)
class Framing:
    """How a frame meets another size: what of it is kept, and the size at which that is shown."""

    rows: slice
    columns: slice
    width: int
    height: int

    @classmethod
    def of(cls, source: tuple[int, int], target: tuple[int, int], fit: Fit, overscan: float = 1.0) -> Framing:
        """For a frame of `source` (width, height) shown in one of `target`."""
        ratios = (target[0] / source[0], target[1] / source[1])
        if fit is Fit.PAD:
            inner = (min(of, max(1, round(side * min(ratios)))) for side, of in zip(source, target, strict=True))
            return cls(slice(0, source[1]), slice(0, source[0]), *inner)
        factor = max(ratios) * (overscan if fit is Fit.OVERSCAN else 1.0)
        keep_width, keep_height = (min(side, round(of / factor)) for side, of in zip(source, target, strict=True))
        left, top = (source[0] - keep_width) // 2, (source[1] - keep_height) // 2
        return cls(slice(top, top + keep_height), slice(left, left + keep_width), *target)


def fitted(frame: Frame, width: int, height: int, fit: Fit, overscan: float = 1.0) -> Frame:
    """`frame` at `width` x `height`: cut to fill it (CROP), whole on black bars (PAD), or cut after enlarging it by
    `overscan` (OVERSCAN). The same pixels when nothing has to change.
    """
    size = (frame.shape[1], frame.shape[0])
    if size == (width, height) and (fit is not Fit.OVERSCAN or overscan == 1.0):
        return frame
    framing = Framing.of(size, (width, height), fit, overscan)
    kept = frame[framing.rows, framing.columns]
    return on_bars(_resized(kept, framing.width, framing.height), width, height)


def on_bars(picture: Frame, width: int, height: int) -> Frame:
    """`picture` in the middle of a black frame of that size; itself where it fills it."""
    high, wide = picture.shape[:2]
    if (wide, high) == (width, height):
        return picture
    canvas = np.zeros((height, width, 3), np.uint8)
    left, top = (width - wide) // 2, (height - high) // 2
    canvas[top : top + high, left : left + wide] = picture
    return canvas


def _resized(frame: Frame, width: int, height: int) -> Frame:
    smaller = width < frame.shape[1]
    interpolation = cv2.INTER_AREA if smaller else cv2.INTER_LANCZOS4
    return np.asarray(cv2.resize(frame, (width, height), interpolation=interpolation), np.uint8)
