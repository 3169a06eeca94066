"""The table of components: what counts, how much, and on which scale.

A raw value at its noise floor or better is worth 1, at its tolerance or worse 0, in between in proportion. Floors are
what clean takes of photographs measure (`tests/stages/test_score.py` holds both ends); tolerances are where a viewer
calls it a fault. Where something was asked to move by itself (a subject, the air) the tolerance is `lively` times
wider.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scale:
    """One component. `floor` may be above or below `tolerance`: the direction of good follows from it."""

    floor: float
    tolerance: float
    weight: float
    fault: str
    """What is wrong when it is low, in a viewer's words."""
    lively: float = 1.0

    def scaled(self, raw: float, *, lively: bool) -> float:
        """The raw value between 0 (a declared tolerance beyond the floor) and 1 (within the noise)."""
        widened = self.floor + (self.tolerance - self.floor) * (self.lively if lively else 1.0)
        return min(1.0, max(0.0, (widened - raw) / (widened - self.floor)))


SCALES: Mapping[str, Scale] = {
    "motion": Scale(0.15, 1.0, 0.30, "does not move as asked"),
    "likeness": Scale(0.97, 0.70, 0.20, "strays from the still"),
    "sharpness": Scale(0.70, 0.20, 0.20, "loses sharpness", lively=1.3),
    "coherence": Scale(0.95, 0.60, 0.10, "melts", lively=1.5),
    "flicker": Scale(0.15, 3.0, 0.10, "flickers", lively=1.5),
    "steadiness": Scale(0.4, 3.0, 0.10, "jitters"),
    "seam": Scale(1.5, 6.0, 0.20, "shows its seam"),
}
"""Units of the raw values:

- motion: error relative to what was asked (`farm.scoring.expect`)
- likeness: correlation of the first (and last) frame with its still, framing undone
- sharpness: the least of detail kept, as a fraction, contrast allowed for
- coherence: the least correlation of a later frame with the first, camera's motion undone
- flicker: mean |L(t+1) - 2 L(t) + L(t-1)| of the frames' mean luma, code values
- steadiness: RMS second difference of the path, thousandths of the width
- seam: last frame against first, over the usual step between frames
"""
