"""Paint the demo's stills: `python jobs/demo/paint [NAME ...]`.

    painter(2x canvas) ─▶ Still ─▶ develop ─▶ stills/NAME.jpg · NAME.depth.png · NAME.mask.png

Nothing is read and nothing is random: the same code paints the same pictures.
"""

from __future__ import annotations

import sys
import time
from functools import partial
from pathlib import Path

import bottle
import forest
import lake
import lighthouse
import ridge
import street
import window
from film import develop, save_jpeg, save_map
from still import Painter

WIDTH, HEIGHT = 1920, 1080
SUPERSAMPLED = 1.5
STILLS = Path(__file__).resolve().parent.parent / "stills"
PAINTERS: dict[str, Painter] = {
    "lake": partial(lake.paint, hour=lake.DUSK),
    "lake_night": partial(lake.paint, hour=lake.NIGHT),
    "ridge": ridge.paint,
    "lighthouse": lighthouse.paint,
    "forest": forest.paint,
    "street": street.paint,
    "window": window.paint,
    "bottle": bottle.paint,
}


def main(names: list[str]) -> None:
    """Paint the stills of those names, or all of them."""
    STILLS.mkdir(exist_ok=True)
    for seed, (name, painter) in enumerate(PAINTERS.items()):
        if names and name not in names:
            continue
        started = time.perf_counter()
        still = painter(int(WIDTH * SUPERSAMPLED), int(HEIGHT * SUPERSAMPLED))
        save_jpeg(develop(still.light, still.grade, WIDTH, HEIGHT, seed), STILLS / f"{name}.jpg")
        if still.near is not None:
            save_map(still.near, STILLS / f"{name}.depth.png")
        if still.moves is not None:
            save_map(still.moves, STILLS / f"{name}.mask.png")
        print(f"{name}: {time.perf_counter() - started:.1f} s")


if __name__ == "__main__":
    main(sys.argv[1:])
