"""Small people, as distance functions: metres, feet at y = 0, looking along z."""

from __future__ import annotations

import numpy as np
from noise import Array
from solid import capsule, melt


def stroller(x: Array, y: Array, z: Array) -> Array:
    """Someone in a long coat in mid-stride, one arm raised before them."""
    legs = np.minimum(
        capsule(x, y, z, (-0.10, 0.06, -0.16), (-0.07, 0.85, 0), 0.075),
        capsule(x, y, z, (0.11, 0.06, 0.20), (0.07, 0.85, 0), 0.075),
    )
    waist = np.clip((y - 0.62) / 0.85, 0, 1)
    coat = np.maximum(np.sqrt((x / 1.25) ** 2 + z * z) - (0.245 - 0.105 * np.sin(waist * 2.5)), np.abs(y - 0.91) - 0.43)
    shoulders = capsule(x, y, z, (-0.135, 1.385, 0), (0.135, 1.385, 0), 0.088)
    head = melt(
        np.sqrt(x * x + ((y - 1.65) * 0.86) ** 2 + z * z) - 0.098,
        capsule(x, y, z, (0, 1.4, 0), (0, 1.56, 0), 0.055),
        0.05,
    )
    arm = np.minimum(
        capsule(x, y, z, (0.21, 1.40, 0), (0.30, 1.12, 0.10), 0.06),
        capsule(x, y, z, (0.30, 1.12, 0.10), (0.16, 1.36, 0.22), 0.05),
    )
    return np.minimum(np.minimum(legs, melt(melt(coat * 0.8, shoulders, 0.14), head, 0.08)), arm)


def cloaked(x: Array, y: Array, z: Array) -> Array:
    """Someone in a hooded cloak that falls in folds to the calf."""
    turn, away = np.arctan2(z, x), np.sqrt(x * x + z * z)
    low = np.clip((1.42 - y) / 1.2, 0, 1)
    folds = 0.026 * low * np.sin(7 * turn + 1.3 * np.sin(2 * turn) + 2 * y)
    fall = np.maximum(away - (0.15 + 0.21 * low**0.8 + folds), np.abs(y - 0.80) - 0.60) * 0.8
    shoulders = capsule(x, y, z, (-0.12, 1.36, 0), (0.12, 1.36, 0), 0.10)
    hood = melt(
        np.sqrt(x * x + ((y - 1.60) * 0.88) ** 2 + z * z) - 0.135,
        capsule(x, y, z, (0, 1.66, -0.02), (0.01, 1.76, -0.10), 0.05),
        0.08,
    )
    feet = np.minimum(
        capsule(x, y, z, (-0.09, 0.05, -0.1), (-0.08, 0.3, 0), 0.06),
        capsule(x, y, z, (0.10, 0.05, 0.1), (0.08, 0.3, 0), 0.06),
    )
    return np.minimum(melt(melt(fall, shoulders, 0.16), hood, 0.12), feet)


def walker(x: Array, y: Array, z: Array) -> Array:
    """Someone in a parka with a pack and a staff, one foot up, feet at y = 0."""
    legs = np.minimum(
        capsule(x, y, z, (-0.16, 0.05, 0), (-0.07, 0.88, 0), 0.078),
        melt(
            capsule(x, y, z, (0.25, 0.17, 0.05), (0.24, 0.60, 0), 0.072),
            capsule(x, y, z, (0.24, 0.60, 0), (0.08, 0.90, 0), 0.088),
            0.06,
        ),
    )
    boots = np.minimum(
        capsule(x, y, z, (-0.18, 0.05, 0), (-0.06, 0.04, -0.05), 0.06),
        capsule(x, y, z, (0.24, 0.16, 0), (0.36, 0.15, -0.03), 0.06),
    )
    torso = melt(
        capsule(x, y, z, (0.0, 0.88, 0), (0.02, 1.18, 0), 0.165),
        capsule(x, y, z, (-0.13, 1.38, 0), (0.15, 1.38, 0), 0.105),
        0.22,
    )
    hood = melt(
        np.sqrt(((x - 0.02) / 0.92) ** 2 + (y - 1.655) ** 2 + z * z) - 0.118,
        capsule(x, y, z, (0.01, 1.46, 0), (0.02, 1.56, 0), 0.075),
        0.09,
    )
    pack = melt(
        capsule(x, y, z, (-0.22, 1.05, 0), (-0.19, 1.36, 0), 0.125),
        capsule(x, y, z, (-0.21, 1.49, -0.1), (-0.21, 1.49, 0.1), 0.075),
        0.05,
    )
    arms = np.minimum(
        melt(
            capsule(x, y, z, (0.17, 1.38, 0), (0.36, 1.16, 0), 0.066),
            capsule(x, y, z, (0.36, 1.16, 0), (0.53, 1.26, 0), 0.052),
            0.05,
        ),
        capsule(x, y, z, (-0.14, 1.36, 0), (-0.05, 0.98, 0.1), 0.062),
    )
    staff = capsule(x, y, z, (0.60, -0.25, 0), (0.51, 1.62, 0), 0.017)
    parka = melt(melt(torso, hood, 0.05), legs, 0.07)
    return np.minimum(np.minimum(parka, boots), np.minimum(np.minimum(pack, arms), staff))
