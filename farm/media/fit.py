"""Fitting one picture into another size: the geometry of `fit`, in one place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from farm.shots.model import Fit

if TYPE_CHECKING:
    from farm.models.spec import Frame


def fitted(frame: Frame, width: int, height: int, fit: Fit, overscan: float = 1.0) -> Frame:
    """`frame` at `width` x `height`: cut to fill it (CROP), whole on black bars (PAD), or cut after enlarging it by
    `overscan` (OVERSCAN). The same pixels when nothing has to change.
    """
    source_height, source_width = frame.shape[:2]
    if (source_width, source_height) == (width, height) and (fit is not Fit.OVERSCAN or overscan == 1.0):
        return frame
    ratios = (width / source_width, height / source_height)
    if fit is Fit.PAD:
        return _padded(frame, width, height, min(ratios))
    factor = max(ratios) * (overscan if fit is Fit.OVERSCAN else 1.0)
    keep_width, keep_height = min(source_width, round(width / factor)), min(source_height, round(height / factor))
    left, top = (source_width - keep_width) // 2, (source_height - keep_height) // 2
    return _resized(frame[top : top + keep_height, left : left + keep_width], width, height)


def _padded(frame: Frame, width: int, height: int, factor: float) -> Frame:
    inner_width = min(width, max(1, round(frame.shape[1] * factor)))
    inner_height = min(height, max(1, round(frame.shape[0] * factor)))
    canvas = np.zeros((height, width, 3), np.uint8)
    left, top = (width - inner_width) // 2, (height - inner_height) // 2
    canvas[top : top + inner_height, left : left + inner_width] = _resized(frame, inner_width, inner_height)
    return canvas


def _resized(frame: Frame, width: int, height: int) -> Frame:
    smaller = width < frame.shape[1]
    interpolation = cv2.INTER_AREA if smaller else cv2.INTER_LANCZOS4
    return np.asarray(cv2.resize(frame, (width, height), interpolation=interpolation), np.uint8)
