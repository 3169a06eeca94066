"""How near each part of the still is: from a depth map when there is one, else a cautious guess that cannot tear.

    depth map ─────────▶ nearness ──smoothed as far as the strain allows──▶ relief about the dominant plane
    picture ──horizon──▶ nearness (for what is in the air)
            └──────────▶ ground ramp, a tilted plane  +  gentle centre and sky  ──each as strong as allowed──▶ relief

A guess that cuts along edges is wrong more often than right, so the guess has no edges: a tilted plane, which keeps
every straight line straight, and on top a swelling of the middle that may bend no line across the picture by more than
the limit. Relief that would show is weakened, and left out where too little of it would remain.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import cv2
import numpy as np

from farm.models.animatic import strain
from farm.models.animatic.framing import Framing
from farm.models.animatic.path import Pose
from farm.models.animatic.strain import Strain
from farm.models.animatic.warp import Relief

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

_WIDTH = 240
"""Of the low-resolution maps, pixels."""
_LINE_WIDTH = 640
"""Width at which straight lines are looked for."""
_SMOOTHINGS = (0.01, 0.02, 0.04, 0.08)
"""Gaussian sigmas to try on a depth map, as shares of its width."""
_RAMP = 0.7
"""Part of the limits that the tilted plane may use; the rest is for the swelling."""
_NEARLY = 0.98
"""Part of the limits to aim for."""
_CHORDS = 3
_LEAST = 0.1
"""Relief weaker than this share of what was asked is left out."""


@dataclass(frozen=True, slots=True)
class Depth:
    """What is known of depth, and what the camera makes of it."""

    nearness: Floats
    """Over the whole still, low resolution, 0 far to 1 near."""
    relief: Relief | None
    """None for a flat picture."""
    source: str
    strength: float = 0.0
    """Share of the asked parallax that is made."""
    reason: str = ""
    """Why less is made than asked, "" when it is not."""
    strain: Strain = field(default_factory=Strain)


@dataclass(frozen=True, slots=True)
class View:
    """The still as the camera meets it: what strain is measured on."""

    picture: NDArray[np.uint8]
    framing: Framing
    poses: Sequence[Pose]
    """Where relief shows most; empty when no move has parallax."""

    @property
    def still(self) -> tuple[int, int]:
        return self.picture.shape[1], self.picture.shape[0]

    def lines(self) -> Floats:
        """The long straight lines in the picture."""
        width, height = self.still
        factor = min(1.0, _LINE_WIDTH / width)
        size = (max(1, round(width * factor)), max(1, round(height * factor)))
        grey = cv2.cvtColor(cv2.resize(self.picture, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
        centre = (self.framing.centre_x * factor, self.framing.centre_y * factor)
        return strain.picture_lines(
            grey.astype(np.uint8, copy=False),
            centre=centre,
            height_px=self.framing.pixels * factor,
            aspect=self.framing.aspect,
        )

    def crossing(self) -> Floats:
        """Lines across the whole frame, whether the picture has them or not."""
        return strain.crossing_lines(self.framing.aspect / 2.0, 0.5)

    def relief(self, values: Floats) -> Relief:
        """Relief values laid on the still."""
        return Relief(values, self.framing, self.still)

    def strain(self, values: Floats, lines: Floats, uprights: Floats) -> Strain:
        """What relief of these values does to the picture."""
        return strain.measure(self.poses, self.relief(values).at, lines, uprights, aspect=self.framing.aspect)


def given(depth: Floats, view: View) -> Depth:
    """Depth from a map, (height, width) within 0..1, white near."""
    nearness = _shrunk(depth, view.still)
    if not view.poses:
        return Depth(nearness, None, "map")
    lines = view.lines()
    uprights = strain.upright(lines)
    values = nearness
    for sigma in _SMOOTHINGS:
        values = _about_dominant(cv2.GaussianBlur(nearness, (0, 0), sigma * _WIDTH).astype(np.float32))
        if view.strain(values, lines, uprights).worst <= 1.0:
            break
    share = allowed(lambda share: view.strain(_scaled(values, share), lines, uprights))
    made, full = _scaled(values, share), view.strain(values, lines, uprights)
    return _settled(nearness, made, view, "map", share, full, view.strain(made, lines, uprights))


def guessed(view: View) -> Depth:
    """Depth from the picture alone."""
    width, height = view.still
    small = cv2.resize(view.picture, (_WIDTH, max(2, round(_WIDTH * height / width))), interpolation=cv2.INTER_AREA)
    small = small.astype(np.uint8, copy=False)
    nearness = _ground(small, horizon(small))
    if not view.poses:
        return Depth(nearness, None, "guess")
    seen = view.lines()
    lines, uprights = np.concatenate([seen, view.crossing()]), strain.upright(seen)
    rows = np.linspace(-1.0, 1.0, nearness.shape[0], dtype=np.float32)[:, None]
    plane = np.broadcast_to(rows, nearness.shape).astype(np.float32)
    ramp = _scaled(plane, _RAMP * allowed(lambda share: view.strain(_scaled(plane, share), lines, uprights)))
    swell = _swelling(nearness)
    share = allowed(lambda share: view.strain(ramp + _scaled(swell, share), lines, uprights))
    made = ramp + _scaled(swell, share)
    full = view.strain(plane, lines, uprights)
    return _settled(nearness, made, view, "guess", float(np.abs(made).max()), full, view.strain(made, lines, uprights))


def _settled(
    nearness: Floats, values: Floats, view: View, source: str, strength: float, full: Strain, made: Strain
) -> Depth:
    """The relief with the record of what it does, or none where too little of it is left."""
    reason = f"full parallax would give {full}" if full.worst > 1.0 else ""
    if strength < _LEAST or made.worst > 1.0:
        return Depth(nearness, None, source, 0.0, reason or "the depth map is flat")
    return Depth(nearness, view.relief(values), source, strength, reason, made)


def allowed(strain_at: Callable[[float], Strain]) -> float:
    """The largest share, up to 1, whose strain stays within the limits; 0 when even none of it does.

    Strain is convex in the share, as a largest magnitude is, so that the chord never promises too much.
    """
    full = strain_at(1.0).worst
    if full <= 1.0:
        return 1.0
    share = 0.0
    for _ in range(_CHORDS):
        at = strain_at(share).worst
        share += (1.0 - share) * max(0.0, _NEARLY - at) / (full - at)
    return share


def _scaled(values: Floats, share: float) -> Floats:
    return values * np.float32(share)


def _shrunk(depth: Floats, still: tuple[int, int]) -> Floats:
    size = (_WIDTH, max(2, round(_WIDTH * still[1] / still[0])))
    return cv2.resize(depth, size, interpolation=cv2.INTER_AREA).astype(np.float32, copy=False)


def _about_dominant(nearness: Floats) -> Floats:
    """Relief about the median plane, the farthest or nearest part at ±1."""
    about = nearness - np.median(nearness)
    most = np.abs(about).max()
    return (about / most).astype(np.float32) if most > 1e-3 else np.zeros_like(nearness)


def horizon(small: NDArray[np.uint8]) -> float:
    """Where an even sky ends, as a share of the height from the top; 0 when there is none to see.

    Rows are taken for sky from the top while they stay far calmer than the picture is on the whole.
    """
    grey = cv2.GaussianBlur(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), (0, 0), 1.0).astype(np.float32)
    unrest = np.abs(np.diff(grey, axis=1)).mean(axis=1) + 1e-3
    calm = np.maximum.accumulate(cv2.GaussianBlur(unrest[:, None], (1, 0), 0.0, sigmaY=2.0)[:, 0]) < 0.5 * unrest.mean()
    share = float(calm.sum()) / len(unrest)
    return share if share >= 0.08 else 0.0


def _ground(small: NDArray[np.uint8], sky: float) -> Floats:
    """Nearness that grows from the horizon to the lower edge, without an edge of its own."""
    rows = np.linspace(0.0, 1.0, small.shape[0], dtype=np.float32)
    ramp = np.clip((rows - sky) / max(1.0 - sky, 0.2), 0.0, 1.0)
    field = np.repeat(ramp[:, None], small.shape[1], axis=1)
    return cv2.GaussianBlur(field, (0, 0), 0.05 * small.shape[1]).astype(np.float32)


def _swelling(nearness: Floats) -> Floats:
    """A gentle middle that comes forward, and a sky that stays behind."""
    height, width = nearness.shape
    x = np.linspace(-1.0, 1.0, width, dtype=np.float32)[None, :]
    y = np.linspace(-1.0, 1.0, height, dtype=np.float32)[:, None]
    middle = np.exp(-1.5 * (x**2 + (y - 0.1) ** 2))
    ramp = np.linspace(0.0, 1.0, height, dtype=np.float32)[:, None]
    return (0.5 * (middle - middle.mean()) + (nearness - ramp)).astype(np.float32)
