"""Light that shifts: broad waves of a little more and less, warmer where it is lighter, that cross the frame.

The waves come in softly, so frame 0 is the approved still, and in a loop go out again; they darken more than they
brighten, as a passing cloud does, so highlights do not clip.
"""

from __future__ import annotations

import math

import numpy as np

from farm.models.animatic.clock import Clock, way
from farm.models.animatic.veil import Floats, Veil, View
from farm.shots.amounts import FACTORS
from farm.shots.intent import Atmosphere

_ROWS = 54
_WAVES = 5
_PACE = 0.22
"""Frame heights per second that slow light travels."""
_COMES_IN = 1.2
"""Seconds."""
_DEPTH = 0.15
"""Largest share of the light that a shadow takes, about."""


class Light:
    """A slow change of exposure and colour temperature that crosses the picture."""

    def __init__(self, asked: Atmosphere, clock: Clock, rng: np.random.Generator) -> None:
        self._clock = clock
        toward = way(asked.direction, (float(rng.choice([-1.0, 1.0])), 0.0))
        angle = np.arctan2(toward[1], toward[0]) + rng.uniform(-0.5, 0.5, _WAVES)
        length = rng.uniform(1.3, 3.2, _WAVES)
        self._wave = (2 * np.pi / length * np.array([np.cos(angle), np.sin(angle)])).astype(np.float32)
        pace = _PACE * FACTORS[asked.speed]
        self._turn = np.array([2 * np.pi * pace / each for each in length], np.float32)
        self._phase = rng.uniform(0, 2 * np.pi, _WAVES).astype(np.float32)

    def lay(self, veil: Veil, view: View) -> None:
        """Multiply `veil` by the light of the moment."""
        now = self._clock.time_s(view.index)
        change = self._field(view, now) * np.float32(self._share(now))
        change = np.tanh(np.float32(0.6) * change) / np.float32(0.6)
        exposure = np.where(change > 0, 0.45 * change, change)
        warmth = np.array([0.22, 0.0, -0.28], np.float32) * change[..., None]
        veil.gain((1.0 + np.float32(_DEPTH) * (exposure[..., None] + warmth)).astype(np.float32))

    def _share(self, seconds: float) -> float:
        """How much of the change is there yet, 0..1."""
        if self._clock.loop:
            return math.sin(math.pi * seconds / self._clock.length_s) ** 2
        come = min(1.0, seconds / _COMES_IN)
        return come * come * (3.0 - 2.0 * come)

    def _field(self, view: View, seconds: float) -> Floats:
        """About -1..1 over the whole frame."""
        x = np.linspace(0, view.aspect, round(_ROWS * view.aspect), dtype=np.float32)[None, :] - view.shift[0]
        y = np.linspace(0, 1, _ROWS, dtype=np.float32)[:, None] - view.shift[1]
        total = np.zeros((y.shape[0], x.shape[1]), np.float32)
        for wave_x, wave_y, turn, phase in zip(*self._wave, self._turn, self._phase, strict=True):
            total += np.sin(wave_x * x + wave_y * y - turn * np.float32(seconds) + phase)
        return total * np.float32(0.9 / np.sqrt(_WAVES))
