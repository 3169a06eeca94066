"""What the air does to light, and how it reaches the frame: one picture of transmittance, one of added light.

    frame -> glance (a thumbnail: where is it bright, which colour) -> mist, snow, … each lay themselves on one Veil
          -> frame x transmittance + light                              (one pass at full size, whatever was asked)

The veil is kept at about half size: air is soft, and eyes look at what is behind it. It is rounded to eight bits with a
fixed dither, because a slow change of a smooth sky would otherwise show as contour lines that crawl. Where nothing was
laid the frame comes through bit for bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
"""Floating-point arrays, float32 wherever they are as large as a picture."""
Frame = NDArray[np.uint8]

_CLEAR = 200
"""Code value of a transmittance of one: leaves room for a gain of 1.27."""
_VEIL_HEIGHT = 540
_GLANCE_HEIGHT = 36


@dataclass(frozen=True, slots=True)
class View:
    """One frame as the air sees it. Lengths are in frame heights, x to the right and y down, from the top left."""

    index: int
    aspect: float
    """Width over height."""
    glance: Floats
    """(36, about 64, 3) the frame, small and smooth, sRGB 0..1."""
    depth: Floats | None
    """(rows, columns) 0 far .. 1 near, or None where nothing is known of it."""
    shift: tuple[float, float]
    """How far the camera has moved the picture, at the pivot, in frame heights."""
    scale: float
    """How much the camera has enlarged the picture, at the pivot."""

    def carried(self, depth: float) -> tuple[float, float, float]:
        """(x, y, scale): the picture motion of a plane in the air at `depth`; near planes move more than the pivot."""
        share = 0.6 + 0.8 * depth
        return self.shift[0] * share, self.shift[1] * share, self.scale**share

    def sample(self, field: Floats, x: Floats, y: Floats) -> Floats:
        """`field`, any picture of the whole frame, at points (x, y)."""
        rows, columns = field.shape[:2]
        across = (x * np.float32(columns / self.aspect) - np.float32(0.5)).reshape(-1, 1)
        down = (y * np.float32(rows) - np.float32(0.5)).reshape(-1, 1)
        found = cv2.remap(field, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(found, np.float32).reshape(len(x), *field.shape[2:])

    def skylight(self, lift: float, most: float) -> Floats:
        """(3,) the colour of the light that falls from above: the bright parts of the picture, paled by `lift`."""
        weight = np.square(self.glance.mean(axis=2)) + 1e-3
        colour = (self.glance * weight[..., None]).sum(axis=(0, 1)) / weight.sum()
        pale = 0.5 * colour + 0.5 * colour.mean()
        return np.clip(pale * (1.0 - lift) + lift + 0.18, 0.0, most).astype(np.float32)


def glance(frame: Frame) -> Floats:
    """`frame` at 36 rows, without its detail: (36, columns, 3) sRGB 0..1."""
    height, width = frame.shape[:2]
    size = (max(2, round(_GLANCE_HEIGHT * width / height)), _GLANCE_HEIGHT)
    # every fourth pixel is plenty for a colour over thirty of them
    thinned = frame[::4, ::4] if height >= 8 * _GLANCE_HEIGHT else frame
    small = cv2.resize(thinned, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(small, (0, 0), 1.5), np.float32) / np.float32(255.0)


class Veil:
    """The air in front of one frame: what it lets through and what it adds, (rows, columns, 3) in sRGB terms.

    Its buffers serve every frame in turn: fresh ones of this size would cost more than the arithmetic.
    """

    def __init__(self, frame_size: tuple[int, int], rng: np.random.Generator) -> None:
        """A veil for frames of `frame_size` (width, height), with a fixed dither of its own."""
        step = max(1, round(frame_size[1] / _VEIL_HEIGHT))
        self.size = (max(1, frame_size[0] // step), max(1, frame_size[1] // step))
        shape = (self.size[1], self.size[0], 3)
        self._full = np.empty((2, frame_size[1], frame_size[0], 3), np.uint8)
        self._through = np.ones(shape, np.float32)
        self._light = np.zeros(shape, np.float32)
        self._opacity = np.empty(shape, np.float32)
        self._lit = np.empty(shape, np.float32)
        noise = rng.uniform(-0.49, 0.49, shape[:2]).astype(np.float32)
        self._within: Floats | None = None
        self._dither = np.repeat(noise[..., None], 3, axis=2)

    def lift(self, within: Floats | None = None) -> None:
        """Begin the next frame with clear air; what is laid is let be only as far as `within` (rows, columns), 0..1."""
        self._within = None
        if within is not None:
            self._within = np.asarray(cv2.resize(within, self.size, interpolation=cv2.INTER_LINEAR), np.float32)
        self._through.fill(1.0)
        self._light.fill(0.0)

    def cover(self, cover: Floats, tint: Floats) -> None:
        """Lay something of colour `tint` over everything so far; `cover` (rows, columns) is its opacity, 0..1.

        Both may be smaller than the veil; `tint` is a colour (3,) or a picture (rows, columns, 3) of them.
        """
        self._glowing(cover, tint)
        np.subtract(1.0, self._opacity, out=self._opacity)
        np.multiply(self._through, self._opacity, out=self._through)
        np.multiply(self._light, self._opacity, out=self._light)
        np.add(self._light, self._lit, out=self._light)

    def glow(self, amount: Floats, tint: Floats) -> None:
        """Add light of colour `tint`; `amount` (rows, columns)."""
        self._glowing(amount, tint)
        np.add(self._light, self._lit, out=self._light)

    def gain(self, gain: Floats) -> None:
        """Multiply everything so far, by (rows, columns, 3)."""
        cv2.resize(gain, self.size, self._opacity, interpolation=cv2.INTER_LINEAR)
        np.multiply(self._through, self._opacity, out=self._through)
        np.multiply(self._light, self._opacity, out=self._light)

    def over(self, frame: Frame) -> Frame:
        """`frame` seen through the air."""
        through = cv2.addWeighted(self._through, _CLEAR, self._dither, 1.0, 0.0, dtype=cv2.CV_8U)
        light = cv2.addWeighted(self._light, 255.0, self._dither, 1.0, 0.0, dtype=cv2.CV_8U)
        dimming, glowing = self._full
        size = (frame.shape[1], frame.shape[0])
        cv2.resize(through, size, dimming)
        cv2.resize(light, size, glowing)
        dimmed = cv2.multiply(frame, dimming, dimming, scale=1.0 / _CLEAR)
        return np.asarray(cv2.add(dimmed, glowing), np.uint8)

    def _glowing(self, cover: Floats, tint: Floats) -> None:
        """Leave `cover` in all three channels of `_opacity`, and its light in `_lit`."""
        fitted = cover
        if cover.shape != self._through.shape[:2]:
            fitted = cv2.resize(cover, self.size, interpolation=cv2.INTER_LINEAR)
        if self._within is not None:
            fitted = fitted * self._within
        cv2.merge([fitted, fitted, fitted], self._opacity)
        if tint.ndim == 1:
            cv2.merge([fitted * channel for channel in tint], self._lit)
        else:
            cv2.resize(tint, self.size, self._lit, interpolation=cv2.INTER_LINEAR)
            np.multiply(self._lit, self._opacity, out=self._lit)
