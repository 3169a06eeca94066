"""Frame numbers to time, for everything in a shot that moves by itself.

A loop is a promise of time, not of pictures: whatever moves takes its rates from here, so that frame `frames` falls on
frame 0 *and* the way there is smooth. Two means suffice:

    things that swing      a rate is rounded to whole cycles per loop                    (`hz`)
    things that drift      two passes of one drift, a loop apart, cross-faded            (`passes`)
                           pass 1  |0 ......... T|      weight 1 -> 0
                           pass 2  |-T ........ 0|      weight 0 -> 1
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from farm.shots.intent import Direction

_WAYS = {
    Direction.LEFT: (-1.0, 0.0),
    Direction.RIGHT: (1.0, 0.0),
    Direction.UP: (0.0, -1.0),
    Direction.DOWN: (0.0, 1.0),
}


def way(direction: Direction, otherwise: tuple[float, float]) -> tuple[float, float]:
    """Unit vector of a direction in the picture (x right, y down); `otherwise` for those that point nowhere in it."""
    return _WAYS.get(direction, otherwise)


@dataclass(frozen=True, slots=True)
class Clock:
    """The time of a shot. `frames` is the length of the shot, and of the loop where `loop` is set."""

    fps: float
    frames: int
    loop: bool

    @property
    def length_s(self) -> float:
        """Seconds from frame 0 to the frame after the last."""
        return self.frames / self.fps

    def frame(self, index: int) -> int:
        """The frame that stands for `index`: itself, or its twin in the first round of a loop."""
        return index % self.frames if self.loop else index

    def time_s(self, index: int) -> float:
        """Seconds since frame 0."""
        return self.frame(index) / self.fps

    def hz(self, rate: float) -> float:
        """`rate`, or where it loops the nearest one that has whole cycles in a loop, at least one."""
        if not self.loop:
            return rate
        return math.copysign(max(1, round(abs(rate) * self.length_s)), rate) / self.length_s

    def passes(self, index: int) -> tuple[tuple[float, float], ...]:
        """(seconds, weight) of the drifts to mix at `index`; squared weights add up to one, so contrast stays."""
        now = self.time_s(index)
        if not self.loop:
            return ((now, 1.0),)
        turn = 0.5 * math.pi * now / self.length_s
        # squared sines start and end at rest: neither pass comes or goes with a jerk
        leaving, coming = math.cos(turn) ** 2, math.sin(turn) ** 2
        norm = math.hypot(leaving, coming)
        return ((now, leaving / norm), (now - self.length_s, coming / norm))
