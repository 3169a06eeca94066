"""How visible the place is where a loop begins again: the step from its last frame to its first, beside its others.

    mean absolute change of a frame to the next, code values ──▶ seam / median of the steps = "how many steps at once"

About 1 is a loop without a seam; a clip cut off and begun again shows several.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from farm.models.spec import Frame

_STILL = 0.25
"""Code values: a clip that hardly moves is not measured by less than this."""


@dataclass(slots=True)
class SeamMeter:
    """Hears a round frame by frame."""

    first: Frame | None = None
    last: Frame | None = None
    steps: list[float] = field(default_factory=list[float])

    def add(self, frame: Frame) -> None:
        """The next frame of the round."""
        if self.last is None:
            self.first = frame
        else:
            self.steps.append(change(self.last, frame))
        self.last = frame

    @property
    def typical(self) -> float:
        """The median step, code values."""
        return max(_STILL, median(self.steps) if self.steps else 0.0)

    @property
    def worst(self) -> float:
        """The largest step within the round, in typical ones."""
        return max(self.steps, default=0.0) / self.typical

    @property
    def seam(self) -> float:
        """The step back to the first frame, in typical ones."""
        return 0.0 if self.first is None or self.last is None else change(self.last, self.first) / self.typical


def change(one: Frame, other: Frame) -> float:
    """Mean absolute difference, code values."""
    return float(np.mean(cv2.absdiff(one, other)))
