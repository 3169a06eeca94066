"""From a start still to an end still: by their own motion where they agree on it, by a dissolve where they do not.

    start, end --optical flow both ways--> where does forward then backward come home?  (confidence, 0..1, soft)
        sure      both pictures are carried to the moment asked for and mixed
        unsure    the motion of the sure surroundings, smoothly continued, so that what dissolves moves along
        broadly   unsure: a plain dissolve in linear light, everywhere

The flow at a moment follows Jiang et al., "Super SloMo" (2018), eq. 4. `Between` owns both stills, and the flow at 360
rows; a moment depends on `t` alone.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from farm.models.animatic.noise import smoothstep
from farm.models.animatic.veil import Floats, Frame

_FLOW_HEIGHT = 360
_BROADLY = (0.25, 0.40)
"""Share of the picture that must agree: below the first a dissolve, above the second the flow, between them both."""

_ENOUGH = 24
"""Features that must agree on a common motion before it is believed."""

_CODES = np.arange(256) / 255
_LIGHT = np.arange(65536) / 65535
# IEC 61966-2-1, both ways; sixteen bits are enough for eight to come back as they were
_LINEAR = np.rint(65535 * np.where(_CODES <= 0.04045, _CODES / 12.92, ((_CODES + 0.055) / 1.055) ** 2.4)).astype(
    np.uint16
)
_DISPLAY = np.rint(255 * np.where(_LIGHT <= 0.0031308, _LIGHT * 12.92, 1.055 * _LIGHT ** (1 / 2.4) - 0.055)).astype(
    np.uint8
)


class Between:
    """The way from one still to another."""

    def __init__(self, start: Frame, end: Frame, forward: Floats, backward: Floats, agreement: float) -> None:
        self._start = start
        self._end = end
        self._light = (_LINEAR[start], _LINEAR[end])
        self._forward = forward
        self._backward = backward
        self.agreement = agreement
        """Share of the picture, 0..1, on whose motion both directions agree."""

    @classmethod
    def of(cls, start: Frame, end: Frame) -> Between:
        """Find the motion between two stills of the same (height, width, 3)."""
        height, width = start.shape[:2]
        shrink = min(1.0, _FLOW_HEIGHT / height)
        size = (max(16, round(width * shrink)), max(16, round(height * shrink)))
        first, last = _grey(start, size), _grey(end, size)
        finder = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        finder.setFinestScale(0)
        there, back = _guess(first, last)
        forward = np.asarray(finder.calc(first, last, there.copy()), np.float32)
        backward = np.asarray(finder.calc(last, first, back.copy()), np.float32)
        sure_forward = _confidence(forward, backward, first, last)
        sure_backward = _confidence(backward, forward, last, first)
        agreement = 0.5 * float(sure_forward.mean() + sure_backward.mean())
        return cls(
            start,
            end,
            there + _settled(forward - there, sure_forward),
            back + _settled(backward - back, sure_backward),
            agreement,
        )

    @property
    def dissolves(self) -> bool:
        """True when the pictures share so little that there is nothing to do but dissolve."""
        return self.agreement <= _BROADLY[0]

    def at(self, t: float) -> Frame:
        """The (height, width, 3) picture at `t`: the start still at 0, the end still at 1, to the bit."""
        if t <= 0.0:
            return self._start.copy()
        if t >= 1.0:
            return self._end.copy()
        first, last = self._light
        share = float(smoothstep(*_BROADLY, np.array([self.agreement]))[0])
        if share == 0.0:
            return _mixed(first, last, np.full(first.shape[:2], t, np.float32))
        to_start = np.float32(share) * (np.float32(-t * (1 - t)) * self._forward + np.float32(t * t) * self._backward)
        to_end = np.float32(share) * (
            np.float32((1 - t) ** 2) * self._forward - np.float32(t * (1 - t)) * self._backward
        )
        of_start = np.float32(1.0 - t) * _inside(to_start)
        of_end = np.float32(t) * _inside(to_end)
        weight = np.asarray(cv2.resize(of_end / (of_start + of_end), first.shape[1::-1]), np.float32)
        carried, other = _fetched(first, to_start), _fetched(last, to_end)
        return _mixed(carried, other, weight)


def _grey(frame: Frame, size: tuple[int, int]) -> Frame:
    small = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8)


def _mixed(first: NDArray[np.uint16], last: NDArray[np.uint16], weight: Floats) -> Frame:
    """`first` where `weight` (height, width) is 0, `last` where it is 1, in linear light between."""
    share = cv2.merge([weight, weight, weight])
    ours = cv2.multiply(first, 1.0 - np.asarray(share), dtype=cv2.CV_16U)
    theirs = cv2.multiply(last, share, dtype=cv2.CV_16U)
    return _DISPLAY[np.asarray(cv2.add(ours, theirs), np.uint16)]


def _grid(height: int, width: int) -> tuple[Floats, Floats]:
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return x, y


def _fetched(picture: NDArray[np.uint16], flow: Floats) -> NDArray[np.uint16]:
    """`picture` sampled at p + flow(p); the flow may be smaller than the picture, in its own pixels."""
    height, width = picture.shape[:2]
    rows, columns = flow.shape[:2]
    full = np.asarray(cv2.resize(flow, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
    x, y = _grid(height, width)
    x += full[..., 0] * np.float32(width / columns)
    y += full[..., 1] * np.float32(height / rows)
    return np.asarray(cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint16)


def _inside(flow: Floats) -> Floats:
    """(rows, columns) 1 where p + flow(p) is well inside the picture, next to nothing outside: the other one knows."""
    rows, columns = flow.shape[:2]
    x, y = _grid(rows, columns)
    x, y = x + flow[..., 0], y + flow[..., 1]
    margin = np.minimum(np.minimum(x, columns - 1 - x), np.minimum(y, rows - 1 - y))
    return smoothstep(-1.0, 3.0, margin) + np.float32(1e-3)


def _guess(first: Frame, last: Frame) -> tuple[Floats, Floats]:
    """Where the flows begin to search: the one shift, turn and enlargement that most features share, or nothing."""
    finder = cv2.ORB.create(1500)
    spots, marks = finder.detectAndCompute(first, None)
    other_spots, other_marks = finder.detectAndCompute(last, None)
    still = np.zeros((*first.shape, 2), np.float32)
    if len(spots) < _ENOUGH or len(other_spots) < _ENOUGH:
        return still, still.copy()
    pairs = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(marks, other_marks)
    if len(pairs) < _ENOUGH:
        return still, still.copy()
    here = np.array([spots[pair.queryIdx].pt for pair in pairs], np.float32)
    gone = np.array([other_spots[pair.trainIdx].pt for pair in pairs], np.float32)
    moved, agreed = cv2.estimateAffinePartial2D(here, gone, ransacReprojThreshold=3.0)
    if moved is None or int(agreed.sum()) < max(_ENOUGH, len(pairs) // 8):
        return still, still.copy()
    back = cv2.invertAffineTransform(moved)
    return _affine_flow(np.asarray(moved, np.float32), still), _affine_flow(np.asarray(back, np.float32), still)


def _affine_flow(matrix: Floats, like: Floats) -> Floats:
    x, y = _grid(*like.shape[:2])
    to_x = matrix[0, 0] * x + matrix[0, 1] * y + matrix[0, 2]
    to_y = matrix[1, 0] * x + matrix[1, 1] * y + matrix[1, 2]
    return np.stack([to_x - x, to_y - y], axis=-1).astype(np.float32)


def _confidence(there: Floats, back: Floats, first: Frame, last: Frame) -> Floats:
    """(height, width) 0..1: does a point come home, and does it look the same where it went?"""
    height, width = first.shape
    x, y = _grid(height, width)
    x, y = x + there[..., 0], y + there[..., 1]
    returned = cv2.remap(back, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    astray = np.hypot(*np.moveaxis(there + returned, -1, 0))
    # the farther a thing went, the more it may miss (Sundaram et al. 2010, with a wider margin)
    allowed = 0.6 + 0.05 * (np.hypot(*np.moveaxis(there, -1, 0)) + np.hypot(*np.moveaxis(returned, -1, 0)))
    arrived = cv2.remap(last, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    unlike = cv2.GaussianBlur(cv2.absdiff(first, arrived).astype(np.float32), (0, 0), 2.0)
    home = 1.0 - smoothstep(1.0, 2.0, (astray / allowed).astype(np.float32))
    alike = 1.0 - smoothstep(14.0, 34.0, np.asarray(unlike, np.float32))
    inside = (x > -1) & (y > -1) & (x < width) & (y < height)
    return np.asarray(cv2.GaussianBlur(home * alike * inside, (0, 0), 2.0), np.float32)


def _settled(flow: Floats, sure: Floats) -> Floats:
    """`flow` where it is sure; elsewhere that of the sure surroundings, near before far, so nothing tears or bulges."""
    known, weight = flow * sure[..., None], sure + 1e-6
    filled, spread = known.copy(), weight.copy()
    for sigma, less in ((6.0, 1e-1), (24.0, 1e-3), (96.0, 1e-6)):
        filled += np.float32(less) * _wide(known, sigma)
        spread += np.float32(less) * _wide(weight, sigma)
    return np.asarray(cv2.GaussianBlur(filled / spread[..., None], (0, 0), 1.0), np.float32)


def _wide(picture: Floats, sigma: float) -> Floats:
    """A broad blur at a price that does not grow with its breadth."""
    height, width = picture.shape[:2]
    shrink = max(1, int(sigma // 4))
    size = (max(2, width // shrink), max(2, height // shrink))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), sigma / shrink)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
