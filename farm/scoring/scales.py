"""The table of components: what counts, how much, and on which scale.

A raw value at its noise floor or better is worth 1, at its tolerance or worse 0, in between in proportion. Floors are
what clean takes of photographs measure, tolerances where a viewer calls it a fault (`tests/scoring/planted.py` measures
both ends). Where something was asked to move by itself (a subject, the air) the tolerance is `lively` times as far.
A project may weigh components otherwise (`score_weights`).
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
    "camera": Scale(0.20, 1.25, 0.20, "does not move the camera as asked"),
    "motion": Scale(0.20, 1.20, 0.15, "moves by another amount than asked"),
    "freeze": Scale(0.06, 0.30, 0.10, "stands still"),
    "likeness": Scale(0.94, 0.70, 0.15, "strays from the still"),
    "end_frame": Scale(0.97, 0.70, 0.20, "misses its end still"),
    "sharpness": Scale(0.97, 0.55, 0.20, "goes soft", lively=1.3),
    "coherence": Scale(0.04, 0.25, 0.15, "melts", lively=1.5),
    "flicker": Scale(0.30, 5.00, 0.10, "flickers", lively=1.5),
    "steadiness": Scale(0.80, 5.00, 0.10, "shakes"),
    "continuity": Scale(0.96, 0.70, 0.10, "jumps"),
    "clipping": Scale(0.01, 0.15, 0.05, "burns out"),
    "seam": Scale(1.50, 6.00, 0.20, "shows its seam"),
}
"""Units of the raw values:

- camera: how far each move ends from where it was asked to, over its length: 1 is as wrong as not moving
- motion: how far the amount of motion is from what was asked, whichever way it goes: |ln(measured / asked)|
- freeze: the longest stretch without motion, as a share of the take; where the camera was asked to move
- likeness: i2v-likeness in VBench's form over colour grid and gradient histogram (`farm.scoring.look`)
- end_frame: correlation of the last frame with the end still, framing undone
- sharpness: the least of fine detail kept of the still, and of the first frame carried along; contrast allowed for
- coherence: how far the picture's parts are from where a camera could have put them, median, per cent of the width
- flicker: luma jitter, mean |L(t+1) - 2 L(t) + L(t-1)|, per cent of the brightness
- steadiness: how far frames are out of place along a smooth path, RMS, thousandths of the width
- continuity: the least correlation of a frame with the one before, moved on as it had been moving but for small jolts
- clipping: share of the picture that is black or white without detail, on average, and was not in the still
- seam: last frame against first, over the usual step between frames
"""
