"""Which size a take is made at: near the trained one in pixels, near the shot's in aspect, in the model's multiples."""

from __future__ import annotations

import math

from farm.models.diffusion.family import Sizing

WIDEST = 4
"""Buckets are at most so much wider than high, or higher than wide."""


def take_size(sizing: Sizing, trained: tuple[int, int], multiple: int, aspect: float) -> tuple[int, int]:
    """(width, height) of a take whose shot is `aspect` times as wide as high."""
    match sizing:
        case Sizing.FIXED:
            return trained
        case Sizing.BUCKETS:
            return nearest_bucket(trained[0], multiple, aspect)
        case Sizing.AREA:
            area = trained[0] * trained[1]
            return _snapped(math.sqrt(area * aspect), multiple), _snapped(math.sqrt(area / aspect), multiple)


def nearest_bucket(base: int, patch: int, aspect: float) -> tuple[int, int]:
    """The bucket nearest in aspect, on the side of the square: the rule of HunyuanVideo 1.5's image processor.

    See `diffusers.pipelines.hunyuan_video1_5.image_processor.get_closest_ratio`, which compares height over width.
    """
    tall = 1 / aspect
    sizes = buckets(base, patch)
    near = (
        [each for each in sizes if _tall(each) <= tall]
        if tall >= 1
        else [each for each in sizes if _tall(each) >= tall]
    )
    return min(near, key=lambda size: abs(_tall(size) - tall))


def buckets(base: int, patch: int) -> list[tuple[int, int]]:
    """(width, height) of every size in multiples of `patch` with about base x base pixels."""
    patches = round((base / patch) ** 2)
    found: list[tuple[int, int]] = []
    first, second = patches, 1
    while first > 0:
        if max(first, second) <= WIDEST * min(first, second):
            found.append((second * patch, first * patch))
        if (second + 1) * first <= patches:
            second += 1
        else:
            first -= 1
    return found


def _tall(size: tuple[int, int]) -> float:
    return round(size[1] / size[0], 5)


def _snapped(pixels: float, multiple: int) -> int:
    return max(1, round(pixels / multiple)) * multiple
