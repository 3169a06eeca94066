"""Words on pictures, in any language the machine has letters for.

    words ─▶ runs of one face and one direction ─▶ in the order they are read ─▶ Pillow, shaped by Raqm

Roboto covers Latin, Greek and Cyrillic; letters it lacks come from the machine's fonts where there are any, and stand
as "?" where there are none: never as an empty box, never as an error. Letters that join, as those of Arabic and
Devanagari do, are shaped together: a face is chosen for a whole run, and spaces, marks and joiners stay in the run
they stand in.
"""

from __future__ import annotations

import unicodedata
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
    "NotoSansHebrew-Regular.ttf",
    "NotoSansThai-Regular.ttf",
    "NotoSansBengali-Regular.ttf",
    "NotoSansTamil-Regular.ttf",
    "Lohit-Devanagari.ttf",
    "PingFang.ttc",
    "Arial Unicode.ttf",
    "msyh.ttc",
    "arial.ttf",
)

_NO_LETTER = "\U0010fffd"
"""A code point no font has: it draws the face's box for missing letters."""

_CLINGS = frozenset({"Mn", "Mc", "Me", "Cf"})
"""Categories of characters that belong to the letter before them: marks and joiners."""

_RIGHT_TO_LEFT = frozenset({"R", "AL"})
_LEFT_TO_RIGHT = frozenset({"L"})
_NUMBERS = frozenset({"EN", "AN"})


@dataclass(frozen=True, slots=True)
class Style:
    """How words look: pixels high, medium weight or regular, and their colour."""

    size: int
    colour: Colour
    strong: bool = False

    @property
    def line_height(self) -> int:
        return round(self.size * 1.35)


@dataclass(frozen=True, slots=True)
class _Run:
    """Letters that one face draws in one direction."""

    face: ImageFont.FreeTypeFont
    letters: str
    leftwards: bool

    @property
    def width(self) -> float:
        return self.face.getlength(self.letters, direction=self._direction)

    def draw(self, draw: ImageDraw.ImageDraw, at: tuple[float, float], colour: Colour) -> None:
        draw.text(at, self.letters, font=self.face, fill=colour, anchor="ls", direction=self._direction)

    @property
    def _direction(self) -> str | None:
        if self.face.layout_engine != ImageFont.Layout.RAQM:
            return None
        return "rtl" if self.leftwards else "ltr"


def draw_line(draw: ImageDraw.ImageDraw, at: tuple[int, int], words: str, style: Style, width: int) -> int:
    """Draw one line with its top left at `at`, shortened to `width` pixels with an ellipsis. Gives its width."""
    line = shortened(words, style, width)
    x = float(at[0])
    for run in _runs(line, style):
        run.draw(draw, (x, at[1] + style.size), style.colour)
        x += run.width
    return round(x) - at[0]


def draw_lines(draw: ImageDraw.ImageDraw, at: tuple[int, int], words: str, style: Style, width: int, most: int) -> int:
    """Draw wrapped words on at most `most` lines. Gives the height used."""
    lines = wrapped(words, style, width, most)
    for number, line in enumerate(lines):
        draw_line(draw, (at[0], at[1] + number * style.line_height), line, style, width)
    return len(lines) * style.line_height


def line_width(words: str, style: Style) -> float:
    """Pixels that `words` take on one line."""
    return sum(run.width for run in _runs(words, style))


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


def _runs(words: str, style: Style) -> list[_Run]:
    """The runs of a line from left to right, as they are drawn.

    A line begins on the side of its first letter that has one. Runs of the other direction stand in it as blocks; what
    the bidirectional algorithm does within a run, Raqm does.
    """
    directions = _directions(words)
    base = next((leftwards for letter, leftwards in zip(words, directions, strict=True) if _side(letter)), False)
    runs = list(_faced(words, directions, style))
    if base:
        runs.reverse()
    ordered: list[_Run] = []
    for leftwards, block in groupby(runs, key=lambda run: run.leftwards):
        placed = list(block)
        ordered += placed if leftwards == base else placed[::-1]
    return ordered


def _side(letter: str) -> bool | None:
    """True for a letter that is written leftwards, False for one written rightwards, None for what takes either."""
    kind = unicodedata.bidirectional(letter)
    if kind in _RIGHT_TO_LEFT:
        return True
    return False if kind in _LEFT_TO_RIGHT else None


def _directions(words: str) -> list[bool]:
    """Of each letter: numbers go with what is before them; other signs with their neighbours where these agree, else
    with the line.
    """
    sides = [_side(letter) for letter in words]
    base = next((side for side in sides if side is not None), False)
    found: list[bool] = []
    for position, side in enumerate(sides):
        before = found[-1] if found else base
        if unicodedata.bidirectional(words[position]) in _NUMBERS:
            found.append(before)
            continue
        after = next((later for later in sides[position:] if later is not None), base)
        found.append(side if side is not None else before if before == after else base)
    return found


def _faced(words: str, directions: list[bool], style: Style) -> Iterator[_Run]:
    """Runs in the order of the letters; what clings to a letter, or is mere space, is drawn by its face."""
    faces = _faces(style.size, style.strong)
    drawn: list[tuple[tuple[int, bool], str]] = []
    for letter, leftwards in zip(words, directions, strict=True):
        number, shown = _drawable(letter, style.size, style.strong)
        stays = drawn and drawn[-1][0][1] == leftwards and _stays(letter, faces[drawn[-1][0][0]])
        drawn.append(((drawn[-1][0][0], leftwards), letter) if stays else ((number, leftwards), shown))
    for (number, leftwards), run in groupby(drawn, key=lambda pair: pair[0]):
        yield _Run(faces[number], "".join(letter for _, letter in run), leftwards)


def _stays(letter: str, face: ImageFont.FreeTypeFont) -> bool:
    """Whether `letter` is drawn by the face of the one before it, whichever would come first."""
    if unicodedata.category(letter) in _CLINGS:
        return True
    return letter.isspace() or (_side(letter) is None and _has(face, letter))


@cache
def _drawable(letter: str, size: int, strong: bool) -> tuple[int, str]:
    """Which face draws `letter`, and what it draws."""
    for number, face in enumerate(_faces(size, strong)):
        if letter.isspace() or _has(face, letter):
            return number, letter
    return 0, "?"


@cache
def _has(face: ImageFont.FreeTypeFont, letter: str) -> bool:
    return _drawn(face, letter) != _drawn(face, _NO_LETTER)


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
