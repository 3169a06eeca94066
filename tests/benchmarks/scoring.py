"""How fast a take is scored, and whether in flat memory.

    a 5 s take at 720p, 24 fps ──decode, measure, judge──▶ seconds      target: 1.5x faster than real time on one core
    2 s and 20 s of it ──each in a process of its own──▶ peak memory    target: the same

One core, one thread. Wall clock and processor seconds are both told: on a shared machine the wall clock measures its
other guests too.
"""

from __future__ import annotations

import os
import resource
import statistics
import sys
import tempfile
import time
from fractions import Fraction
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
from skimage import data

from farm.chain import ScoreParams
from farm.media import MEZZANINE, Encoder, Target, write_png
from farm.scoring import judge, measure
from farm.shots.intent import Camera, CameraMove, Direction, MotionIntent, Speed
from farm.shots.model import Fit

WIDTH, HEIGHT, FPS = 1280, 720, 24
SECONDS = 5
ROUNDS = 3
SHORT_S, LONG_S = 2, 20
PAN = MotionIntent(phases=((CameraMove(kind=Camera.PAN, direction=Direction.LEFT, speed=Speed.SLOW),),))


def make_take(folder: Path, seconds: int) -> Path:
    """A slow pan over a photograph with film grain, which a codec cannot make small."""
    still = cv2.resize(data.astronaut()[60:420], (WIDTH * 5 // 4, HEIGHT * 5 // 4), interpolation=cv2.INTER_CUBIC)
    write_png(folder / "still.png", still[HEIGHT // 8 :, WIDTH // 8 :][:HEIGHT, :WIDTH].copy())
    movie, count = folder / f"take_{seconds}.mkv", seconds * FPS
    rng = np.random.default_rng(1)
    grains = [rng.normal(0, 2, (HEIGHT, WIDTH, 3)).astype(np.float32) for _ in range(8)]
    with Encoder([Target(movie, MEZZANINE)], width=WIDTH, height=HEIGHT, fps=Fraction(FPS)) as encoder:
        for number in range(count):
            at = WIDTH / 8 - 0.025 * min(seconds, 4) * WIDTH * number / count
            moved = cv2.warpAffine(still, np.array([[1, 0, -at], [0, 1, -HEIGHT / 8]]), (WIDTH, HEIGHT))
            encoder.write(np.clip(moved + grains[number % 8], 0, 255).astype(np.uint8))
    return movie


def score(movie: Path, seconds: int) -> float:
    """Decode, measure and judge; the total."""
    params = ScoreParams(width=WIDTH, height=HEIGHT, frames=seconds * FPS, fps=Fraction(FPS), intent=PAN)
    taken = measure(movie, movie.parent / "still.png", None, expected=params.frames, fit=Fit.CROP, overscan=1.0)
    return judge(taken, params).total


def _peak_mb(movie: Path, seconds: int) -> float:
    cv2.setNumThreads(1)
    score(movie, seconds)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def peak_mb(movie: Path, seconds: int) -> float:
    """The most memory a fresh process ever held while scoring, MB."""
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(_peak_mb, (movie, seconds))


def run() -> dict[str, float]:
    """Seconds, how many times faster than real time, and memory."""
    cores = os.sched_getaffinity(0)
    threads = cv2.getNumThreads()
    os.sched_setaffinity(0, {max(cores)})
    cv2.setNumThreads(1)
    try:
        with tempfile.TemporaryDirectory() as name:
            return _measure(Path(name))
    finally:
        os.sched_setaffinity(0, cores)
        cv2.setNumThreads(threads)


def _measure(folder: Path) -> dict[str, float]:
    movie = make_take(folder, SECONDS)
    score(movie, SECONDS)
    walls: list[float] = []
    spent: list[float] = []
    for _ in range(ROUNDS):
        wall, processor = time.perf_counter(), time.process_time()
        score(movie, SECONDS)
        walls.append(time.perf_counter() - wall)
        spent.append(time.process_time() - processor)
    short, long = (peak_mb(make_take(folder, seconds), seconds) for seconds in (SHORT_S, LONG_S))
    return {
        "clip_s": SECONDS,
        "wall_s": round(min(walls), 2),
        "processor_s": round(statistics.median(spent), 2),
        "times_real_time": round(SECONDS / min(walls), 2),
        "on_a_free_core": round(SECONDS / statistics.median(spent), 2),
        "target": 1.5,
        f"peak_mb_{SHORT_S}_s": round(short, 1),
        f"peak_mb_{LONG_S}_s": round(long, 1),
    }


if __name__ == "__main__":
    sys.stdout.write("\n".join(f"{name:<20}{value:>10}" for name, value in run().items()) + "\n")
