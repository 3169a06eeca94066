"""Upscaling by a network: Real-ESRGAN and its kin (`farm.models.enhance.spec.Enlarger`).

    frame ──tiles──▶ network, fp16 on a GPU and fp32 on the CPU ──▶ 2x, 4x ──area | Lanczos──▶ the size asked for

A network enlarges by its own factor; what is asked for is some other size, to which its result is brought. Frames are
worked on one at a time, and each depends on itself alone. When a GPU's memory does not hold a tile, tiles are halved
until it does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import torch
from spandrel import ModelTiling

from farm.errors import OutOfMemory
from farm.models.enhance.checkpoint import Network, load
from farm.models.enhance.tiles import halved, in_tiles
from farm.models.spec import Placement

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from farm.models.spec import Frame

    Floats = NDArray[np.float32]

TILE_GPU, TILE_CPU = 768, 256
"""Pixels of a tile's side."""
MARGIN = 32
"""Pixels read beyond each: past half of it what is further away hardly counts for these networks."""


class NetworkEnlarger:
    """A loaded network."""

    def __init__(self, network: Network, *, tile: int, margin: int = MARGIN) -> None:
        self._network = network
        self._tiles = tuple(halved(tile))
        self._margin = margin

    @classmethod
    def open(cls, path: Path, placement: Placement) -> NetworkEnlarger:
        """Load a checkpoint. Raises `InputError` (`farm.models.enhance.checkpoint`)."""
        network = load(path)
        if not placement.gpus:
            torch.set_num_threads(placement.threads)
            return cls(network.float(), tile=TILE_CPU)
        dtype = torch.float16 if network.supports_half else torch.float32
        return cls(network.to(torch.device("cuda", placement.gpus[0]), dtype), tile=TILE_GPU)

    def enlarged(self, frames: Iterable[Frame], width: int, height: int) -> Iterator[Frame]:
        for frame in frames:
            made = self._through(frame.astype(np.float32) / 255.0)
            yield np.clip(np.rint(_sized(made, width, height) * 255.0), 0, 255).astype(np.uint8)

    def _through(self, picture: Floats) -> Floats:
        """The network's own enlargement of a picture, 0-1; with smaller tiles from then on where memory asks for it."""
        if self._network.tiling is ModelTiling.INTERNAL:
            return self._run(picture)
        while True:
            try:
                return in_tiles(picture, self._run, scale=self._network.scale, tile=self._tiles[0], margin=self._margin)
            except torch.OutOfMemoryError as error:
                self._tiles = self._tiles[1:]
                if not self._tiles:
                    raise OutOfMemory("the GPU's memory does not hold the smallest tile of the upscaler") from error
                torch.cuda.empty_cache()

    def _run(self, picture: Floats) -> Floats:
        network = self._network
        tensor = torch.from_numpy(np.ascontiguousarray(picture)).to(network.device, network.dtype)
        made = network(tensor.permute(2, 0, 1).unsqueeze(0))
        return made[0].permute(1, 2, 0).float().cpu().numpy()


def _sized(picture: Floats, width: int, height: int) -> Floats:
    """`picture` at that size: averaged where it is larger, Lanczos where it is smaller."""
    high, wide = picture.shape[:2]
    if (wide, high) == (width, height):
        return picture
    how = cv2.INTER_AREA if width <= wide and height <= high else cv2.INTER_LANCZOS4
    return np.asarray(cv2.resize(picture, (width, height), interpolation=how), np.float32)
