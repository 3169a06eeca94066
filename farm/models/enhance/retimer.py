"""Frames between frames by optical flow (`farm.models.enhance.spec.Retimer`), never across a cut.

first, second ──motions──▶ is it the same picture, moved? ─┬▶ yes: `between`, at any time
                                                           └▶ no: a cut, nothing lies between

A cut is where motion explains next to nothing: hardly a pixel of either frame can be followed into the other, or the
second frame, brought back along the motion, does not vary as the first does. Flashes of light and moves by a quarter
of the frame look the same, and are treated alike: to hold a frame is better than to make one up.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import cv2
import numpy as np

from farm.models.enhance.between import between
from farm.models.enhance.flow import Pair, followed, motions
from farm.models.spec import Placement

if TYPE_CHECKING:
    from farm.models.spec import Frame

SEEN = 0.25
"""The share of a frame that can be followed into the next, below which it is a cut."""
LIKENESS = 0.4
"""The correlation of the lumas of a frame and the next, brought back along the motion, below which it is a cut."""
_FLAT = 2.0
"""Standard deviation of luma, in code values, under which a picture has nothing to correlate."""


class FlowSpan:
    """The time between two frames; their motion is sought when first needed."""

    def __init__(self, first: Frame, second: Frame) -> None:
        self._first, self._second = first, second

    @property
    def is_cut(self) -> bool:
        return not self._is_still and _is_cut(self._pair)

    def at(self, time: float) -> Frame:
        return self._first if self._is_still else between(self._first, self._second, self._pair, time)

    @cached_property
    def _is_still(self) -> bool:
        return bool(np.array_equal(self._first, self._second))

    @cached_property
    def _pair(self) -> Pair:
        return motions(self._first, self._second)


class FlowRetimer:
    """The interpolator at work."""

    def __init__(self, placement: Placement) -> None:
        cv2.setNumThreads(placement.threads)

    def span(self, first: Frame, second: Frame) -> FlowSpan:
        return FlowSpan(first, second)


def _is_cut(pair: Pair) -> bool:
    seen = min(float(pair.forward.trust.mean()), float(pair.backward.trust.mean()))
    brought = followed(pair.second, pair.forward.vectors)
    return seen < SEEN or _likeness(pair.first, brought) < LIKENESS


def _likeness(one: Frame, other: Frame) -> float:
    """The correlation of two pictures' lumas; 1 where one of them is flat, for then it says nothing."""
    lumas = [cv2.cvtColor(each, cv2.COLOR_RGB2GRAY).astype(np.float32).ravel() for each in (one, other)]
    if min(float(luma.std()) for luma in lumas) < _FLAT:
        return 1.0
    return float(np.corrcoef(lumas[0], lumas[1])[0, 1])
