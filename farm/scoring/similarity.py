"""Similarities of the picture plane as pairs of complex numbers: point p goes to turn * p + shift.

Coordinates are centred on the frame, x to the right and y down (as imaginary part), in units of the frame's width; a
positive angle is clockwise as seen, as in `farm.shots.amounts`.
"""

from __future__ import annotations

import cmath
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from farm.shots.amounts import Displacement

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Similarity:
    """Scale and rotation (`turn`), then translation (`shift`)."""

    turn: complex = 1 + 0j
    shift: complex = 0j

    def after(self, earlier: Similarity) -> Similarity:
        """This one applied to what `earlier` leaves."""
        return Similarity(self.turn * earlier.turn, self.turn * earlier.shift + self.shift)

    def toward(self, other: Similarity, share: float) -> Similarity:
        """`share` of the way from this one to the other, for two that are close."""
        return Similarity(self.turn + share * (other.turn - self.turn), self.shift + share * (other.shift - self.shift))

    @property
    def inverse(self) -> Similarity:
        return Similarity(1 / self.turn, -self.shift / self.turn)

    @property
    def log_scale(self) -> float:
        return math.log(abs(self.turn))

    @property
    def roll_deg(self) -> float:
        return math.degrees(cmath.phase(self.turn))

    def displacement(self, aspect: float) -> Displacement:
        """What it does to the frame, `aspect` being width over height."""
        return Displacement(self.shift.real, self.shift.imag * aspect, self.log_scale, self.roll_deg)

    def matrix(self, width: int, height: int) -> NDArray[np.float64]:
        """The 2x3 matrix for pixels of a picture of that size, as `cv2.warpAffine` takes it (source to target)."""
        centre = complex((width - 1) / 2, (height - 1) / 2)
        offset = self.shift * width + centre - self.turn * centre
        a, b = self.turn.real, self.turn.imag
        return np.array([[a, -b, offset.real], [b, a, offset.imag]])

    @classmethod
    def of_matrix(cls, matrix: NDArray[np.float64], width: int, height: int) -> Similarity:
        """The similarity whose pixel matrix is `matrix` ([[a, -b, x], [b, a, y]])."""
        turn = complex(matrix[0, 0], matrix[1, 0])
        centre = complex((width - 1) / 2, (height - 1) / 2)
        return cls(turn, (complex(matrix[0, 2], matrix[1, 2]) + turn * centre - centre) / width)

    @classmethod
    def asked(cls, motion: Displacement, aspect: float, pivot: complex = 0j) -> Similarity:
        """The picture motion that `motion` asks for; it scales and turns about `pivot`."""
        turn = cmath.exp(complex(motion.log_scale, math.radians(motion.roll_deg)))
        return cls(turn, pivot - turn * pivot + complex(motion.x, motion.y / aspect))


def mean_distance(one: Similarity, other: Similarity, aspect: float) -> float:
    """How far apart the two put a point of the frame, on average, in frame widths."""
    points = _grid(aspect)
    return float(np.abs((one.turn - other.turn) * points + one.shift - other.shift).mean())


def _grid(aspect: float) -> NDArray[np.complex128]:
    x, y = np.meshgrid(np.linspace(-0.5, 0.5, 9), np.linspace(-0.5, 0.5, 7) / aspect)
    return (x + 1j * y).ravel()
