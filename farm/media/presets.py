"""How movies are written: one table of presets.

| preset    | what for                              | codec                           | colour              |
|-----------|---------------------------------------|---------------------------------|---------------------|
| MEZZANINE | the lossless intermediate of a take   | MagicYUV RGB in Matroska        | RGB, bit for bit    |
| PROXY     | comparing takes in a browser          | H.264, 960 wide, no B-frames    | BT.709 limited      |
| REVIEW    | the review deliverable, the animatic  | H.264 crf 18, closed short GOPs | BT.709 limited      |

MagicYUV was chosen by measuring one core, pipe included, on a panned photograph with film grain: at 720p it writes
100 and reads 272 frames a second, 112 MB for five seconds. Beside it x264 RGB at qp 0 ultrafast: 53 and 39, 151 MB;
FFV1: 29 and 33, 77 MB; Ut Video: 88 and 253, 111 MB, but ffmpeg writes noise of some sizes (1918x802) so that no
decoder takes it. Equal frames give equal files: no dates, no random ids.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """One way to write a movie. `options` are ffmpeg output options, from this file only."""

    name: str
    suffix: str
    muxer: str
    pix_fmt: str
    options: Mapping[str, str | int] = field(default_factory=dict[str, "str | int"])
    sound: Mapping[str, str | int] = field(default_factory=lambda: {"c:a": "aac", "b:a": "192k"})
    """ffmpeg output options for its sound, where there is one."""
    gop_s: Fraction | None = None
    """Longest time between key frames, in seconds; None where every frame is one."""
    longest_edge: int | None = None
    """Scaled down to fit; None keeps the size."""

    @property
    def is_rgb(self) -> bool:
        """True where pixels are kept as RGB; everything else is BT.709, limited range."""
        return self.pix_fmt == "gbrp"

    def gop(self, fps: Fraction) -> int | None:
        """Longest distance between key frames, in frames."""
        return None if self.gop_s is None else max(1, round(fps * self.gop_s))

    def size(self, width: int, height: int) -> tuple[int, int]:
        """The size a picture of `width` x `height` is written at: even where chroma is subsampled."""
        if self.longest_edge is None or max(width, height) <= self.longest_edge:
            return width, height
        factor = Fraction(self.longest_edge, max(width, height))
        return _even(width * factor), _even(height * factor)


def _even(length: Fraction) -> int:
    return max(2, 2 * round(length / 2))


_H264: Mapping[str, str | int] = {
    "c:v": "libx264",
    "profile:v": "high",
    "sc_threshold": 0,
    "flags": "+cgop",
    "forced-idr": 1,
    "movflags": "+faststart",
    "color_primaries": "bt709",
    "color_trc": "bt709",
    "colorspace": "bt709",
    "color_range": "tv",
}

MEZZANINE = Preset(
    name="mezzanine",
    suffix=".mkv",
    muxer="matroska",
    pix_fmt="gbrp",
    options={"c:v": "magicyuv", "pred": "left", "fflags": "+bitexact"},
    sound={"c:a": "pcm_f32le"},
)

PROXY = Preset(
    name="proxy",
    suffix=".mp4",
    muxer="mp4",
    pix_fmt="yuv420p",
    options={**_H264, "preset": "superfast", "crf": 23, "bf": 0, "tune": "fastdecode"},
    gop_s=Fraction(1, 2),
    longest_edge=960,
)

REVIEW = Preset(
    name="review",
    suffix=".mp4",
    muxer="mp4",
    pix_fmt="yuv420p",
    options={**_H264, "preset": "veryfast", "crf": 18},
    gop_s=Fraction(1, 2),
)

PRODUCTS: Mapping[str, Preset] = {"review": REVIEW, "draft": REVIEW}
"""What can be delivered, by the name shots ask for it."""
