"""How a move starts and settles: a velocity that swells, holds and fades, never a linear ramp.

    velocity   0 ──smoothstep──▶ peak ──────▶ peak ──smoothstep──▶ 0
    share          rise                             fall            of the move's time

The ramps are smoothsteps, so acceleration too begins and ends at zero: position is twice continuously differentiable.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ease:
    """Shares of a move's time spent getting going and settling; together at most 1."""

    rise: float = 0.3
    fall: float = 0.3

    @property
    def peak(self) -> float:
        """Highest velocity, as a multiple of the mean velocity."""
        return 1.0 / (1.0 - (self.rise + self.fall) / 2.0)

    def __call__(self, time: float) -> float:
        """Share of the way travelled at `time`, both 0-1; at rest before 0 and after 1."""
        if time <= 0.0:
            return 0.0
        if time >= 1.0:
            return 1.0
        if time < self.rise:
            return self.peak * self.rise * _ramp(time / self.rise)
        if time > 1.0 - self.fall:
            return 1.0 - self.peak * self.fall * _ramp((1.0 - time) / self.fall)
        return self.peak * (time - self.rise / 2.0)


def _ramp(share: float) -> float:
    """Integral of the smoothstep 3s²-2s³ from 0 to `share`; 1/2 at 1."""
    return share**3 - share**4 / 2.0
