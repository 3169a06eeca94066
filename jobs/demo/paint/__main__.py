"""Paint the demo's stills: `python jobs/demo/paint [NAME ...]`, with `--width 640 --out /tmp` for a quick look.

    painter(1.5x canvas) ─▶ Still ─▶ develop ─▶ NAME.jpg · NAME.depth.png · NAME.mask.png

Nothing is read and every seed is fixed: the same code paints the same pictures.
"""

from __future__ import annotations

import argparse
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
from film import develop, save_depth, save_jpeg, save_mask
from still import Painter

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


def paint(name: str, width: int, out: Path) -> None:
    """Paint one still, `width` pixels wide at 16:9, and the maps it has, half as wide, into `out`."""
    height = width * 9 // 16
    still = PAINTERS[name](int(width * SUPERSAMPLED), int(height * SUPERSAMPLED))
    seed = list(PAINTERS).index(name)
    save_jpeg(develop(still.light, still.grade, width, height, seed), out / f"{name}.jpg")
    if still.near is not None:
        save_depth(still.near, width // 2, height // 2, out / f"{name}.depth.png")
    if still.moves is not None:
        save_mask(still.moves, width // 2, height // 2, out / f"{name}.mask.png")


def main() -> None:
    """Paint what the command line names."""
    parser = argparse.ArgumentParser(description="Paint the demo's stills.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(PAINTERS)}; all of them if none")
    parser.add_argument("--width", type=int, default=1920, help="pixels across, a multiple of 32 (default 1920)")
    parser.add_argument("--out", type=Path, default=STILLS, help="folder to paint into (default: the demo's stills)")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(PAINTERS):
        parser.error(f"no such picture: {', '.join(sorted(unknown))}")
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name in arguments.names or PAINTERS:
        started = time.perf_counter()
        paint(name, arguments.width, arguments.out)
        print(f"{name}: {time.perf_counter() - started:.1f} s")


if __name__ == "__main__":
    main()
