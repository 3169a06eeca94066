"""A still cut along its depth map into sheets that move on their own: parallax without bending what is in the picture.

    map ──levels──▶ nearest sheet lifted off ──▶ the next lifted off what was behind ──▶ … ──▶ the rearmost, whole
    nearness within each sheet, carried on smoothly beyond it ──▶ the relief of that sheet

A sheet's relief knows nothing of its neighbours, so it has no steps to be smoothed away: a wall moves as a wall. Where
two sheets part on smooth ground both follow the map, so they go the same way. A relief is smoothed and, for all sheets
alike, weakened only as far as the strain inside a sheet asks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import cv2
import numpy as np

from farm.models.animatic import depth as depths
from farm.models.animatic import strain as strains
from farm.models.animatic.cut import JUMP, around, levels
from farm.models.animatic.depth import View
from farm.models.animatic.framing import Bounds, Framing
from farm.models.animatic.layers import pulled
from farm.models.animatic.matte import Lifted, lift
from farm.models.animatic.path import CameraPath
from farm.models.animatic.scene import parallax_px, tightest
from farm.models.animatic.sheets import Sheet, Sheets
from farm.models.animatic.source import FINENESS, Source, prepare
from farm.models.animatic.strain import Strain, extremes
from farm.models.spec import GenerateContext

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]
    Floats = NDArray[np.float32]

_WIDTH = 480
"""Of a sheet's relief, pixels."""
_SMOOTHINGS = (0.004, 0.006, 0.009, 0.013, 0.025)
"""Gaussian sigmas to try on a sheet's relief, as shares of its width."""
_OVERLAP = 0.04
"""Nearness by which neighbouring sheets know each other's ground, so that they part without a step."""

_EVEN = 0.015
"""Nearness that a map may be off along a line that is straight in space."""

_END = 6
"""Points at each end of a line that are left out: about a seventh of it."""


@dataclass(frozen=True, slots=True, eq=False)
class Slice:
    """One sheet of the map over the whole still, low resolution."""

    nearness: Floats
    """Carried on smoothly beyond the sheet."""
    cover: Floats
    """0-1, how much of the sheet or of something nearer is there."""
    own: Floats
    """0-1, how much of the sheet itself shows."""


def slices(depth: Floats, cuts: Sequence[float], still: tuple[int, int]) -> list[Slice]:
    """The map (height, width) between its levels, back to front."""
    size = (_WIDTH, max(2, round(_WIDTH * still[1] / still[0])))
    low, high = around(depth, 5)
    ends = (-1.0, *cuts, 2.0)
    made: list[Slice] = []
    for bottom, top in pairwise(ends):
        shown = (depth > bottom) & (depth <= top)
        known = (depth > bottom - _OVERLAP) & (depth < top + _OVERLAP) & (high - low <= JUMP)
        made.append(
            Slice(
                _carried_on(depth, known if known.any() else shown, size),
                _shrunk(depth > bottom, size),
                _shrunk(shown, size),
            )
        )
    return made


def _carried_on(depth: Floats, known: NDArray[np.bool_], size: tuple[int, int]) -> Floats:
    """The map at `size` (width, height) where it is known, and smoothly on from there."""
    weight, value = _shrunk(known, size), _shrunk(np.where(known, depth, np.float32(0.0)), size)
    mean = value / np.maximum(weight, np.float32(1e-6))
    sure = (weight > 0.0).astype(np.float32)
    return pulled(np.dstack([mean * sure] * 3), sure)[..., 0].astype(np.float32)


def _shrunk(picture: NDArray[np.bool_] | Floats, size: tuple[int, int]) -> Floats:
    return cv2.resize(picture.astype(np.float32), size, interpolation=cv2.INTER_AREA).astype(np.float32, copy=False)


@dataclass(frozen=True, slots=True, eq=False)
class Reliefs:
    """What the sheets of a still do."""

    values: tuple[Floats, ...]
    strength: float
    """Share of the asked parallax that is made."""
    reason: str
    strain: Strain


@dataclass(frozen=True, slots=True, eq=False)
class _Lines:
    """Long straight lines of the picture, (n, points, 2), that the map too knows to be straight."""

    straight: Floats
    upright: Floats
    """Those that stand at one depth: nothing that the camera does can make them lean."""


def reliefs(parts: Sequence[Slice], depth: Floats, view: View) -> Reliefs:
    """Relief of each slice about the dominant plane of the whole map, as strong as the strain inside it allows."""
    pivot = float(np.median(depth))
    reach = max(float(np.abs(part.nearness[part.own > 0.5] - pivot).max(initial=0.0)) for part in parts)
    seen = view.lines()
    tamed = [_tamed(part, pivot, max(reach, 1e-3), view, _lines(part, depth, view, seen)) for part in parts]
    full = _worst([strain for _, strain, _ in tamed])
    share = min(allowed for *_, allowed in tamed)
    values = tuple(values * np.float32(share) for values, *_ in tamed)
    made = full
    if share < 1.0:
        kept = zip(parts, values, strict=True)
        made = _worst([_strain(value, view, _lines(part, depth, view, seen)) for part, value in kept])
    return Reliefs(values, share, f"full parallax would give {full}" if share < 1.0 else "", made)


