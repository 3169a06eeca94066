"""A sheet of paper with letters, and axes on it: what both parts of the picture are drawn with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

from farm.simulator.plot import INK, PAPER

Box = tuple[float, float, float, float]
STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500)


class Sheet:
    """Where everything is drawn."""

    def __init__(self, width: int, height: int) -> None:
        self.width = width
        self.image = Image.new("RGB", (width, height), PAPER)
        self.pen = ImageDraw.Draw(self.image)

    def text(self, x: float, y: float, words: str, size: int, colour: str = INK, anchor: str = "la") -> None:
        self.pen.text((x, y), words, colour, ImageFont.load_default(size), anchor)

    def extent(self, words: str, size: int) -> tuple[float, float]:
        left, top, right, bottom = self.pen.textbbox((0, 0), words, ImageFont.load_default(size))
        return (right - left, bottom - top)


@dataclass(frozen=True, slots=True)
class Scale:
    """Figures along one side of a frame."""

    least: float
    most: float
    begins: float
    """Where `least` lies on the sheet."""
    ends: float

    def at(self, figure: float) -> float:
        return self.begins + (self.ends - self.begins) * (figure - self.least) / (self.most - self.least)

    def ticks(self, about: int = 6) -> Iterator[float]:
        """Round figures, about so many."""
        span = self.most - self.least
        step = next((step for step in STEPS if span / step <= about), STEPS[-1])
        number = -int(-self.least // step)
        while number * step <= self.most + 1e-9:
            yield number * step
            number += 1


def spanning(figures: list[float], begins: float, ends: float, *, from_zero: bool = False) -> Scale:
    """A scale with room around those figures."""
    least, most = min(figures), max(figures)
    margin = 0.12 * (most - least) or 0.1 * abs(most) or 1.0
    return Scale(0.0 if from_zero else max(0.0, least - margin), most + margin, begins, ends)
