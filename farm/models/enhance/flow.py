"""Where every pixel went between two neighbouring frames, both ways, and which pixels the other frame does not show.

    first ──DIS──▶ forward ─┐                       comes back, and looks the same: trusted
    second ─DIS──▶ backward ┴─there and back again──▶ else: a better motion from beside it, or hidden

Dense inverse search (Kroeger et al., 2016) on luma, at a reduced size for large frames: motion is smooth where pictures
are not, so that fewer pixels say as much of it. What an estimator says of a pixel that the other frame does not show is
a guess, and at the rim of an object it mixes the object's motion with that of what lies behind. There four more motions
are tried, of the nearest trusted pixels to the left, right, above and below; the one under which the other frame shows
the same colour is the right one. Where none does, the pixel is hidden: covered by something, or gone from the frame. It
moves as that neighbour does from which no edge parts it: what lies behind an object goes on behind it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from farm.models.spec import Frame

    Floats = NDArray[np.float32]
    Bools = NDArray[np.bool_]

LONGEST_EDGE = 960
"""Pixels of the pictures that motion is sought in."""
_SMALLEST = 32
"""Pixels of a side, below which the estimator finds nothing to hold on to: smaller pictures are enlarged."""
_MEETS, _PARTS = 0.7, 2.0
"""Pixels between start and return: up to the first the motion is trusted, from the second on it is not."""
_OF_LENGTH = 0.03
"""How much of a motion's length both are allowed besides."""
_UNLIKE = 24.0
"""Code values of difference at which a motion is trusted half as much."""
_HIDDEN = 10.0
"""Code values of difference above which the other frame does not show a pixel."""
_OUTSIDE = 255.0
"""The difference of what lies outside the other frame."""
_OWN = 8.0
"""Code values by which an estimate that does not come back must look better than what is tried instead."""
_RIM = np.ones((9, 9), np.uint8)
"""Around what is not trusted: the estimator's windows reach across the edges of objects."""
_VOTE = (15, 15)
"""Pixels that decide together from which neighbour no edge parts them."""
_PER_PIXEL = 1.0
"""How much edge a pixel of distance counts for."""
_NOWHERE = 1e6


@dataclass(frozen=True, slots=True)
class Motion:
    """Motion from one frame to the other, in pixels of the frames it was sought in.

    `vectors` is (height, width, 2) float32, x then y; `trust` (height, width) float32, 1 where the other frame shows
    the pixel too and 0 where it does not.
    """

    vectors: Floats
    trust: Floats


@dataclass(frozen=True, slots=True)
class Pair:
    """Two neighbouring frames at the size that motion was sought in, and the motion between them."""

    first: Frame
    second: Frame
    forward: Motion
    backward: Motion


def motions(first: Frame, second: Frame) -> Pair:
    """The motion between two frames of one size, (height, width, 3) uint8."""
    one, two = _reduced(first), _reduced(second)
    lumas = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in (one, two)]
    there, back = _estimated(*lumas), _estimated(*reversed(lumas))
    return Pair(one, two, _judged(there, back, one, two), _judged(back, there, two, one))


