"""Handheld movement: noise between 0.5 and 3 Hz, as a steady pair of hands makes it.

A sum of sines at seeded rates and phases, slower ones larger; measured from where it starts, so that a take begins on
its framing, and scaled to a known reach, so that a plan can promise the overscan. A loop uses whole periods only.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from farm.shots.amounts import FACTORS
from farm.shots.intent import Speed

BAND_HZ = (0.5, 3.0)
_VOICES = 6


@dataclass(frozen=True, slots=True)
class Shake:
    """How far handheld movement reaches from its start."""

    shift: float
    """Frame heights, in each of x and y."""
    roll: float
    """Radians."""

    @classmethod
    def of(cls, speed: Speed, amount: float = 1.0) -> Shake:
        """The reach that a speed word means."""
        restlessness = amount * math.sqrt(FACTORS[speed])
        return cls(0.009 * restlessness, math.radians(0.25) * restlessness)

    def track(
        self, clock: Sequence[float], *, seed: int, period_s: float | None = None
    ) -> list[tuple[float, float, float]]:
        """Shift right, shift down and roll at each time of `clock` (seconds); the first is zero."""
        draw = random.Random(seed)
        axes = [_noise(clock, draw, period_s) for _ in range(3)]
        return [(self.shift * x, self.shift * y, self.roll * roll) for x, y, roll in zip(*axes, strict=True)]


def _noise(clock: Sequence[float], draw: random.Random, period_s: float | None) -> list[float]:
    """Band-limited noise that starts at 0 and reaches 1 or -1; all zero where no rate of the band fits the period."""
    voices = [(rate, draw.uniform(0.0, math.tau)) for rate in _rates(draw, period_s)]
    values = [sum(math.sin(math.tau * rate * time + phase) / rate for rate, phase in voices) for time in clock]
    moved = [value - values[0] for value in values]
    most = max(map(abs, moved))
    return [value / most if most else 0.0 for value in moved]


def _rates(draw: random.Random, period_s: float | None) -> list[float]:
    low, high = BAND_HZ
    if period_s is None:
        return [low * (high / low) ** ((voice + draw.random()) / _VOICES) for voice in range(_VOICES)]
    whole = range(math.ceil(low * period_s), math.floor(high * period_s) + 1)
    return [draw.choice(whole) / period_s for _ in range(_VOICES)] if whole else []
