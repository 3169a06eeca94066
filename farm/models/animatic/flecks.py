"""Many small things in the air: where each one is at a time, and how they are drawn, without a loop over them.

    Flecks (a start, a velocity, a wander and a look each) --at(view)--> places --draw--> an opacity picture

A fleck lives in a box a little larger than the frame and comes in again on the other side, out of sight. In a loop it
lives for one round and is born at its own moment, coming and going softly, so any speed loops exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from farm.models.animatic.clock import Clock
from farm.models.animatic.noise import smoothstep
from farm.models.animatic.veil import Floats, View

_MARGIN = 0.2
"""How far the box reaches beyond the frame on each side, as a share of it."""
_FADE = 0.1
"""Share of a looping fleck's life in which it comes, and in which it goes."""


@dataclass(frozen=True, slots=True)
class Flecks:
    """One plane of flecks; each array is (count,), lengths in frame heights, times in seconds."""

    depth: float
    """0 far .. 1 near, more for what floats right before the lens."""
    start: Floats
    """(count, 2) places in the unit box."""
    velocity: Floats
    """(count, 2)."""
    wander: Floats
    """How far each strays to the side."""
    rate: Floats
    """Cycles per second of straying and of turning in the light."""
    phase: Floats
    """0..1: where each is in its straying, and in a loop in its life."""
    radius: Floats
    strength: Floats
    """Opacity, 0..1."""

    def at(self, view: View, clock: Clock) -> tuple[Floats, Floats, Floats]:
        """(x, y, presence) of every fleck in the frame of `view`; presence is 0..1, hidden things have none."""
        now = clock.time_s(view.index)
        age, presence = np.full(len(self.phase), now, np.float32), np.ones(len(self.phase), np.float32)
        if clock.loop:
            life = np.mod(np.float32(now / clock.length_s) + self.phase, 1.0).astype(np.float32)
            age = life * np.float32(clock.length_s)
            presence = smoothstep(0.0, _FADE, life) * (1.0 - smoothstep(1.0 - _FADE, 1.0, life))
        turn = np.float32(2 * np.pi) * (self.rate * np.float32(now) + self.phase)
        x, y, scale = view.carried(self.depth)
        box = np.array([view.aspect, 1.0], np.float32) * np.float32(1 + 2 * _MARGIN)
        moved = self.start * box + self.velocity * age[:, None] + np.array([x, y], np.float32)
        moved[:, 0] += self.wander * np.sin(turn)
        moved[:, 1] += np.float32(0.4) * self.wander * np.sin(np.float32(2.0) * turn)
        placed = (np.mod(moved, box) - 0.5 * box) * np.float32(scale) + 0.5 * np.array([view.aspect, 1.0], np.float32)
        across, down = placed[:, 0].astype(np.float32), placed[:, 1].astype(np.float32)
        if view.depth is not None and self.depth < 1.0:
            in_front = view.sample(view.depth, across, down)
            presence = presence * (1.0 - smoothstep(self.depth - 0.06, self.depth + 0.14, in_front))
        return across, down, presence


def scatter(
    rng: np.random.Generator,
    clock: Clock,
    *,
    count: int,
    depth: float,
    velocity: tuple[float, float],
    spread: float,
    wander: float,
    rate: tuple[float, float],
    radius: tuple[float, float],
    strength: tuple[float, float],
) -> Flecks:
    """`count` flecks of one plane; pairs are ranges, `spread` is how much single velocities differ, as a share."""
    pace = 1.0 + spread * rng.uniform(-1, 1, count)
    # small ones are many and large ones few, as with everything that falls
    sizes = radius[0] + (radius[1] - radius[0]) * rng.uniform(0, 1, count) ** 2
    return Flecks(
        depth=depth,
        start=rng.uniform(0, 1, (count, 2)).astype(np.float32),
        velocity=(np.array(velocity)[None, :] * pace[:, None]).astype(np.float32),
        wander=(wander * rng.uniform(0.3, 1.0, count)).astype(np.float32),
        rate=np.array([clock.hz(each) for each in rng.uniform(*rate, count)], np.float32),
        phase=rng.uniform(0, 1, count).astype(np.float32),
        radius=sizes.astype(np.float32),
        strength=rng.uniform(*strength, count).astype(np.float32),
    )