def _tamed(part: Slice, pivot: float, reach: float, view: View, lines: _Lines) -> tuple[Floats, Strain, float]:
    """The least smoothed relief within the limits, or the one that comes closest; its strain, and its allowed share."""
    about = np.clip((part.nearness - pivot) / reach, -1.0, 1.0).astype(np.float32)
    closest, least = about, Strain(stretch=math.inf)
    for sigma in _SMOOTHINGS:
        values = cv2.GaussianBlur(about, (0, 0), sigma * _WIDTH).astype(np.float32)
        strain = _strain(values, view, lines)
        if strain.worst < least.worst:
            closest, least = values, strain
        if strain.worst <= 1.0:
            break
    return closest, least, depths.allowed(lambda share: _strain(closest * np.float32(share), view, lines))


def _lines(part: Slice, depth: Floats, view: View, seen: Floats) -> _Lines:
    """The lines inside a sheet. One along which the map is not straight has a kink in space, and may have one here."""
    if not len(seen):
        return _Lines(seen, seen)
    # where a line ends another surface begins, and a smoothed relief is between the two
    seen = seen[:, _END:-_END]
    shown = view.relief(part.own).at(seen[..., 0], seen[..., 1]) > 0.5
    near = view.relief(depth).at(seen[..., 0], seen[..., 1])
    along = np.linspace(-1.0, 1.0, near.shape[1], dtype=np.float32)
    mean = near.mean(axis=1, keepdims=True)
    slope = ((near - mean) * along).sum(axis=1, keepdims=True) / np.square(along).sum()
    straight = (np.abs(near - mean - slope * along).max(axis=1) < _EVEN) & (shown.mean(axis=1) > 0.8)
    level = straight & (np.ptp(near, axis=1) < 2.0 * _EVEN)
    return _Lines(seen[straight], strains.upright(seen[level]))


def _strain(values: Floats, view: View, lines: _Lines) -> Strain:
    return view.strain(values, lines.straight, lines.upright)


def _worst(strains: Sequence[Strain]) -> Strain:
    return Strain(*(max(getattr(strain, name) for strain in strains) for name in ("stretch", "bend_px", "lean_deg")))


def sheets(
    still: Bytes,
    depth: Floats,
    cuts: Sequence[float],
    parts: Sequence[Slice],
    made: Reliefs,
    view: View,
    path: CameraPath,
    bounds: Bounds,
) -> Sheets:
    """The still on one sheet per slice, as the camera samples it."""
    framing = view.framing
    source = prepare(still, framing, bounds, tightest(path))
    nearness = _over_source(depth, source, view)
    scale = nearness.shape[1] / source.pixels.shape[1]
    rim = round(2.0 * made.strength * parallax_px(path, framing) * FINENESS * scale) + 12
    fronts: list[Source] = []
    below: Lifted | None = None
    for level in reversed(cuts):
        picture, near = (source.pixels, nearness) if below is None else (below.behind, below.nearness)
        below = lift(picture, near, level, rim)
        fronts.append(replace(source, pixels=below.near))
    rear = source if below is None else replace(source, pixels=below.behind)
    return Sheets(
        [
            Sheet(pixels, view.relief(values), view.relief(part.cover), view.relief(part.nearness))
            for pixels, values, part in zip([rear, *reversed(fronts)], made.values, parts, strict=True)
        ],
        framing,
        path,
    )


def _over_source(depth: Floats, source: Source, view: View) -> Floats:
    """The map where the source is, at half the source's resolution."""
    height, width = source.pixels.shape[0] // 2, source.pixels.shape[1] // 2
    step_x, step_y = source.pixels.shape[1] / width, source.pixels.shape[0] / height
    still, framing = view.still, view.framing
    per_x, per_y = depth.shape[1] / still[0], depth.shape[0] / still[1]
    a_x, a_y = step_x * framing.pixels / source.scale_x * per_x, step_y * framing.pixels / source.scale_y * per_y
    b_x = ((0.5 * step_x - 0.5 - source.offset_x) / source.scale_x * framing.pixels + framing.centre_x) * per_x - 0.5
    b_y = ((0.5 * step_y - 0.5 - source.offset_y) / source.scale_y * framing.pixels + framing.centre_y) * per_y - 0.5
    return cv2.warpAffine(
        depth,
        np.array([[a_x, 0.0, b_x], [0.0, a_y, b_y]]),
        (width, height),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    ).astype(np.float32, copy=False)


def cut_scene(
    still: Bytes, depth: Floats, framing: Framing, path: CameraPath, bounds: Bounds, ctx: GenerateContext
) -> Sheets | None:
    """The still in sheets where its map has gaps to cut along and the camera shows them, with what is kept of it."""
    view = View(still, framing, extremes(path))
    found = levels(depth) if view.poses else ()
    if not found:
        return None
    parts = slices(depth, found, view.still)
    made = reliefs(parts, depth, view)
    ctx.fact(
        "depth",
        {
            "source": "map",
            "planes": len(parts),
            "asked_parallax_px": round(parallax_px(path, framing), 2),
            "parallax_px": round(parallax_px(path, framing) * made.strength, 2),
            "stretch": round(made.strain.stretch, 4),
            "bend_px": round(made.strain.bend_px, 3),
            "lean_deg": round(made.strain.lean_deg, 3),
            "reason": made.reason,
        },
    )
    return sheets(still, depth, found, parts, made, view, path, bounds)
