"""What sways or ripples by itself, and only inside a mask somebody drew.

    mask --shrunk inwards--> reach (0 at its edge .. 1 well inside)
    element -> water: ripples run along it, finer and smaller towards the horizon
            -> plants, hair, cloth: swing with the wind, more the farther from where they are held
    offsets = reach x motion(time) - the same at frame 0

Frame 0 is the approved still, so every motion is measured from there. At the edge of the mask the offset is nothing and
grows so slowly that no pixel is fetched from beyond it: what stands still is never pulled along.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from farm.models.animatic.clock import Clock, way
from farm.models.animatic.noise import smoothstep
from farm.models.animatic.subjects import Held, air_kind, held
from farm.models.animatic.veil import Floats
from farm.shots.amounts import FACTORS
from farm.shots.intent import SubjectMotion

CELL = 8
"""Still pixels per cell of the offsets."""


@dataclass(frozen=True, slots=True)
class _Wave:
    """amplitude x sin(phase - turn x seconds), over every cell; amplitudes in still pixels."""

    phase: Floats
    turn: float
    x: Floats
    y: Floats


class Sway:
    """The subject motion of one shot, as small displacements of the still."""

    def __init__(self, clock: Clock, waves: tuple[_Wave, ...], ignored: tuple[str, ...]) -> None:
        self._clock = clock
        self._waves = waves
        self.ignored = ignored
        """Elements that were asked to move and do not: no mask, or a motion that is none of swaying and rippling."""

    @classmethod
    def of(
        cls,
        mask: NDArray[np.uint8] | None,
        subject: tuple[SubjectMotion, ...],
        *,
        size: tuple[int, int],
        fps: float,
        frames: int,
        seed: int,
        loop: bool,
    ) -> Sway:
        """The sway of `subject` inside `mask` (height, width), white where things may move, over a still of `size`.

        A subject that is air ("smoke rising") is none of its business: see `farm.models.animatic.air`.
        """
        clock = Clock(fps, frames, loop)
        reach, feather = (None, 0.0) if mask is None else _reach(mask, size)
        waves: list[_Wave] = []
        ignored: list[str] = []
        for number, motion in enumerate(subject):
            if air_kind(motion) is not None:
                continue
            kind = held(motion)
            if kind is None or reach is None or not reach.any():
                ignored.append(motion.element)
                continue
            rng = np.random.default_rng((seed, 100 + number))
            if kind is Held.WATER:
                waves += _ripple(motion, reach, feather, clock, rng)
            else:
                waves += _swing(motion, kind, reach, feather, clock, rng)
        return cls(clock, tuple(waves), tuple(ignored))

    def offsets(self, index: int) -> Floats | None:
        """(height / 8, width / 8, 2), rounded up, where the picture moves to in still pixels (x right, y down).

        A cell stands for the 8 x 8 pixels it covers. What was at p is seen at p + offset: sample the still at
        p - offset. None when nothing is to move.
        """
        if not self._waves:
            return None
        seconds = self._clock.time_s(index)
        total = np.zeros((*self._waves[0].phase.shape, 2), np.float32)
        for wave in self._waves:
            swing = np.sin(wave.phase - np.float32(wave.turn * seconds)) - np.sin(wave.phase)
            total[..., 0] += wave.x * swing
            total[..., 1] += wave.y * swing
        return total


def _reach(mask: NDArray[np.uint8], size: tuple[int, int]) -> tuple[Floats, float]:
    """How far each cell may move, 0..1, and over how many still pixels that grows from the mask's edge."""
    columns, rows = -(-size[0] // CELL), -(-size[1] // CELL)
    whole = cv2.resize((mask >= 128).astype(np.uint8) * 255, size, interpolation=cv2.INTER_NEAREST)
    padded = cv2.copyMakeBorder(whole, 0, rows * CELL - size[1], 0, columns * CELL - size[0], cv2.BORDER_REPLICATE)
    inside = (cv2.resize(padded, (columns, rows), interpolation=cv2.INTER_AREA) == 255).astype(np.uint8)
    # one more cell stays still: offsets are enlarged by interpolation, which reaches a cell beyond
    distance = np.clip(cv2.distanceTransform(inside, cv2.DIST_L2, 5) - 1.0, 0.0, float(columns))
    feather = float(np.clip(0.6 * distance.max(initial=0.0), 1.0, 0.04 * max(columns, rows)))
    reach = smoothstep(0.0, feather, distance.astype(np.float32))
    reach = np.asarray(cv2.GaussianBlur(reach, (0, 0), 0.6), np.float32) * (distance > 0)
    return reach * _border(rows, columns), feather * CELL


def _border(rows: int, columns: int) -> Floats:
    """0 in the cells along the border of the picture, 1 a few cells inside: there is nothing to fetch from outside."""
    down, over = np.arange(rows), np.arange(columns)
    edge = np.minimum(np.minimum(down, rows - 1 - down)[:, None], np.minimum(over, columns - 1 - over)[None, :])
    return smoothstep(0.0, 4.0, edge.astype(np.float32))


def _extent(reach: Floats, axis: int) -> tuple[float, float]:
    cells = np.flatnonzero(reach.max(axis=axis) > 0)
    return float(cells[0]), float(cells[-1] + 1)


def _most(asked: float, feather: float) -> float:
    """`asked` pixels, or less where the mask is small: an offset changes by less than half a pixel per pixel."""
    return min(asked, 0.13 * feather)


def _ripple(
    motion: SubjectMotion, reach: Floats, feather: float, clock: Clock, rng: np.random.Generator
) -> list[_Wave]:
    rows, columns = reach.shape
    top, bottom = _extent(reach, 1)
    near = np.clip((np.arange(rows, dtype=np.float32) - top) / max(1.0, bottom - top), 0.0, 1.0)[:, None]
    across = (np.arange(columns, dtype=np.float32) / rows)[None, :]
    toward = way(motion.direction, (float(rng.choice([-1.0, 1.0])), 0.0))[0]
    most = _most(0.0055 * rows * CELL * FACTORS[motion.speed] ** 0.5, feather)
    strength = reach * (0.18 + 0.82 * near)
    waves: list[_Wave] = []
    for wave, rate, share in ((13.0, 0.34, 0.45), (24.0, 0.47, 0.33), (39.0, 0.66, 0.22)):
        # rows of ripples crowd towards the horizon as the logarithm does, and slant a little so they do not march
        depth = wave * rng.uniform(0.9, 1.1) * np.log(near + np.float32(0.35))
        slant = toward * rng.uniform(1.5, 4.0) * across / (near + np.float32(0.35))
        phase = (depth + slant + rng.uniform(0, 2 * np.pi)).astype(np.float32)
        turn = 2 * np.pi * clock.hz(rate * FACTORS[motion.speed] ** 0.5)
        # what is finer than the cells can hold fades out before it turns into something else
        fine = wave * 1.1 / (near + np.float32(0.35)) / np.float32(bottom - top)
        pixels = (np.float32(most * share) * strength * (1.0 - smoothstep(0.7, 1.5, fine))).astype(np.float32)
        waves.append(_Wave(phase, turn, pixels, pixels * np.float32(0.22)))
    return waves


def _swing(
    motion: SubjectMotion, kind: Held, reach: Floats, feather: float, clock: Clock, rng: np.random.Generator
) -> list[_Wave]:
    rows, columns = reach.shape
    wind = way(motion.direction, (0.0, 0.0))[0] or float(rng.choice([-1.0, 1.0]))
    (top, bottom), (left, right) = _extent(reach, 1), _extent(reach, 0)
    down = np.clip((np.arange(rows, dtype=np.float32) - top) / max(1.0, bottom - top), 0.0, 1.0)[:, None]
    over = np.clip((np.arange(columns, dtype=np.float32) - left) / max(1.0, right - left), 0.0, 1.0)[None, :]
    lee = over if wind > 0 else 1.0 - over
    free = {Held.TOP: down + 0 * over, Held.BOTTOM: 1.0 - down + 0 * over}.get(kind, lee + 0 * down)
    strength = (reach * free**1.4).astype(np.float32)
    most = _most(0.006 * rows * CELL * FACTORS[motion.speed] ** 0.5, feather)
    waves: list[_Wave] = []
    # a slow lean, the swing itself, and a flutter that runs through the loose ends
    for run, rate, share, lift in ((2.0, 0.16, 0.45, 0.1), (5.0, 0.38, 0.40, 0.2), (12.0, 0.85, 0.15, 0.5)):
        # phases fall behind down the wind, so gusts are seen to pass along it
        phase = run * (lee * (right - left) / rows + 0.5 * free) + rng.uniform(0, 2 * np.pi)
        turn = 2 * np.pi * clock.hz(rate * FACTORS[motion.speed] ** 0.6)
        pixels = np.float32(most * share) * strength
        waves.append(_Wave(phase.astype(np.float32), turn, pixels, pixels * np.float32(lift)))
    return waves
