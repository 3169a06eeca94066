"""A large picture in tiles, so that memory goes by the tile: each is worked on with more around it than is kept.

    ┌────────┬───┬────────┐
    │ tile   │ / │   tile │      within the overlap one tile's result fades into the next's
    └────────┴───┴────────┘

A network's result near the edge of what it sees is wrong, because it does not see on. So each tile is read with a
margin on every side that has a neighbour; most of the margin's result is thrown away, and within a quarter of it, on
both sides of the seam, the weight goes from one tile to the other in a straight line. Where three quarters of the
margin hold the network's reach the tiled result is that of the whole picture; with less it differs a little, and
never in a step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

MULTIPLE = 8
"""Tiles begin at multiples of this many pixels, so that networks that fold pixels fold them alike in every tile."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """One tile along one axis, in pixels of the source: `read` from `start` to `stop`, most weight `begin` to `end`."""

    start: int
    stop: int
    begin: int
    end: int

    def weights(self, length: int, margin: int, scale: int) -> Floats:
        """Of every enlarged pixel that was read: 0 to 1 across each seam, within a quarter of the margin of it."""
        places = self.start + (np.arange((self.stop - self.start) * scale, dtype=np.float32) + 0.5) / scale
        ramp = margin / 2.0
        rise = np.ones_like(places) if self.begin == 0 else (places - self.begin) / ramp + 0.5
        fall = np.ones_like(places) if self.end == length else (self.end - places) / ramp + 0.5
        return np.clip(np.minimum(rise, fall), 0.0, 1.0).astype(np.float32)


def stretches(length: int, tile: int, margin: int) -> list[Stretch]:
    """`length` pixels in tiles of `tile` and, at the end, what is left; `margin` more read at inner edges."""
    assert tile % MULTIPLE == 0 == margin % MULTIPLE
    assert margin <= tile
    begins = range(0, max(1, length - margin), tile) if length > tile else (0,)
    ends = [*list(begins)[1:], length]
    return [
        Stretch(max(0, begin - margin), min(length, end + margin), begin, end)
        for begin, end in zip(begins, ends, strict=True)
    ]


def in_tiles(picture: Floats, work: Callable[[Floats], Floats], *, scale: int, tile: int, margin: int) -> Floats:
    """What `work` makes of `picture`, (height, width, 3), `scale` times as large, worked on a tile at a time."""
    height, width = picture.shape[:2]
    rows, columns = stretches(height, tile, margin), stretches(width, tile, margin)
    if len(rows) == len(columns) == 1:
        return work(picture)
    whole = np.zeros((height * scale, width * scale, 3), np.float32)
    for row, column in product(rows, columns):
        made = work(picture[row.start : row.stop, column.start : column.stop])
        weight = np.outer(row.weights(height, margin, scale), column.weights(width, margin, scale))
        where = (_scaled(row, scale), _scaled(column, scale))
        whole[where] += made * weight[..., np.newaxis]
    return whole


def _scaled(stretch: Stretch, scale: int) -> slice:
    return slice(stretch.start * scale, stretch.stop * scale)


def halved(tile: int) -> Iterator[int]:
    """Ever smaller tiles, down to the smallest worth trying."""
    while tile >= 8 * MULTIPLE:
        yield tile
        tile = tile // 2 // MULTIPLE * MULTIPLE
