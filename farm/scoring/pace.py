"""How a take goes along: whether it stops, and whether it trembles.

path, changes ──over a short window──▶ frozen frames ──▶ the longest stretch
path ──third differences──▶ how far a frame is out of place: a smooth move, however fast, has next to none
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby, pairwise

import numpy as np

from farm.scoring.similarity import Similarity

WINDOW_SHARE = 0.06
_SLOW = 0.05
"""Slower than this part of the mean speed is standing still: an eased move passes below it near its ends only."""
_CALM = 0.35
"""So is changing by less than this part of what the take changes by where it moves."""

_CORNERS = (0j, 0.4 + 0.2j, -0.4 + 0.2j, 0.4 - 0.2j, -0.4 - 0.2j)
_OF_MEDIAN = math.sqrt(2 / (2 * math.log(2)) / 20)
"""RMS of plane noise over the median length of its third difference: lengths are Rayleigh's, and a third difference
has 1 + 9 + 9 + 1 times the variance.
"""


def frozen(path: Sequence[Similarity], changes: Sequence[float], repeats: Sequence[bool]) -> list[bool]:
    """Of every step between frames whether it stands still: an exact repeat, or next to no motion and little change."""
    usual = float(np.percentile(changes, 90)) if changes else 0.0
    calm = [change <= _CALM * usual for change in changes]
    travel = sum(apart(one, other) for one, other in pairwise(path))
    window = max(2, round(WINDOW_SHARE * len(path)))
    slow = _SLOW * travel / max(1, len(changes)) * window
    still = [False] * len(changes)
    for begin in range(len(changes) - window + 1):
        if all(calm[begin : begin + window]) and apart(path[begin], path[begin + window]) <= slow:
            still[begin : begin + window] = [True] * window
    return [same or repeated for same, repeated in zip(still, repeats, strict=True)]


def longest(flags: Sequence[bool]) -> tuple[int, int]:
    """Begin and length of the longest run of True."""
    best, at = (0, 0), 0
    for flag, run in groupby(flags):
        length = sum(1 for _ in run)
        if flag and length > best[1]:
            best = (at, length)
        at += length
    return best


def tremble(path: Sequence[Similarity]) -> float:
    """How far frames usually are out of place along the path, thousandths of the width, RMS; a leap does not count."""
    if len(path) < 4:
        return 0.0
    tracks = np.array([[here.turn * corner + here.shift for corner in _CORNERS] for here in path])
    third = np.sqrt((np.abs(np.diff(tracks, 3, axis=0)) ** 2).mean(axis=1))
    return float(1000 * _OF_MEDIAN * np.median(third))


def apart(one: Similarity, other: Similarity) -> float:
    """How far the two put the frame's middle and corners apart, frame widths."""
    turn, shift = one.turn - other.turn, one.shift - other.shift
    return sum(abs(turn * corner + shift) for corner in _CORNERS) / len(_CORNERS)
