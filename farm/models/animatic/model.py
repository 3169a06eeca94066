"""The animatic model at work: a still and a path in, a stream of frames out.

    still ──framing, path──▶ Scene ──view(frame)──▶ picture ──air──▶ bars──▶ frame
              Scene = Held (nothing moves) | Moved (mesh warp) | Sheets (layers, a cut map) | Dissolved (two stills)

One frame is held at a time, and it depends on its number alone. A picture in which nothing moves is the approved frame
itself, pixel for pixel where the sizes agree. Every scene owns the pictures it samples; the model owns nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np
from pydantic import JsonValue

from farm.errors import InputError
from farm.fitting import on_bars
from farm.models.animatic import takes
from farm.models.animatic.framing import Bounds, Framing, frame_still, path_bounds, picture_size
from farm.models.animatic.multiplane import Plane, multiplane, tell_layers
from farm.models.animatic.path import CameraPath, Pose, plan_path
from farm.models.animatic.scene import Dissolved, Held, Moved, Scene, depth_for, read_depth, tell_depth
from farm.models.animatic.slices import cut_scene
from farm.models.animatic.source import read_grey, read_picture
from farm.models.spec import GenerateContext, Placement, Request
from farm.shots.intent import MotionIntent
from farm.shots.model import Fit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from farm.models.animatic.air import Air
    from farm.models.animatic.scene import Swaying
    from farm.models.animatic.window import Window

    Bytes = NDArray[np.uint8]


class Animatic:
    """A loaded animatic model: nothing but a number of threads."""

    def __init__(self, placement: Placement) -> None:
        cv2.setNumThreads(placement.threads)

    def generate(self, request: Request, ctx: GenerateContext) -> Iterator[Bytes]:
        """Frames of the take; see `farm.models.spec.Model`."""
        still = read_picture(request.start)
        size = (still.shape[1], still.shape[0])
        picture = picture_size(size, (request.width, request.height), request.fit)
        path = _path(request, picture)
        bounds = path_bounds(path, picture[0] / picture[1])
        framing = frame_still(size, picture, bounds, request.overscan if request.fit is Fit.OVERSCAN else 1.0)
        _tell(ctx, request, path, framing)
        scene = _scene(request, still, framing, path, bounds, ctx)
        air = _air(request, picture)
        window = None if air is None else _window(request, framing, size)
        for index in range(request.frames):
            ctx.check()
            frame = scene.view(index)
            if air is not None:
                shift, scale = _since_start(path, index, framing)
                within = None if window is None else window.at(scene, index)
                depth = None if within is not None and request.depth is None else scene.nearness(index)
                frame = air.apply(frame, index, depth=depth, shift=shift, scale=scale, within=within)
            yield on_bars(frame, request.width, request.height)
            ctx.progress((index + 1) / request.frames)


def _path(request: Request, picture: tuple[int, int]) -> CameraPath:
    """The camera's path; with an end frame the two frames say it all, and the camera rests."""
    return plan_path(
        MotionIntent() if request.end else request.intent,
        frames=request.frames,
        fps=float(request.fps),
        aspect=picture[0] / picture[1],
        manner=takes.from_options(request.options),
        seed=request.seed,
        loop=request.loop,
    )


def _scene(
    request: Request, still: Bytes, framing: Framing, path: CameraPath, bounds: Bounds, ctx: GenerateContext
) -> Scene:
    depth_map = read_depth(request, still)
    if request.end is not None:
        return Dissolved(still, read_picture(request.end), framing, depth_map, request)
    if request.layers:
        layers = _layers(request, still)
        tell_layers(ctx, layers, path, framing)
        return multiplane(still, layers, framing, path, bounds)
    sway = _sway(request, still)
    if path.is_still and sway is None:
        return Held(still, framing, depth_map)
    sliced = None if depth_map is None or sway is not None else cut_scene(still, depth_map, framing, path, bounds, ctx)
    if sliced is not None:
        return sliced
    depth = depth_for(still, framing, path, depth_map)
    tell_depth(ctx, depth, path, framing)
    return Moved(still, framing, path, bounds, depth=depth, sway=sway)