_FINEST = np.float32(1.1)
"""Radius in pixels below which a disc would turn into a square."""
LONGEST = 80.0
"""Pixels of a trail: a longer one, at few frames a second, would be a line and not a drop."""
_EDGE = 96
"""Pixels around a picture into which flecks may reach, so that none needs cutting at the border."""


def blank(size: tuple[int, int]) -> Floats:
    """A picture of `size` (width, height) and its edge, to draw on."""
    return np.zeros((size[1] + 2 * _EDGE, size[0] + 2 * _EDGE), np.float32)


def visible(picture: Floats) -> Floats:
    """The (height, width) inside of a drawn picture, as opacity 0..1."""
    return np.minimum(picture[_EDGE:-_EDGE, _EDGE:-_EDGE], 1.0)


def draw(
    picture: Floats,
    x: Floats,
    y: Floats,
    *,
    radius: Floats,
    strength: Floats,
    trail: tuple[float, float],
    hardness: float,
) -> None:
    """Add soft discs at (x, y), each drawn out along `trail`, to a `blank`; every length in pixels, at most `LONGEST`.

    `hardness` 1 gives a bell, more a disc with an ever crisper edge. A disc smaller than a pixel becomes a fainter
    one, a streak narrower than a pixel too.
    """
    height, width = picture.shape
    broad = np.maximum(radius, _FINEST)
    half = 0.5 * float(np.hypot(*trail))
    reach = np.ceil(np.abs(trail) * np.float32(0.5) + broad.max()).astype(int)
    seen = (strength > 0.003) & (x > -reach[0]) & (x < width - 2 * _EDGE + reach[0])
    seen &= (y > -reach[1]) & (y < height - 2 * _EDGE + reach[1])
    x, y, broad = x[seen] + np.float32(_EDGE - 0.5), y[seen] + np.float32(_EDGE - 0.5), broad[seen]
    # what a streak loses by being narrow it loses in one direction only
    thin = np.minimum(radius / _FINEST, 1.0)
    level = (strength * (thin if half > 2.0 else np.square(thin)))[seen] * np.float32(hardness)
    left, top = np.rint(x).astype(np.intp), np.rint(y).astype(np.intp)
    columns, rows = np.arange(-reach[0], reach[0] + 1), np.arange(-reach[1], reach[1] + 1)
    dx = (columns[None, :] + (left - x)[:, None]).astype(np.float32)[:, None, :]
    dy = (rows[None, :] + (top - y)[:, None]).astype(np.float32)[:, :, None]
    value = _bell(dx, dy, trail, half, broad) * level[:, None, None]
    if hardness > 1.0:
        np.minimum(value, (level / np.float32(hardness))[:, None, None], out=value)
    where = (top * width + left)[:, None, None] + (rows[:, None] * width + columns[None, :])[None]
    np.add.at(picture.reshape(-1), where.reshape(-1), value.reshape(-1))


def _bell(dx: Floats, dy: Floats, trail: tuple[float, float], half: float, radius: Floats) -> Floats:
    """(count, rows, columns): 1 amid the trail, less towards its ends, 0 at `radius` from it."""
    scale = (1.0 / radius)[:, None, None]
    dx, dy = dx * scale, dy * scale
    if half < 0.05:
        bell = np.maximum(1.0 - np.square(dx) - np.square(dy), 0.0)
        return np.multiply(bell, bell, out=bell)
    ux, uy = np.float32(trail[0] / (2 * half)), np.float32(trail[1] / (2 * half))
    length = np.float32(half) * scale
    along = np.abs(dx * ux + dy * uy)
    bell = np.maximum(1.0 - np.square(np.maximum(along - length, 0.0)) - np.square(dx * uy - dy * ux), 0.0)
    np.multiply(bell, bell, out=bell)
    # a streak with blunt ends looks drawn: light gathers slowly and leaves slowly
    bell *= 1.0 - np.float32(0.8) * np.square(np.minimum(along / (length + 1.0), 1.0))
    return bell
