"""The part of the picture that the air of a shot is kept in: a window pane, the far side of a door.

    mask over the still ──seen by the camera, like everything else──▶ 0..1 over the frame, small, its edge soft

A mask is as near as what it is drawn on, so it moves with that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from farm.models.animatic.framing import Framing
from farm.models.animatic.warp import Mesh, Relief

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from farm.models.animatic.scene import Scene

    Floats = NDArray[np.float32]

_CELL = 4
"""Frame pixels per value."""
_FEATHER = 0.5
"""Sigma of the soft edge, in values."""


class Window:
    """A mask as the camera sees it."""

    def __init__(self, mask: Floats, framing: Framing, still: tuple[int, int]) -> None:
        """`mask` is (height, width) over the whole still, 0..1, white where air may be."""
        # no finer than the values, or its edge would flicker between them
        width = min(mask.shape[1], max(2, round(still[0] * framing.height / framing.pixels / _CELL)))
        size = (width, max(2, round(width * still[1] / still[0])))
        small = cv2.resize(mask, size, interpolation=cv2.INTER_AREA)
        soft = cv2.GaussianBlur(small, (0, 0), _FEATHER).astype(np.float32, copy=False)
        self._mask = Relief(soft, framing, still)
        self._mesh = Mesh(framing.width, framing.height, _CELL)

    def at(self, scene: Scene, frame: int) -> Floats:
        """(rows, columns) over the frame, 0..1."""
        return self._mesh.middles(scene.carried(self._mask, frame, self._mesh))