def _layers(request: Request, still: Bytes) -> Sequence[Plane]:
    from farm.models.animatic.layers import load

    layers = load(request.layers)
    for layer, file in zip(layers, request.layers, strict=True):
        if layer.rgba.shape[:2] != still.shape[:2]:
            raise InputError(f"{file.name}: the layer has another size than the still; export layers on its canvas")
    return layers


def _sway(request: Request, still: Bytes) -> Swaying | None:
    if request.mask is None or not request.intent.subject:
        return None
    from farm.models.animatic.sway import Sway

    return Sway.of(
        (read_grey(request.mask) * 255.0).round().astype(np.uint8),
        request.intent.subject,
        size=(still.shape[1], still.shape[0]),
        fps=float(request.fps),
        frames=request.frames,
        seed=request.seed,
        loop=request.loop,
    )


def _air(request: Request, picture: tuple[int, int]) -> Air | None:
    if not (request.intent.atmosphere or request.intent.subject):
        return None
    from farm.models.animatic.air import Air

    return Air.of(
        request.intent.atmosphere,
        request.intent.subject,
        size=picture,
        fps=float(request.fps),
        frames=request.frames,
        seed=request.seed,
        loop=request.loop,
    )


def _window(request: Request, framing: Framing, still: tuple[int, int]) -> Window | None:
    """Where the air may be: in the mask, unless that was drawn for something in the picture that moves by itself."""
    from farm.models.animatic.subjects import sways
    from farm.models.animatic.window import Window

    if request.mask is None or sways(request.intent.subject):
        return None
    return Window(read_grey(request.mask), framing, still)


def _tell(ctx: GenerateContext, request: Request, path: CameraPath, framing: Framing) -> None:
    """Keep what was asked of the camera, what it does, and where the approved frame lies."""
    manner = takes.from_options(request.options)
    first, last = path[0], path[request.frames // 2 if request.loop else request.frames - 1]
    camera: dict[str, JsonValue] = {
        "variant": manner.name,
        "amount": manner.amount,
        "loop": request.loop,
        "phases": [
            {
                "moves": [" ".join(filter(None, (move.kind, move.direction, move.speed))) for move in phase],
                "x": travel.x / framing.aspect,
                "y": travel.y,
                "log_scale": travel.log_scale,
                "roll_deg": math.degrees(travel.roll),
                "yaw_deg": math.degrees(travel.yaw),
            }
            for phase, travel in zip(request.intent.phases, path.phases, strict=False)
        ],
        "first": _still_window(first, framing),
        "last": _still_window(last, framing),
    }
    ctx.fact("camera", camera)
    ctx.fact(
        "overscan",
        {
            "declared": request.overscan,
            "used": framing.overscan,
            "fit": request.fit.value,
            "picture": [framing.width, framing.height],
        },
    )


def _still_window(pose: Pose, framing: Framing) -> dict[str, JsonValue]:
    """What the pose shows of the still, flat: its middle and its height in still pixels, its roll in degrees."""
    return {
        "centre_x": framing.centre_x + pose.x * framing.pixels,
        "centre_y": framing.centre_y + pose.y * framing.pixels,
        "height": framing.pixels * math.exp(-pose.log_scale),
        "roll_deg": math.degrees(pose.roll),
    }


def _since_start(path: CameraPath, index: int, framing: Framing) -> tuple[tuple[float, float], float]:
    """How far, in pixels, the camera has carried what the first frame had in its middle, and how enlarged it is."""
    start, now = path[0], path[index]
    size = math.exp(now.log_scale) * framing.height
    scale = math.exp(now.log_scale - start.log_scale)
    return ((start.x - now.x) * size, (start.y - now.y) * size), scale
