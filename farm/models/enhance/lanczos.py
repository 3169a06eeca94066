"""Enlarging without weights: Lanczos, then sharper edges that go no further than their own surroundings.

    frame ──Lanczos──▶ large ──+ detail of its luma, where there are edges──▶ sharper ──held within──▶ frame
      └────darkest and brightest source pixels around──────────────────────────────────▲

Lanczos rings: beside a hard edge it makes a darker and a brighter line that the picture does not have, and sharpening
makes both stronger. Here no sample may leave the range of the source pixels around it, channel by channel: an edge
gets steeper, and never gets a halo. Flat parts have no range, so they stay what they are, to the code value; where the
range is that of grain, the detail is left alone. Nothing is invented: this is no network, and says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import cv2
import numpy as np

from farm.models.spec import Placement

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from farm.models.spec import Frame

    Floats = NDArray[np.float32]

AMOUNT = 1.2
"""How much of the detail is added, at an edge."""
GRAIN, EDGE = 6.0, 28.0
"""Code values between the darkest and the brightest luma around: up to the first is grain, from the second an edge."""
_REACH = 0.75
"""Width of the detail that is made stronger, in source pixels (the standard deviation of a Gaussian)."""
_AROUND = np.ones((3, 3), np.uint8)
_LUMA = (0.2126, 0.7152, 0.0722)
"""BT.709."""


class LanczosEnlarger:
    """The upscaler at work (`farm.models.enhance.spec.Enlarger`)."""

    def __init__(self, placement: Placement) -> None:
        cv2.setNumThreads(placement.threads)

    def enlarged(self, frames: Iterable[Frame], width: int, height: int) -> Iterator[Frame]:
        return (enlarged(frame, width, height) for frame in frames)


def enlarged(frame: Frame, width: int, height: int) -> Frame:
    """`frame` at `width` x `height`, neither smaller than it was. The same pixels when it has that size already."""
    high, wide = frame.shape[:2]
    if (wide, high) == (width, height):
        return frame
    darkest = _resized(cv2.erode(frame, _AROUND), width, height, cv2.INTER_LINEAR)
    brightest = _resized(cv2.dilate(frame, _AROUND), width, height, cv2.INTER_LINEAR)
    large = _resized(frame, width, height, cv2.INTER_LANCZOS4)
    large += _detail(large, brightest, darkest, width / wide)[..., np.newaxis]
    np.clip(large, darkest, brightest, out=large)
    return np.rint(large, out=large).astype(np.uint8)


def _detail(large: Floats, brightest: Floats, darkest: Floats, factor: float) -> Floats:
    """What sharpening adds to every channel."""
    luma = _luma(large)
    detail = luma - cv2.GaussianBlur(luma, (0, 0), _REACH * factor)
    spread = _luma(brightest) - _luma(darkest)
    edge = np.clip((spread - GRAIN) / (EDGE - GRAIN), 0.0, 1.0)
    return (AMOUNT * edge * detail).astype(np.float32)


def _luma(picture: Floats) -> Floats:
    return cv2.transform(picture, np.array([_LUMA], np.float32)).astype(np.float32, copy=False)


def _resized(picture: NDArray[np.uint8] | cv2.typing.MatLike, width: int, height: int, how: int) -> Floats:
    return cv2.resize(np.asarray(picture).astype(np.float32), (width, height), interpolation=how).astype(
        np.float32, copy=False
    )
