"""Where a depth map may be cut into sheets: at nearness levels that lie in its gaps, along its own edges.

    map ──low and high around every pixel──▶ edges (high - low is a jump)
        ──the level that most edges straddle and least smooth ground crosses, again and again──▶ levels, far to near

A bottle before a wall is a gap between two nearnesses; a level inside that gap parts them along the bottle's outline.
The table both stand on has no edge: the level crosses it too, on smooth ground, where the sheets on both sides go the
same way and the cut is not seen. A map without edges gives no levels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

JUMP = 0.08
"""Nearness that a few pixels must differ by to be an edge."""
MOST = 3
"""Levels, so four sheets at most."""
_WIDTH = 480
"""Pixels across which edges are looked for."""
_AROUND = 5
"""Pixels across the neighbourhood in which an edge rises."""
_LEAST = 0.02
"""What a level must part to be worth a sheet: jump times length, in nearness times frame widths."""
_ACROSS = 0.02
"""What a level pays for each width of smooth ground it crosses, in the same coin."""


@dataclass(frozen=True, slots=True)
class _Around:
    """The lowest and the highest nearness near every pixel."""

    low: Floats
    high: Floats

    @property
    def edge(self) -> NDArray[np.bool_]:
        return self.high - self.low > JUMP


def around(nearness: Floats, reach: int) -> tuple[Floats, Floats]:
    """Lowest and highest nearness in the square of `reach` pixels about each one."""
    square = np.ones((reach, reach), np.uint8)
    return (
        cv2.erode(nearness, square).astype(np.float32, copy=False),
        cv2.dilate(nearness, square).astype(np.float32, copy=False),
    )


def levels(nearness: Floats) -> tuple[float, ...]:
    """Levels to cut a map (height, width) of 0 far .. 1 near at, rising; none where it is smooth."""
    size = (_WIDTH, max(2, round(_WIDTH * nearness.shape[0] / nearness.shape[1])))
    small = cv2.resize(nearness, size, interpolation=cv2.INTER_NEAREST).astype(np.float32, copy=False)
    found = _Around(*around(small, _AROUND))
    rise = np.where(found.edge, found.high - found.low, 0.0).astype(np.float32)
    open_edges = found.edge
    chosen: list[float] = []
    while len(chosen) < MOST:
        worth = [(_worth(level, found, rise, open_edges), level) for level in np.linspace(0.04, 0.96, 47)]
        best, level = max(worth)
        if best < _LEAST:
            break
        chosen.append(float(level))
        # an edge is soft: what lies beside a parted pixel is the same edge
        parted = (found.edge & (found.low < level) & (level < found.high)).astype(np.uint8)
        open_edges = open_edges & (cv2.dilate(parted, np.ones((_AROUND, _AROUND), np.uint8)) == 0)
    return tuple(sorted(chosen))


def _worth(level: float, found: _Around, rise: Floats, open_edges: NDArray[np.bool_]) -> float:
    """What a cut at `level` parts, less what it costs on smooth ground, in nearness times frame widths."""
    aside = 0.15 * rise
    parted = open_edges & (found.low + aside < level) & (level < found.high - aside)
    smooth = ~found.edge & (found.low < level) & (level <= found.high)
    return (float(rise[parted].sum()) - _ACROSS * float(smooth.sum())) / (_AROUND * _WIDTH)
