"""A still cut along its depth map into sheets that move on their own: parallax without bending what is in the picture.

    map ──levels──▶ nearest sheet lifted off ──▶ the next lifted off what was behind ──▶ … ──▶ the rearmost, whole
    nearness within each sheet, carried on smoothly beyond it ──▶ the relief of that sheet

A sheet's relief knows nothing of its neighbours, so it has no steps to be smoothed away: a wall moves as a wall. It is
smoothed, made a tilted plane or, for all sheets alike, weakened only as far as the strain inside a sheet asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import cv2
import numpy as np

from farm.models.animatic import depth as depths
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

_WIDTH = 240
"""Of a sheet's relief, pixels."""
_SMOOTHINGS = (0.006, 0.012, 0.025, 0.05)
"""Gaussian sigmas to try on a sheet's relief, as shares of its width."""
_OVERLAP = 0.04
"""Nearness by which neighbouring sheets know each other's ground, so that they part without a step."""


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


def reliefs(parts: Sequence[Slice], depth: Floats, view: View) -> Reliefs:
    """Relief of each slice about the dominant plane of the whole map, as strong as the strain inside it allows."""
    pivot = float(np.median(depth))
    reach = max(float(np.abs(part.nearness[part.own > 0.5] - pivot).max(initial=0.0)) for part in parts)
    lines = view.lines()
    tamed = [_tamed(part, pivot, max(reach, 1e-3), view, lines) for part in parts]
    full = _worst([strain for _, strain, _ in tamed])
    share = min(allowed for *_, allowed in tamed)
    values = tuple(values * np.float32(share) for values, *_ in tamed)
    made = _worst([_strain(part, value, view, lines) for part, value in zip(parts, values, strict=True)])
    return Reliefs(values, share, f"full parallax would give {full}" if share < 1.0 else "", made)


def _tamed(part: Slice, pivot: float, reach: float, view: View, lines: Floats) -> tuple[Floats, Strain, float]:
    """The least changed relief within the limits, else a tilted plane; its strain, and how much of it is allowed."""
    about = np.clip((part.nearness - pivot) / reach, -1.0, 1.0).astype(np.float32)
    for sigma in _SMOOTHINGS:
        values = cv2.GaussianBlur(about, (0, 0), sigma * _WIDTH).astype(np.float32)
        strain = _strain(part, values, view, lines)
        if strain.worst <= 1.0:
            return values, strain, 1.0
    plane = _plane(about, part.own)
    strain = _strain(part, plane, view, lines)
    if strain.worst <= 1.0:
        return plane, strain, 1.0
    return plane, strain, depths.allowed(lambda share: _strain(part, plane * np.float32(share), view, lines))


def _strain(part: Slice, values: Floats, view: View, lines: Floats) -> Strain:
    """What a relief does inside its sheet."""
    inside = np.empty((0, *lines.shape[1:]), np.float32)
    if len(lines):
        shown = view.relief(part.own).at(lines[..., 0], lines[..., 1])
        inside = lines[(shown > 0.5).mean(axis=1) > 0.8]
    return view.strain(values, inside, depths.strain.upright(inside))


def _plane(values: Floats, weight: Floats) -> Floats:
    """The tilted plane closest to the values, least squares, within -1..1."""
    rows, columns = np.mgrid[-1.0 : 1.0 : complex(values.shape[0]), -1.0 : 1.0 : complex(values.shape[1])]
    terms = np.stack([np.ones(values.size), columns.ravel(), rows.ravel()], axis=1)
    by = weight.ravel()[:, None]
    found, *_ = np.linalg.lstsq(terms * by, (values.ravel() * by[:, 0]).astype(np.float64), rcond=None)
    return np.clip((terms @ found).reshape(values.shape), -1.0, 1.0).astype(np.float32)


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
