"""What a picture module hands over: light, how to print it, and what it knows about depth and motion."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from film import Grade
from noise import Array


@dataclass(frozen=True)
class Still:
    """One painted picture. Every map has the canvas's (height, width)."""

    light: Array
    """(height, width, 3), linear, any range."""
    grade: Grade = field(default_factory=Grade)
    near: Array | None = None
    """Nearness 0..1, 1 is the nearest, smooth within a plane."""
    moves: Array | None = None
    """1 where things may move by themselves, else 0."""


Painter = Callable[[int, int], Still]
"""Paints at (width, height) pixels; the same picture at every size."""
