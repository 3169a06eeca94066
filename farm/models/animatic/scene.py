"""What the camera looks at: kinds of scene, each giving the picture of any frame.

    Held        the approved frame, unmoved
    Moved       the still on a mesh bent by depth, swaying inside its mask where that was asked
    Dissolved   a start and an end frame and what lies between
    Sheets      the still in sheets, each at its own depth    (`farm.models.animatic.sheets`)

`nearness(frame)` is how near each part of that picture is, 0 far to 1 near, small: what is in the air goes by it.
`carried(field, frame, mesh)` is any field over the still, a mask say, where the camera sees it: one value a vertex.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol

import numpy as np

from farm.errors import InputError
from farm.models.animatic import depth as depths
from farm.models.animatic import strain, warp
from farm.models.animatic.depth import Depth
from farm.models.animatic.ease import Ease
from farm.models.animatic.framing import Bounds, Framing, frame_still
from farm.models.animatic.path import CameraPath, Pose
from farm.models.animatic.source import framed, prepare, read_grey
from farm.models.spec import GenerateContext, Request

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]
    Floats = NDArray[np.float32]

    class Swaying(Protocol):
        def offsets(self, index: int) -> Floats | None:
            """How far things have moved, in still pixels, over the whole still at an eighth of its size: (h, w, 2)."""


class Scene(Protocol):
    """Pictures of (height, width, 3) uint8 RGB at the framing's size."""

    def view(self, frame: int) -> Bytes: ...

    def nearness(self, frame: int) -> Floats: ...

    def carried(self, field: warp.Relief, frame: int, mesh: warp.Mesh) -> Floats: ...


class Held:
    """The approved frame and nothing else."""

    def __init__(self, still: Bytes, framing: Framing, depth_map: Floats | None) -> None:
        self._frame = framed(still, framing)
        self._nearness = _approved_nearness(still, framing, depth_map)

    def view(self, frame: int) -> Bytes:  # noqa: ARG002
        return self._frame.copy()

    def nearness(self, frame: int) -> Floats:  # noqa: ARG002
        return self._nearness

    def carried(self, field: warp.Relief, frame: int, mesh: warp.Mesh) -> Floats:  # noqa: ARG002
        return field.at(mesh.x, mesh.y)


class Dissolved:
    """From the start frame to the end frame, at rest on both; there and back in a loop."""

    def __init__(self, start: Bytes, end: Bytes, framing: Framing, depth_map: Floats | None, request: Request) -> None:
        from farm.models.animatic.between import Between

        nothing = Bounds(0.0, 0.0, 0.0, 0.0)
        beside = frame_still((end.shape[1], end.shape[0]), (framing.width, framing.height), nothing, framing.overscan)
        self._between = Between.of(framed(start, framing), framed(end, beside))
        self._frames, self._loop = request.frames, request.loop
        self._ease = Ease(0.35, 0.35)
        self._nearness = _approved_nearness(start, framing, depth_map)

    def view(self, frame: int) -> Bytes:
        if self._loop:
            return self._between.at(self._ease(1.0 - abs(1.0 - 2.0 * frame / self._frames)))
        return self._between.at(self._ease(frame / max(self._frames - 1, 1)))

    def nearness(self, frame: int) -> Floats:  # noqa: ARG002
        return self._nearness

    def carried(self, field: warp.Relief, frame: int, mesh: warp.Mesh) -> Floats:  # noqa: ARG002
        return field.at(mesh.x, mesh.y)


class Moved:
    """The still seen by a moving camera, or moving by itself inside its mask, or both."""

    def __init__(
        self,
        still: Bytes,
        framing: Framing,
        path: CameraPath,
        bounds: Bounds,
        *,
        depth: Depth,
        sway: Swaying | None = None,
    ) -> None:
        self._path, self._framing, self._sway = path, framing, sway
        self._relief = depth.relief or 0.0
        self._near = warp.Relief(depth.nearness, framing, (still.shape[1], still.shape[0]))
        self._source = prepare(still, framing, bounds, tightest(path))
        self._mesh = warp.mesh_for(framing.width, framing.height, fine=sway is not None)

    def view(self, frame: int) -> Bytes:
        return warp.mean([self._look(pose, frame) for pose in warp.shutter(self._path, frame, self._framing)])

    def nearness(self, frame: int) -> Floats:
        return self._near.at(*warp.points_seen(self._path[frame], self._mesh, self._framing.aspect, self._relief))

    def carried(self, field: warp.Relief, frame: int, mesh: warp.Mesh) -> Floats:
        return field.at(*warp.points_seen(self._path[frame], mesh, self._framing.aspect, self._relief))

    def _look(self, pose: Pose, frame: int) -> Bytes:
        x, y = warp.points_seen(pose, self._mesh, self._framing.aspect, self._relief)
        offsets = None if self._sway is None else self._sway.offsets(frame)
        if offsets is not None:
            column = ((x * self._framing.pixels + self._framing.centre_x) / 8.0 - 0.5).astype(np.float32)
            row = ((y * self._framing.pixels + self._framing.centre_y) / 8.0 - 0.5).astype(np.float32)
            aside = (warp.sample(offsets, column, row) / self._framing.pixels).astype(np.float32)
            x, y = x - aside[..., 0], y - aside[..., 1]
        return warp.render(self._source, self._mesh, x, y)


def tightest(path: CameraPath) -> float:
    """The largest magnification on the path."""
    return math.exp(max(pose.log_scale for pose in path.poses))


def depth_for(still: Bytes, framing: Framing, path: CameraPath, depth_map: Floats | None) -> Depth:
    """Depth of a still for a path, from its map or guessed."""
    view = depths.View(still, framing, strain.extremes(path))
    return depths.guessed(view) if depth_map is None else depths.given(depth_map, view)


def read_depth(request: Request, still: Bytes) -> Floats | None:
    """The request's depth map, None without one; InputError when it has another shape than the still."""
    if request.depth is None:
        return None
    depth = read_grey(request.depth)
    if abs(depth.shape[1] / depth.shape[0] / (still.shape[1] / still.shape[0]) - 1.0) > 0.02:
        raise InputError(f"{request.depth.name}: the depth map has another shape than the still; export it at its size")
    return depth


def tell_depth(ctx: GenerateContext, depth: Depth, path: CameraPath, framing: Framing) -> None:
    """Keep where depth came from and what became of the parallax."""
    ctx.fact(
        "depth",
        {
            "source": depth.source,
            "asked_parallax_px": round(parallax_px(path, framing), 2),
            "parallax_px": round(parallax_px(path, framing) * depth.strength, 2),
            "stretch": round(depth.strain.stretch, 4),
            "bend_px": round(depth.strain.bend_px, 3),
            "lean_deg": round(depth.strain.lean_deg, 3),
            "reason": depth.reason,
        },
    )


def parallax_px(path: CameraPath, framing: Framing) -> float:
    """How far the plane at unit relief goes beside the pivot plane, at most, in frame pixels."""
    return framing.height * max(
        math.hypot(pose.parallax_x, pose.parallax_y) + abs(pose.dolly) * framing.aspect / 2.0 for pose in path.poses
    )


def _approved_nearness(still: Bytes, framing: Framing, depth_map: Floats | None) -> Floats:
    view = depths.View(still, framing, ())
    depth = depths.guessed(view) if depth_map is None else depths.given(depth_map, view)
    mesh = warp.mesh_for(framing.width, framing.height)
    return view.relief(depth.nearness).at(mesh.x, mesh.y)