def grid(height: int, width: int) -> tuple[Floats, Floats]:
    """The x and the y of every pixel."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    return x, y


def followed(frame: Frame, vectors: Floats) -> Frame:
    """What `frame` shows at the end of each pixel's motion; its edges go on outside it."""
    x, y = _ends(vectors)
    return np.asarray(cv2.remap(frame, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def _reduced(frame: Frame) -> Frame:
    high, wide = frame.shape[:2]
    factor = max(min(1.0, LONGEST_EDGE / max(high, wide)), _SMALLEST / min(high, wide))
    if factor == 1.0:
        return frame
    how = cv2.INTER_AREA if factor < 1.0 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(frame, (round(wide * factor), round(high * factor)), interpolation=how), np.uint8)


def _estimated(source: cv2.typing.MatLike, target: cv2.typing.MatLike) -> Floats:
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    return np.asarray(search.calc(source, target, np.zeros((*source.shape, 2), np.float32)), np.float32)


def _ends(vectors: Floats) -> tuple[Floats, Floats]:
    x, y = grid(*vectors.shape[:2])
    return x + vectors[..., 0], y + vectors[..., 1]


def _judged(there: Floats, back: Floats, own: Frame, other: Frame) -> Motion:
    """An estimate with its trust, improved where that is little."""
    motion = Motion(there, _trust(there, back, own, other))
    unsure = cv2.dilate((motion.trust < 0.5).astype(np.uint8), _RIM).astype(np.bool_)
    return motion if not unsure.any() or unsure.all() else _improved(motion, unsure, own, other)


def _trust(there: Floats, back: Floats, own: Frame, other: Frame) -> Floats:
    """How nearly a pixel comes back to where it set off, and how far the other frame shows the same there."""
    returned = cv2.remap(back, *_ends(there), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    miss = np.linalg.norm(there + returned, axis=2) - _OF_LENGTH * np.linalg.norm(there, axis=2)
    comes_back = np.clip((_PARTS - miss) / (_PARTS - _MEETS), 0.0, 1.0)
    return (comes_back * _likeness(_difference(own, other, there))).astype(np.float32)


def _likeness(difference: Floats) -> Floats:
    found = 1.0 / (1.0 + np.square(difference / _UNLIKE))
    return np.where(difference >= _OUTSIDE, 0.0, found).astype(np.float32)


def _difference(own: Frame, other: Frame, vectors: Floats) -> Floats:
    """Code values between each pixel, with those beside it, and where its motion leads in the other frame."""
    apart = cv2.absdiff(own, followed(other, vectors)).max(axis=2).astype(np.float32)
    x, y = _ends(vectors)
    height, width = apart.shape
    inside = (x >= -0.5) & (y >= -0.5) & (x <= width - 0.5) & (y <= height - 0.5)
    return np.where(inside, cv2.blur(apart, (3, 3)), _OUTSIDE).astype(np.float32)


def _improved(motion: Motion, unsure: Bools, own: Frame, other: Frame) -> Motion:
    """With the best of its own and its neighbours' motions for each pixel that is `unsure`."""
    beside, parted = _neighbours(motion.vectors, unsure, _edges(own))
    tried = np.stack([motion.vectors, *beside])
    differences = np.stack([_difference(own, other, vectors) for vectors in tried])
    ranked = differences.copy()
    ranked[0] += _OWN * (1.0 - motion.trust)
    best = np.argmin(ranked, axis=0)
    hidden = np.take_along_axis(ranked, best[np.newaxis], axis=0)[0] > _HIDDEN
    pick = np.where(hidden, 1 + np.argmin(parted, axis=0), best)[np.newaxis]
    vectors = np.take_along_axis(tried, pick[..., np.newaxis], axis=0)[0]
    trust = np.where(hidden, 0.0, _likeness(np.take_along_axis(differences, pick, axis=0)[0]))
    return Motion(
        np.where(unsure[..., np.newaxis], vectors, motion.vectors).astype(np.float32),
        np.where(unsure, trust, motion.trust).astype(np.float32),
    )


def _neighbours(vectors: Floats, unsure: Bools, edges: Floats) -> tuple[list[Floats], Floats]:
    """The motions of the nearest sure pixels to the left, right, above and below, and what parts each pixel of them."""
    rows, columns = np.indices(unsure.shape)
    there = unsure.astype(np.float32)
    share = np.maximum(cv2.blur(there, _VOTE), 1e-3)
    found: list[Floats] = []
    parted: list[Floats] = []
    for axis, places in ((1, columns), (1, columns), (0, rows), (0, rows)):
        nearest = _last_true(~unsure, axis, flip=len(found) % 2 == 1)
        at = (rows, np.maximum(nearest, 0)) if axis == 1 else (np.maximum(nearest, 0), columns)
        between = np.where(nearest >= 0, edges[at] + _PER_PIXEL * np.abs(places - nearest), _NOWHERE)
        parted.append((cv2.blur((between * there).astype(np.float32), _VOTE) / share).astype(np.float32))
        found.append(vectors[at])
    return found, np.stack(parted)


def _edges(picture: Frame) -> Floats:
    """The strongest edge of luma within a few pixels of each."""
    luma = cv2.GaussianBlur(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32), (0, 0), 1.0)
    strength = np.abs(cv2.Sobel(luma, cv2.CV_32F, 1, 0)) + np.abs(cv2.Sobel(luma, cv2.CV_32F, 0, 1))
    return np.asarray(cv2.dilate(strength, _RIM), np.float32)


def _last_true(values: Bools, axis: int, *, flip: bool) -> NDArray[np.intp]:
    """Along an axis, the place of the nearest true value at or before each (after it, if `flip`); -1 for none."""
    turned = np.flip(values, axis) if flip else values
    length = values.shape[axis]
    places = np.arange(length) if axis == 1 else np.arange(length)[:, np.newaxis]
    last = np.maximum.accumulate(np.where(turned, places, -1), axis=axis)
    if not flip:
        return last
    return np.flip(np.where(last >= 0, length - 1 - last, -1), axis)
