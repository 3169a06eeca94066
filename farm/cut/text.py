"""Words on pictures, in any language the machine has letters for.

    words ─▶ runs of letters that one face can draw ─▶ Pillow

Roboto covers Latin, Greek and Cyrillic; letters it lacks come from the machine's fonts where there are any, and stand
as "?" where there are none: never as an empty box, never as an error.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import TypeAlias

from PIL import Image, ImageDraw, ImageFont

Colour: TypeAlias = tuple[int, int, int]

_FONTS = Path(__file__).parent / "fonts"

_MACHINE_FACES = (
    "NotoSans-Regular.ttf",
    "DejaVuSans.ttf",
    "NotoSansCJK-Regular.ttc",
    "NotoSansDevanagari-Regular.ttf",
    "NotoSansArabic-Regular.ttf",
    "PingFang.ttc",
    "Arial Unicode.ttf",
    "msyh.ttc",
    "arial.ttf",
)

_NO_LETTER = "\U0010fffd"
"""A code point no font has: it draws the face's box for missing letters."""


@dataclass(frozen=True, slots=True)
class Style:
    """How words look: pixels high, medium weight or regular, and their colour."""

    size: int
    colour: Colour
    strong: bool = False

    @property
    def line_height(self) -> int:
        return round(self.size * 1.35)


def draw_line(draw: ImageDraw.ImageDraw, at: tuple[int, int], words: str, style: Style, width: int) -> int:
    """Draw one line with its top left at `at`, shortened to `width` pixels with an ellipsis. Gives its width."""
    line = shortened(words, style, width)
    x = float(at[0])
    for face, letters in _runs(line, style):
        draw.text((x, at[1] + style.size), letters, font=face, fill=style.colour, anchor="ls")
        x += face.getlength(letters)
    return round(x) - at[0]


def draw_lines(draw: ImageDraw.ImageDraw, at: tuple[int, int], words: str, style: Style, width: int, most: int) -> int:
    """Draw wrapped words on at most `most` lines. Gives the height used."""
    lines = wrapped(words, style, width, most)
    for number, line in enumerate(lines):
        draw_line(draw, (at[0], at[1] + number * style.line_height), line, style, width)
    return len(lines) * style.line_height


def line_width(words: str, style: Style) -> float:
    """Pixels that `words` take on one line."""
    return sum(face.getlength(letters) for face, letters in _runs(words, style))


def shortened(words: str, style: Style, width: int) -> str:
    """`words` on one line of at most `width` pixels, the end made an ellipsis where it has to go."""
    line = " ".join(words.split())
    if line_width(line, style) <= width:
        return line
    low, high = 0, len(line)
    while low < high:
        middle = (low + high + 1) // 2
        fits = line_width(line[:middle].rstrip() + "…", style) <= width
        low, high = (middle, high) if fits else (low, middle - 1)
    return line[:low].rstrip() + "…"


def wrapped(words: str, style: Style, width: int, most: int) -> list[str]:
    """`words` broken at spaces into at most `most` lines; the last one is shortened where more is left."""
    lines: list[str] = []
    rest = words.split()
    while rest and len(lines) < most - 1:
        taken = 1
        while taken < len(rest) and line_width(" ".join(rest[: taken + 1]), style) <= width:
            taken += 1
        lines.append(shortened(" ".join(rest[:taken]), style, width))
        rest = rest[taken:]
    return [*lines, shortened(" ".join(rest), style, width)] if rest else lines


def _runs(words: str, style: Style) -> Iterator[tuple[ImageFont.FreeTypeFont, str]]:
    faces = _faces(style.size, style.strong)
    letters = [_drawable(letter, style.size, style.strong) for letter in words]
    for number, run in groupby(letters, key=lambda pair: pair[0]):
        yield faces[number], "".join(letter for _, letter in run)


@cache
def _drawable(letter: str, size: int, strong: bool) -> tuple[int, str]:
    """Which face draws `letter`, and what it draws."""
    for number, face in enumerate(_faces(size, strong)):
        if letter.isspace() or _drawn(face, letter) != _drawn(face, _NO_LETTER):
            return number, letter
    return 0, "?"


def _drawn(face: ImageFont.FreeTypeFont, letter: str) -> bytes:
    image = Image.new("L", (round(face.size * 3), round(face.size * 2)))
    ImageDraw.Draw(image).text((face.size, face.size * 1.5), letter, font=face, fill=255, anchor="ls")
    return image.tobytes()


@cache
def _faces(size: int, strong: bool) -> tuple[ImageFont.FreeTypeFont, ...]:
    own = ImageFont.truetype(_FONTS / ("Roboto-Medium.ttf" if strong else "Roboto-Regular.ttf"), size)
    return (own, *_machine_faces(size))


@cache
def _machine_faces(size: int) -> tuple[ImageFont.FreeTypeFont, ...]:
    return tuple(ImageFont.truetype(name, size) for name in _present())


@cache
def _present() -> tuple[str, ...]:
    """Those of the known faces that this machine has."""
    return tuple(name for name in _MACHINE_FACES if _exists(name))


def _exists(name: str) -> bool:
    try:
        ImageFont.truetype(name, 12)
    except OSError:
        return False
    return True
