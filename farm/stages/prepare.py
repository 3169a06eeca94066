"""prepare: what a studio handed in becomes pictures every model can use.

    still, end, reference_n ─▶ upright 8-bit sRGB PNG, full resolution
    mask, depth             ─▶ one channel, the size of the still
    PSD layers, PNG alpha   ─▶ layer_01.png… RGBA, back to front

Transparent parts are shown over black, the neutral ground of compositing; a still with real transparency also leaves
two layers, a black plate and the picture cut along its alpha, so that a model may part them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from farm.chain import PrepareParams
from farm.errors import InputError
from farm.media.layers import is_layered, over_black, read_layered
from farm.media.picture import Picture, read_picture, write_png
from farm.stages.stage import Context, Output, Outputs
from farm.tasks import FileClass

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pydantic import JsonValue

SMALLEST_SIDE = 16
"""Pixels; nothing can be made of less."""

CUT_OUT = 0.01
"""The share of a picture that must be transparent, and opaque, before its alpha counts as a cut-out."""


def run(inputs: Mapping[str, Path], params: PrepareParams, ctx: Context) -> Outputs:  # noqa: ARG001  the seam's form
    """Normalise every picture. Raises `InputError` naming the asset that cannot be used."""
    pictures: dict[str, NDArray[np.uint8]] = {}
    facts: dict[str, JsonValue] = {}
    still, layers = _read("still", inputs["still"])
    size = (still.pixels.shape[1], still.pixels.shape[0])
    for name, path in sorted(inputs.items()):
        ctx.check()
        picture, _ = (still, layers) if name == "still" else _read(name, path)
        pictures[name] = _one_channel(picture, size) if name in {"mask", "depth"} else over_black(picture)
        facts[name] = _facts(picture)
    pictures |= {f"layer_{number:02}": layer for number, layer in enumerate(layers or _cut_out(still), 1)}
    files: dict[str, Output] = {}
    for done, (name, pixels) in enumerate(pictures.items(), 1):
        ctx.check()
        path = ctx.scratch / f"{name}.png"
        write_png(path, pixels)
        files[name] = Output(path, FileClass.ASSET)
        ctx.progress(done / len(pictures))
    return Outputs(files, {"pictures": facts, "layers": len(layers)})


def _read(name: str, path: Path) -> tuple[Picture, list[NDArray[np.uint8]]]:
    what = f'{name.replace("_", " ")} "{path.name}"'
    picture, layers = read_layered(path, what) if is_layered(path) else (read_picture(path, what), [])
    height, width = picture.pixels.shape[:2]
    if min(width, height) < SMALLEST_SIDE:
        raise InputError(f"{what} is only {width}x{height} pixels: hand in a larger one")
    return picture, layers


def _facts(picture: Picture) -> dict[str, JsonValue]:
    notes = list(picture.notes)
    if picture.alpha is not None:
        notes.append("transparent parts shown over black")
    return {"width": picture.pixels.shape[1], "height": picture.pixels.shape[0], "normalised": [*notes]}


def _one_channel(picture: Picture, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Grey at `size`; a picture that says everything in its alpha is taken at that word."""
    grey = cv2.cvtColor(picture.pixels, cv2.COLOR_RGB2GRAY)
    if picture.alpha is not None and grey.min() == grey.max():
        grey = picture.alpha
    shrinks = size[0] < grey.shape[1]
    resized = cv2.resize(grey, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return np.asarray(resized, np.uint8)


def _cut_out(still: Picture) -> list[NDArray[np.uint8]]:
    if still.alpha is None:
        return []
    transparent = float((still.alpha < 128).mean())
    if not CUT_OUT <= transparent <= 1 - CUT_OUT:
        return []
    plate = np.zeros((*still.alpha.shape, 4), np.uint8)
    plate[..., 3] = 255
    return [plate, np.dstack([still.pixels, still.alpha])]
