"""Lifting a near part off a picture: a soft matte, what may lie behind, and the part itself.

    nearness ──step at the level──▶ matte ──led to the picture's own edges──▶ alpha
    picture, nearness ──mirrored over the outline, as far in as parallax can show──▶ behind
    near = picture - (1 - alpha) · behind        so that near over behind is the picture again

What lies behind is not known. Mirrored, it carries on with the grain and the light that stand beside the outline, where
an average of them would show as a smear. Outside that rim nothing is changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from farm.models.animatic.cut import JUMP, around
from farm.models.animatic.layers import pulled
from farm.models.animatic.noise import smoothstep

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]
    Floats = NDArray[np.float32]

_EDGE = 7
"""Pixels across in which a map enlarged about twice takes its step."""
_SMOOTH = 0.02
"""Nearness over which a cut through smooth ground fades."""
_LED = 4
"""Radius in pixels within which a matte follows the picture's edges."""
_GUIDE_NOISE = 6e-4
"""Variance of a guide, in codes 0..1, that is taken for texture and not for an edge."""
_TRACE = 0.02
"""Alpha below which a pixel belongs to what is behind."""
_GRAIN = 4.0
"""Sigma in pixels that parts grain, which is mirrored, from light, which is carried on smoothly."""

_FINE = 16.0
"""Codes beyond which grain is not grain but an outline, which must not be seen twice."""


@dataclass(frozen=True, slots=True, eq=False)
class Lifted:
    """A picture in two: (height, width, 4) premultiplied RGBA over (height, width, 3), and the nearness behind."""

    near: Bytes
    behind: Bytes
    nearness: Floats


def lift(picture: Bytes, nearness: Floats, level: float, rim: int) -> Lifted:
    """Take what is nearer than `level` off `picture`.

    `nearness` (height, width) may be smaller than the picture; what is hidden is made up to `rim` of its pixels deep.
    """
    low, high = around(nearness, _EDGE)
    parted = (high - low > JUMP) & (low < level) & (level < high)
    size = (nearness.shape[1], nearness.shape[0])
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    guide = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False)
    alpha = matte(nearness, level, low, high)
    alpha = np.where(parted, led(alpha, guide), alpha).astype(np.float32)
    alpha = np.where(parted, _with_trace(alpha), alpha).astype(np.float32)
    hidden = alpha > _TRACE
    there, unseen = _mirrored(hidden, parted, rim)
    rows, columns = np.divmod(there, nearness.shape[1])
    whole = cv2.resize(alpha, (picture.shape[1], picture.shape[0]), interpolation=cv2.INTER_LINEAR)
    whole = whole.astype(np.float32, copy=False)
    behind = _filled(picture, _continued(small, ~hidden, rows, columns), unseen, whole > _TRACE)
    return Lifted(_part(picture, behind, whole), behind, nearness[rows, columns])


def matte(nearness: Floats, level: float, low: Floats, high: Floats) -> Floats:
    """0 beyond `level` .. 1 nearer, as soft as the map's own edge where there is one."""
    edge = (high - low > JUMP) & (low < level) & (level < high)
    bottom = np.where(edge, low, level - _SMOOTH / 2.0)
    top = np.where(edge, high, level + _SMOOTH / 2.0)
    return smoothstep(0.12, 0.78, ((nearness - bottom) / (top - bottom)).astype(np.float32)).astype(np.float32)


def led(alpha: Floats, guide: Bytes) -> Floats:
    """A matte that follows the guide's edges nearby: He, Sun and Tang, "Guided Image Filtering" (2010), eq. 5-8."""
    side = (2 * _LED + 1, 2 * _LED + 1)
    seen = guide.astype(np.float32) / np.float32(255.0)
    mean_seen, mean_alpha = cv2.blur(seen, side), cv2.blur(alpha, side)
    variance = cv2.blur(seen * seen, side) - mean_seen * mean_seen
    slope = (cv2.blur(seen * alpha, side) - mean_seen * mean_alpha) / (variance + np.float32(_GUIDE_NOISE))
    base = mean_alpha - slope * mean_seen
    found = cv2.blur(slope, side) * seen + cv2.blur(base, side)
    # a plain guide says nothing and would only blur: there the map's own edge stands
    trust = variance / (variance + np.float32(8.0 * _GUIDE_NOISE))
    crisp = smoothstep(0.1, 0.9, found.astype(np.float32))
    return np.clip(alpha + trust * (crisp - alpha), 0.0, 1.0).astype(np.float32)


