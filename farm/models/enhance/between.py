"""A frame between two: every pixel is sent along its motion, and only what both frames show is mixed.

    first  ──its pixels moved by time · motion─────────▶┐ motion, and who shows it,
    second ──its pixels moved back by (1 - time) · …───▶┴ at the time between ──sample both──▶ mixed

Where pixels meet, the trusted ones win: they are the object in front, and what it covers is not trusted
(`farm.models.enhance.flow`). Where pixels of one frame only arrive, the other does not show the place: it was, or will
be, covered there, and the frame is taken from the one side alone. Where none arrive, the gap takes the motion around
it, and both frames. (Forward splatting with weights, as in Niklaus and Liu, 2020, of motion instead of colour: every
pixel is sampled once from the frames as they are, and stays sharp.)
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import cv2
import numpy as np

from farm.models.enhance.flow import Motion, Pair, grid

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from farm.models.spec import Frame

    Floats = NDArray[np.float32]

_DOUBT = 10.0
"""How much less a pixel that is not trusted weighs where it meets one that is: e to this."""
_REACHED = 0.2 * math.exp(-_DOUBT)
"""Weight from which on something has arrived: a fifth of a pixel that nobody trusts."""
_MEDIAN = 5
"""Pixels across which single wrong ones are outvoted."""


def between(first: Frame, second: Frame, pair: Pair, time: float) -> Frame:
    """The frame at `time` between `first` (0) and `second` (1), of their size; `pair` is the motion between them."""
    height, width = first.shape[:2]
    motion, shown_first, shown_second = _arrived(pair, time)
    scale = np.array([width / motion.shape[1], height / motion.shape[0]], np.float32)
    motion = (_enlarged(motion, width, height) * scale).astype(np.float32)
    mine, theirs = (1.0 - time) * shown_first, time * shown_second
    share = _enlarged((mine / np.maximum(mine + theirs, 1e-6)).astype(np.float32), width, height)[..., np.newaxis]
    mixed = share * _sampled(first, motion, -time) + (1.0 - share) * _sampled(second, motion, 1.0 - time)
    return np.clip(np.rint(mixed), 0, 255).astype(np.uint8)


def _arrived(pair: Pair, time: float) -> tuple[Floats, Floats, Floats]:
    """What is there at `time`: its motion from first to second, and how far either frame shows it, 0-1."""
    ahead, weight_first = _sent(pair.forward, time)
    behind, weight_second = _sent(pair.backward, 1.0 - time)
    weight = np.maximum(weight_first + weight_second, 1e-12)
    reached = weight > _REACHED
    motion = _closed(((ahead - behind) / weight[..., np.newaxis]).astype(np.float32), reached)
    smooth = np.dstack([cv2.medianBlur(np.ascontiguousarray(motion[..., axis]), _MEDIAN) for axis in (0, 1)])
    shown = [np.where(reached, np.minimum(1.0, 2.0 * each / weight), 1.0) for each in (weight_first, weight_second)]
    first, second = (cv2.medianBlur(each.astype(np.float32), _MEDIAN) for each in shown)
    return smooth.astype(np.float32), np.asarray(first, np.float32), np.asarray(second, np.float32)


def _sent(motion: Motion, time: float) -> tuple[Floats, Floats]:
    """Every pixel moved by `time` of its motion: the sum of the weighted motions that arrive, and of their weights."""
    height, width = motion.trust.shape
    x, y = grid(height, width)
    to_x, to_y = x + time * motion.vectors[..., 0], y + time * motion.vectors[..., 1]
    left, top = np.floor(to_x).astype(np.int64), np.floor(to_y).astype(np.int64)
    part_x, part_y = to_x - left, to_y - top
    weight = np.exp(_DOUBT * (motion.trust - 1.0))
    sums = np.zeros((3, height * width))
    for step_x, step_y in ((0, 0), (1, 0), (0, 1), (1, 1)):
        column, row = left + step_x, top + step_y
        inside = (column >= 0) & (row >= 0) & (column < width) & (row < height)
        at = (row * width + column)[inside]
        share = (weight * np.abs(1 - step_x - part_x) * np.abs(1 - step_y - part_y))[inside]
        for number, carried in enumerate((*motion.vectors[inside].T, 1.0)):
            sums[number] += np.bincount(at, share * carried, height * width)
    arrived = sums.reshape(3, height, width).astype(np.float32)
    return np.moveaxis(arrived[:2], 0, 2), arrived[2]


def _closed(motion: Floats, reached: NDArray[np.bool_]) -> Floats:
    """With gaps filled from around them, from farther and farther until nothing is left open."""
    if not reached.any():
        return motion
    known = reached.astype(np.float32)
    values = motion * known[..., np.newaxis]
    size = 3
    while not reached.all():
        near = cv2.blur(known, (size, size))
        around = cv2.blur(values, (size, size)) / np.maximum(near, 1e-6)[..., np.newaxis]
        new = ~reached & (near > 1e-4)
        motion = np.where(new[..., np.newaxis], around, motion)
        reached = reached | new
        size = 2 * size + 1
    return motion.astype(np.float32)


def _sampled(frame: Frame, motion: Floats, part: float) -> Floats:
    """`frame` looked up `part` of the motion away."""
    x, y = grid(*frame.shape[:2])
    x += part * motion[..., 0]
    y += part * motion[..., 1]
    return np.asarray(cv2.remap(frame, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE), np.float32)


def _enlarged(field: Floats, width: int, height: int) -> Floats:
    return np.asarray(cv2.resize(field, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
