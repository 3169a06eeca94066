"""The burn-in: whose picture this is, laid over every frame on two dark bands.

    show · sequence · shot                    AI GENERATED
                        (picture)
    take 2 · model · seed 7          1001 · 00:00:41:17

All of it is one picture with alpha, but for the frame number and timecode: these are drawn for each frame, as a strip
in the lower right corner.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

from farm.chain import Credit
from farm.cut.text import Style, draw_line, line_width
from farm.shots.timecode import Timebase

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Mask = NDArray[np.float32]
    """(h, w), 0 to 1: how much of a pixel is covered by letters."""
    Layer = NDArray[np.uint8]
    """(h, w, 4) RGBA, straight alpha."""

AI_GENERATED = "AI GENERATED"

_SIZE = 0.027
"""Of the letters, in parts of the picture's shorter side."""
_BAND = 0.52
"""How dark the bands are."""
_LIGHT = 238.0
_BETWEEN = "  \u200e·\u200e  "
"""Between two fields; with marks that keep their order, whichever way each is written."""
_SMALLEST = 0.55
"""How much smaller than usual letters may get so that nothing has to be cut off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BurnIn:
    """The burn-in of a clip. `fields` are those wanted, of `farm.shots.products.BURN_IN`."""

    credit: Credit
    fields: Sequence[str]
    width: int
    height: int
    fps: Fraction
    """At which frames are numbered."""
    frame_in: int
    last_frame: int
    drop_frame: bool = False
    size: int = field(init=False)
    """Of the letters: as large as usual, or as lets every field be read."""

    def __post_init__(self) -> None:
        usual = max(9, round(min(self.width, self.height) * _SIZE))
        sizes = range(usual, round(usual * _SMALLEST) - 1, -1)
        object.__setattr__(self, "size", next((size for size in sizes if self._fits(size)), sizes[-1]))

    def layer(self) -> Layer:
        """Everything that stays, with the bands; nothing where the strips go."""
        mask = np.zeros((self.height, self.width), np.float32)
        room = self.width - 2 * self._margin
        if self._top_right:
            used = self._put(mask, self._top_right, self._band_top(0), room // 2, from_right=True)
            room -= used + 2 * self.size
        self._put(mask, self._top_left, self._band_top(0), room)
        left = self.width - 2 * self._margin - (self.strip_size[0] + self.size if self.strip_size[0] else 0)
        self._put(mask, self._bottom_left, self._band_top(1), left)
        ground = np.zeros_like(mask)
        ground[: self._band] = _BAND if self._top_left or self._top_right else 0.0
        ground[-self._band :] = _BAND if self._bottom_left or self.strip_size[0] else 0.0
        layer = _layer(mask, ground)
        if self.strip_size[0]:
            left, top = self.strip_at
            layer[top:, left:] = 0
        return layer

    @property
    def strip_at(self) -> tuple[int, int]:
        """Top left of the strips."""
        return self.width - self.strip_size[0], self.height - self._band

    @property
    def strip_size(self) -> tuple[int, int]:
        """Width and height of the strips; (0, 0) where nothing changes from frame to frame."""
        if not self._changing(self.frame_in):
            return 0, 0
        widest = max(self._width(self._changing(frame)) for frame in (self.frame_in, self.last_frame))
        return min(self.width, widest + self._margin + self.size), self._band

    def strips(self, step: int = 1) -> Iterator[bytes]:
        """The RGBA pixels of the strip of every `step`th frame."""
        width, height = self.strip_size
        ground = np.full((height, width), _BAND, np.float32)
        for frame in range(self.frame_in, self.last_frame + 1, step):
            mask = np.zeros((height, width), np.float32)
            words = self._changing(frame)
            self._put(mask, words, (height - self._line) // 2, width - self._margin, from_right=True)
            yield _layer(mask, ground).tobytes()

    @property
    def _top_left(self) -> str:
        credit = self.credit
        return side_by_side(self._wanted({"show": credit.show, "sequence": credit.sequence, "shot": credit.shot}))

    @property
    def _top_right(self) -> str:
        return side_by_side(self._wanted({"ai": AI_GENERATED if self.credit.trained else ""}))

    @property
    def _bottom_left(self) -> str:
        credit = self.credit
        take = f"take {credit.take}" if credit.take else ""
        named = f"{take} ({credit.label})" if take and credit.label else take
        seed = f"seed {credit.seed}" if credit.model else ""
        return side_by_side(self._wanted({"take": named, "model": credit.model, "seed": seed}))

    def _changing(self, frame: int) -> str:
        counted = Timebase.of(self.fps, drop_frame=self.drop_frame).text(frame)
        return side_by_side(self._wanted({"frame": f"{frame:04}", "timecode": counted}))

    def _wanted(self, said: dict[str, str]) -> list[str]:
        return [words for name, words in said.items() if name in self.fields and words]

    def _fits(self, size: int) -> bool:
        """Whether both bands hold their words in letters of `size`, with a gap between left and right."""
        style = self._style(size)
        bands = ((self._top_left, self._top_right), (self._bottom_left, self._changing(self.last_frame)))
        return all(line_width(left, style) + line_width(right, style) <= self.width - 6 * size for left, right in bands)

    @property
    def _line(self) -> int:
        return round(self.size * 1.2)

    @property
    def _band(self) -> int:
        return round(self.size * 1.9)

    @property
    def _margin(self) -> int:
        return self.size

    def _band_top(self, which: int) -> int:
        """Where a line of letters begins in the upper (0) or lower (1) band."""
        return (self._band - self._line) // 2 + (self.height - self._band if which else 0)

    def _style(self, size: int = 0) -> Style:
        return Style(size or self.size, (255, 255, 255), strong=True)

    def _width(self, words: str) -> int:
        return math.ceil(line_width(words, self._style()))

    def _put(self, mask: Mask, words: str, top: int, room: int, *, from_right: bool = False) -> int:
        """Draw words at one side of a mask. Gives how wide they are."""
        if not words:
            return 0
        width = min(room, self._width(words) + 1)
        image = Image.new("RGB", (width, self._line + self.size // 2))
        draw_line(ImageDraw.Draw(image), (0, 0), words, self._style(), width)
        letters = np.asarray(image)[..., 0].astype(np.float32) / 255
        rows = min(letters.shape[0], mask.shape[0] - top)
        left = mask.shape[1] - self._margin - width if from_right else self._margin
        mask[top : top + rows, left : left + width] = letters[:rows]
        return width


def _layer(mask: Mask, ground: Mask) -> Layer:
    """Light letters on a dark ground, as straight alpha."""
    alpha = mask + (1 - mask) * ground
    light = np.divide(_LIGHT * mask, alpha, out=np.zeros_like(mask), where=alpha > 0)
    grey = np.round(light).astype(np.uint8)
    return np.dstack([grey, grey, grey, np.round(alpha * 255).astype(np.uint8)])


def side_by_side(words: Iterable[str]) -> str:
    """Those that say something, the first on the left."""
    said = [word for word in words if word]
    return "\u200e" + _BETWEEN.join(said) if said else ""