def _with_trace(alpha: Floats) -> Floats:
    """The matte a little wider and softer: what lenses and codecs spill over an outline goes along with it."""
    wide = cv2.dilate(alpha, np.ones((3, 3), np.uint8))
    return np.maximum(alpha, cv2.GaussianBlur(wide, (7, 7), 1.2)).astype(np.float32)


def _mirrored(
    hidden: NDArray[np.bool_], parted: NDArray[np.bool_], rim: int
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """What to show for each pixel behind (a flat index: itself, or its mirror image in the outline), and where."""
    height, width = hidden.shape
    _, labels = cv2.distanceTransformWithLabels(hidden.astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    labels = labels.astype(np.intp)
    from_edge = cv2.distanceTransform((~parted).astype(np.uint8), cv2.DIST_L2, 5)
    there = np.arange(height * width).reshape(height, width)
    known = np.flatnonzero(~hidden.reshape(-1))
    unseen = hidden & (from_edge <= rim)
    if not len(known) or not unseen.any():
        return there, np.zeros_like(unseen)
    nearest = np.zeros(int(labels.max()) + 1, np.intp)
    nearest[labels.reshape(-1)[known]] = known
    outline = nearest[labels[unseen]]
    rows, columns = np.nonzero(unseen)
    to_rows = np.clip(2 * (outline // width) - rows, 0, height - 1)
    to_columns = np.clip(2 * (outline % width) - columns, 0, width - 1)
    # a mirror image that is hidden too shows the outline's neighbour instead
    there[unseen] = np.where(hidden[to_rows, to_columns], outline, to_rows * width + to_columns)
    return there, unseen


def _continued(small: Bytes, known: NDArray[np.bool_], rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Bytes:
    """The light of the known surroundings, smoothly, with the grain of what is mirrored."""
    weight = known.astype(np.float32)
    light = small.astype(np.float32) * weight[..., None]
    around = cv2.GaussianBlur(light, (0, 0), _GRAIN) / (cv2.GaussianBlur(weight, (0, 0), _GRAIN) + 1e-4)[..., None]
    grain = np.clip(small - around, -_FINE, _FINE)
    smooth = cv2.GaussianBlur(pulled(around * weight[..., None], weight), (0, 0), _GRAIN)
    return np.clip(np.rint(smooth + grain[rows, columns]), 0, 255).astype(np.uint8)


def _filled(picture: Bytes, made: Bytes, unseen: NDArray[np.bool_], covered: NDArray[np.bool_]) -> Bytes:
    """The picture with a smaller one's colours where it is unseen, softly joined, and only where it is covered."""
    size = (picture.shape[1], picture.shape[0])
    share = cv2.resize(cv2.blur(unseen.astype(np.float32), (3, 3)), size, interpolation=cv2.INTER_LINEAR)
    share = np.where(covered, share, np.float32(0.0))
    large = cv2.resize(made, size, interpolation=cv2.INTER_CUBIC)
    return cv2.blendLinear(large, picture, share, np.float32(1.0) - share).astype(np.uint8, copy=False)


def _part(picture: Bytes, behind: Bytes, alpha: Floats) -> Bytes:
    """The near part, premultiplied, so that laid over `behind` it gives the picture.

    Where that would take a colour brighter than white or darker than black, alpha is raised as far as it must.
    """
    part = np.empty((*alpha.shape, 4), np.uint8)
    part[..., :3] = picture
    part[..., 3] = 255
    part[alpha <= _TRACE] = 0
    soft = (alpha > _TRACE) & (alpha < 1.0)
    seen, under = picture[soft].astype(np.float32), behind[soft].astype(np.float32)
    needed = np.where(seen > under, (seen - under) / (255.5 - under), (under - seen) / (under + 0.5)).max(axis=1)
    share = np.rint(np.clip(np.maximum(alpha[soft], needed), 0.0, 1.0) * 255.0)
    colour = np.clip(seen - under * (1.0 - share / 255.0)[:, None], 0.0, share[:, None])
    part[soft] = np.rint(np.column_stack([colour, share]))
    return part
