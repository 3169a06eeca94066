"""What finishing a take is worth, and what it costs: `python -m tests.benchmarks.enhance`, on one core.

Enlarging: the demo's stills made half as large and brought back. In-between frames: photographs under known moves,
against the frames that were really there.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import cv2
import numpy as np

from farm.models.enhance import interpolator
from farm.models.enhance.lanczos import enlarged
from farm.models.spec import Placement
from tests.models.enhance.conftest import moves
from tests.models.enhance.test_lanczos import beyond, sharpness

STILLS = Path("jobs/demo/stills")


def enlarging() -> None:
    heads = ("still", "sharpness, plain Lanczos", "`lanczos`", "beyond the source, plain", "`lanczos`", "PSNR, plain")
    print(f"| {' | '.join(heads)} | `lanczos` |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for path in sorted(STILLS.glob("[a-z]*.jpg")):
        original = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)[:1080, :1920]
        size = (original.shape[1] // 2 * 2, original.shape[0] // 2 * 2)
        original = original[: size[1], : size[0]]
        small = cv2.resize(original, (size[0] // 2, size[1] // 2), interpolation=cv2.INTER_AREA)
        plain, large = cv2.resize(small, size, interpolation=cv2.INTER_LANCZOS4), enlarged(small, *size)
        cells = (
            *(f"{sharpness(each) / sharpness(original):.0%}" for each in (plain, large)),
            *(f"{max(0, beyond(each, small))}" for each in (plain, large)),
            *(f"{cv2.PSNR(each, original):.2f} dB" for each in (plain, large)),
        )
        print(f"| {path.stem} | {' | '.join(cells)} |")


def between() -> None:
    retimer = interpolator("flow").open(Placement())
    print("| move | repeated | blended | `flow` |")
    print("| --- | --- | --- | --- |")
    for name, scene in moves().items():
        first, second, truth = scene(0), scene(1), scene(0.5)
        blend = np.rint((first.astype(float) + second) / 2).astype(np.uint8)
        made = retimer.span(first, second).at(0.5)
        print(f"| {name} | {' | '.join(f'{cv2.PSNR(each, truth):.1f} dB' for each in (first, blend, made))} |")


def cost() -> None:
    picture = cv2.resize(cv2.imread(str(STILLS / "street.jpg"), cv2.IMREAD_COLOR_RGB), (1920, 1080))
    small, moved = cv2.resize(picture, (960, 540)), np.roll(picture, 12, axis=1)
    retimer = interpolator("flow").open(Placement())

    def timed(act) -> float:
        began = time.process_time()
        act()
        return time.process_time() - began

    span = retimer.span(picture, moved)
    print(f"\nlanczos, 960x540 to 1920x1080: {min(timed(lambda: enlarged(small, 1920, 1080)) for _ in range(3)):.2f} s")
    print(f"flow, motion between two frames of 1920x1080: {timed(lambda: span.is_cut):.2f} s")
    print(f"flow, each frame between them: {min(timed(lambda: span.at(0.4)) for _ in range(3)):.2f} s")


if __name__ == "__main__":
    cv2.setNumThreads(1)
    enlarging()
    sys.stdout.write("\n")
    between()
    cost()
