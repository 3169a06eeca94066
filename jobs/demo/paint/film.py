"""From light to a picture: bloom, tone, grade, grain; and the files it is kept in.

linear light (h, w, 3), any range ──glow──▶ ──shrink──▶ ──curve, grade, vignette, grain──▶ sRGB 8 bit ──▶ .jpg/.png
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from noise import Array, rgb
from numpy.typing import NDArray
from PIL import Image

Picture = NDArray[np.uint8]
"""(height, width, 3) or, for depth and masks, (height, width); uint8."""

BYTES_AT_MOST = 480_000
GRAY = np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)


@dataclass(frozen=True)
class Grade:
    """How a picture is printed. Colours multiply: `shadows` where it is dark, `lights` where it is bright."""

    exposure: float = 1.0
    bloom: float = 0.12
    threshold: float = 0.8
    shadows: tuple[float, float, float] = (0.96, 1.0, 1.06)
    lights: tuple[float, float, float] = (1.03, 1.0, 0.96)
    saturation: float = 1.05
    contrast: float = 1.0
    lift: float = 0.012
    vignette: float = 0.22
    grain: float = 1.1
    sharpen: float = 0.35


def blur(image: Array, sigma: float) -> Array:
    """Gaussian of `sigma` pixels; wide ones are done small, where nobody can tell."""
    shrink = max(1, int(sigma // 4))
    height, width = image.shape[:2]
    if shrink > 1:
        small = cv2.resize(image, (max(1, width // shrink), max(1, height // shrink)), interpolation=cv2.INTER_AREA)
        small = cv2.GaussianBlur(small, (0, 0), sigma / shrink, borderType=cv2.BORDER_REPLICATE)
        return cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    return cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)


def glow(image: Array, amount: float, threshold: float) -> Array:
    """`image` with what is brighter than `threshold` spilling over, as in a lens."""
    bright = np.maximum(image - np.float32(threshold), 0)
    bright = np.minimum(bright, 12)
    width = image.shape[1]
    halo = sum(weight * blur(bright, width * reach) for reach, weight in ((0.002, 0.5), (0.008, 0.3), (0.03, 0.3)))
    return image + np.float32(amount) * np.asarray(halo, dtype=np.float32)


def shrink(image: Array, width: int, height: int) -> Array:
    """`image` at width x height. Averaged compressed, so that one hot sample does not leave a jagged edge."""
    if image.shape[1] == width:
        return image
    compressed = cv2.resize(image / (1 + image), (width, height), interpolation=cv2.INTER_AREA)
    return compressed / np.maximum(1 - compressed, 1e-4)


def curve(image: Array) -> Array:
    """A film's shoulder and toe. Narkowicz, "ACES filmic tone mapping curve" (2015)."""
    return np.clip(image * (2.51 * image + 0.03) / (image * (2.43 * image + 0.59) + 0.14), 0, 1)


def develop(image: Array, grade: Grade, width: int, height: int, seed: int) -> Picture:
    """The finished picture, (height, width, 3) uint8 sRGB, of linear light at any size of the same aspect."""
    image = np.maximum(np.nan_to_num(image), 0) * np.float32(grade.exposure)
    image = shrink(glow(image, grade.bloom, grade.threshold), width, height)
    toned = curve(image * np.float32(0.8)) ** np.float32(1 / 2.2)
    gray = (toned @ GRAY)[..., None]
    toned = gray + (toned - gray) * np.float32(grade.saturation)
    toned = toned * (rgb(*grade.shadows) * (1 - gray) + rgb(*grade.lights) * gray)
    toned = 0.5 + (toned - 0.5) * np.float32(grade.contrast)
    toned = grade.lift + toned * (1 - grade.lift)
    toned += np.float32(grade.sharpen) * (toned - cv2.GaussianBlur(toned, (0, 0), 1.2))
    toned *= _vignette(width, height, grade.vignette)[..., None]
    noise = np.random.default_rng(seed).standard_normal((height, width)).astype(np.float32)
    noise = cv2.GaussianBlur(noise, (0, 0), 0.7) * np.float32(2 * grade.grain / 255)
    toned += (noise * (0.4 + 0.6 * (1 - np.abs(2 * gray[..., 0] - 1))))[..., None]
    return np.clip(toned * 255 + 0.5, 0, 255).astype(np.uint8)


def _vignette(width: int, height: int, amount: float) -> Array:
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    return 1 - np.float32(amount) * np.clip((0.75 * x**2 + 0.55 * y**2), 0, 1) ** 1.5


def save_jpeg(picture: Picture, path: Path) -> None:
    """Write `picture` at the best quality from 95 down to 88 that stays under BYTES_AT_MOST; ValueError when none."""
    for quality in range(95, 87, -1):
        Image.fromarray(picture).save(path, quality=quality, optimize=True, progressive=True, subsampling=2)
        if path.stat().st_size <= BYTES_AT_MOST:
            return
    raise ValueError(f"{path.name} is too busy for {BYTES_AT_MOST} bytes at quality 88")


def save_depth(near: Array, width: int, height: int, path: Path) -> None:
    """Write nearness 0..1 as an 8 bit gray picture without specks.

    What is near is drawn a little too wide: thin things keep their depth, and outlines do not stay behind with the
    background when the camera moves.
    """
    small = cv2.resize(near, (width, height), interpolation=cv2.INTER_AREA)
    wide = cv2.dilate(small, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5)))
    Image.fromarray(cv2.medianBlur(_gray(wide), 5)).save(path, optimize=True)


def save_mask(moves: Array, width: int, height: int, path: Path) -> None:
    """Write a mask of 0..1 as an 8 bit gray picture without specks."""
    small = cv2.resize(moves, (width, height), interpolation=cv2.INTER_AREA)
    Image.fromarray(cv2.medianBlur(_gray(small), 5)).save(path, optimize=True)


def _gray(values: Array) -> Picture:
    return np.clip(values * 255 + 0.5, 0, 255).astype(np.uint8)
