"""What can be delivered: each product as data, with what it asks of a shot, before anything is rendered.

    shot.targets ──name──▶ Product ──▶ size, crop, length, loop: findings      (farm.shots.checks.targets)
    project's `presets` ──▶ Product ┘  └▶ what the deliver stage is told        (farm.plan)

How a product's file is written, codec and colours, stands in `farm.media.presets` under the same `encoding`. A studio's
own preset is one of these with another name, size, burn-in, slate or quality.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from farm.shots.model import Fit, Shot
from farm.shots.reading.timing import Length

BURN_IN = ("show", "sequence", "shot", "take", "model", "seed", "frame", "timecode", "ai")
"""What can be written over the picture; all of it where a preset just says yes."""

PREVIEW_FPS = 15
"""Most frames a second of a preview that has no real codec."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """One kind of file, or sequence of files, that a shot can be delivered as."""

    name: str
    what: str
    """What it is for, in a few words."""
    base: str
    """The built-in product it is, or is made from."""
    encoding: str
    size: tuple[int, int] | None = None
    """In pixels; None for the shot's."""
    longest_edge: int | None = None
    """Without a size of its own: scaled down to fit."""
    least: tuple[int, int] = (2, 2)
    """The smallest picture that it can hold."""
    fit: Fit | None = None
    """How the shot meets another size; None for the shot's own rule."""
    shortest_s: int = 0
    longest_s: int = 0
    """What the platform takes, in seconds; 0 for any length."""
    loops: bool = False
    """True where the platform plays it again and again."""
    is_sequence: bool = False
    """True for a file per frame."""
    is_preview: bool = False
    """True where frames are left out to keep it small."""
    quality: int | None = None
    """None for the encoding's own."""
    qualities: tuple[int, int] | None = None
    """Lowest and highest quality that may be asked for; None where there is no such choice."""
    burn_in: tuple[str, ...] = ()
    """Of `BURN_IN`."""
    slate: Length | None = None
    """How long the slate before the picture is; None for no slate."""

    @property
    def is_editorial(self) -> bool:
        """True for a movie that an editor can cut with: the shot's own frame, length and rate."""
        return not (self.size or self.longest_edge or self.is_sequence or self.is_preview or self.slate)

    def size_of(self, shot: Shot) -> tuple[int, int]:
        """The size in pixels that `shot` is delivered at: both even."""
        if self.size:
            return self.size
        longest = max(shot.width, shot.height)
        if self.longest_edge is None or longest <= self.longest_edge:
            return shot.width, shot.height
        factor = Fraction(self.longest_edge, longest)
        return _even(shot.width * factor), _even(shot.height * factor)

    def fit_of(self, shot: Shot) -> Fit:
        return self.fit or shot.fit

    def step_of(self, fps: Fraction) -> int:
        """Every how manieth frame is delivered."""
        return max(1, math.ceil(fps / PREVIEW_FPS)) if self.is_preview else 1

    def slate_frames(self, fps: Fraction) -> int:
        return self.slate.frames_at(fps) if self.slate else 0


def crop_of(source: tuple[int, int], target: tuple[int, int]) -> tuple[int, int]:
    """What of a picture of `source` pixels, around its middle, fills one of `target`."""
    factor = min(Fraction(source[0], target[0]), Fraction(source[1], target[1]))
    return round(target[0] * factor), round(target[1] * factor)


def _even(side: Fraction) -> int:
    return max(2, 2 * round(side / 2))


def _h264(name: str, what: str) -> Product:
    return Product(name=name, what=what, base=name, encoding="h264", qualities=(0, 51))


def _social(name: str, what: str, size: tuple[int, int], shortest_s: int, longest_s: int, *, loops: bool) -> Product:
    return replace(
        _h264(name, what),
        encoding="h264-web",
        size=size,
        fit=Fit.CROP,
        shortest_s=shortest_s,
        longest_s=longest_s,
        loops=loops,
    )


def _named(*products: Product) -> dict[str, Product]:
    return {product.name: product for product in products}


PRODUCTS: Mapping[str, Product] = _named(
    _h264("review", "looking at, in any player"),
    _h264("draft", "what `--draft` makes"),
    Product(name="prores-hq", what="cutting and grading", base="prores-hq", encoding="prores-hq"),
    Product(name="dnxhr-hqx", what="cutting in Avid", base="dnxhr-hqx", encoding="dnxhr-hqx", least=(256, 120)),
    Product(name="png", what="compositing", base="png", encoding="png", is_sequence=True),
    Product(name="tiff", what="compositing, 16 bits a sample", base="tiff", encoding="tiff", is_sequence=True),
    Product(name="gif", what="a glimpse in mails and chats", base="gif", encoding="gif", longest_edge=480,
            is_preview=True),
    Product(name="webp", what="a glimpse on pages", base="webp", encoding="webp", longest_edge=640, is_preview=True,
            qualities=(0, 100)),
    _social("reels", "Instagram Reels", (1080, 1920), 5, 8, loops=True),
    _social("tiktok", "TikTok", (1080, 1920), 5, 8, loops=True),
    _social("linkedin", "LinkedIn feed", (1080, 1350), 6, 10, loops=False),
    _social("x", "X", (1280, 720), 4, 6, loops=True),
    _social("youtube-shorts", "YouTube Shorts", (1080, 1920), 8, 15, loops=False),
    replace(_social("website", "behind the words of a page, silent", (1920, 1080), 5, 6, loops=True),
            encoding="h264-silent"),
)  # fmt: skip
"""Every built-in product, by the name that shots ask for it."""
