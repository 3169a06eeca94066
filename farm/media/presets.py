"""How movies are written: one table of presets.

| preset    | what for                              | codec                           | colour              |
|-----------|---------------------------------------|---------------------------------|---------------------|
| MEZZANINE | the lossless intermediate of a take   | MagicYUV RGB in Matroska        | RGB, bit for bit    |
| PROXY     | comparing takes in a browser          | H.264, 960 wide, no B-frames    | BT.709 limited      |
| REVIEW    | the review deliverable, the animatic  | H.264 crf 18, closed short GOPs | BT.709 limited      |

and `ENCODINGS`, one for each kind of deliverable (`farm.shots.products`).

MagicYUV was chosen by measuring one core, pipe included, on a panned photograph with film grain: at 720p it writes
100 and reads 272 frames a second, 112 MB for five seconds. Beside it x264 RGB at qp 0 ultrafast: 53 and 39, 151 MB;
FFV1: 29 and 33, 77 MB; Ut Video: 88 and 253, 111 MB, but ffmpeg writes noise of some sizes (1918x802) so that no
decoder takes it. Equal frames give equal files: no dates, no random ids.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
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
    """ffmpeg output options for its sound, where there is one; empty where it stays silent."""
    gop_s: Fraction | None = None
    """Longest time between key frames, in seconds; None where every frame is one."""
    longest_edge: int | None = None
    """Scaled down to fit; None keeps the size."""
    quality_option: str = ""
    """The ffmpeg option by which its quality may be chosen; "" where there is no choice."""
    keeps_timecode: bool = False
    """True where the file holds the timecode of its first frame."""
    is_sequence: bool = False
    """True for a file per frame."""
    is_paletted: bool = False
    """True where every pixel is one of 256 colours, chosen for the whole clip."""

    @property
    def is_rgb(self) -> bool:
        """True where pixels are kept as RGB; everything else is BT.709, limited range."""
        return self.pix_fmt in _RGB

    @property
    def is_movie(self) -> bool:
        """True where it is read back as a movie; previews and sequences are pictures."""
        return self.muxer in {"matroska", "mp4", "mov"}

    def gop(self, fps: Fraction) -> int | None:
        """Longest distance between key frames, in frames."""
        return None if self.gop_s is None else max(1, round(fps * self.gop_s))

    def size(self, width: int, height: int) -> tuple[int, int]:
        """The size a picture of `width` x `height` is written at: even where chroma is subsampled."""
        if self.longest_edge is None or max(width, height) <= self.longest_edge:
            return width, height
        factor = Fraction(self.longest_edge, max(width, height))
        return _even(width * factor), _even(height * factor)


_RGB = frozenset({"gbrp", "rgb24", "rgb48le", "bgra"})


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

_MOV: Mapping[str, str | int] = {
    "color_primaries": "bt709",
    "color_trc": "bt709",
    "colorspace": "bt709",
    "color_range": "tv",
}

_BITEXACT: Mapping[str, str | int] = {"fflags": "+bitexact", "flags": "+bitexact"}

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
    quality_option="crf",
    keeps_timecode=True,
)

PRORES_HQ = Preset(
    name="prores-hq",
    suffix=".mov",
    muxer="mov",
    pix_fmt="yuv422p10le",
    options={**_MOV, "c:v": "prores_ks", "profile:v": 3, "qscale:v": 9, "vendor": "apl0"},
    sound={"c:a": "pcm_s24le"},
    keeps_timecode=True,
)

DNXHR_HQX = Preset(
    name="dnxhr-hqx",
    suffix=".mov",
    muxer="mov",
    pix_fmt="yuv422p10le",
    options={**_MOV, "c:v": "dnxhd", "profile:v": "dnxhr_hqx"},
    sound={"c:a": "pcm_s24le"},
    keeps_timecode=True,
)

PNG = Preset(
    name="png",
    suffix=".png",
    muxer="image2",
    pix_fmt="rgb24",
    options={**_BITEXACT, "c:v": "png", "compression_level": 3, "pred": "up"},
    sound={},
    is_sequence=True,
)

TIFF = Preset(
    name="tiff",
    suffix=".tif",
    muxer="image2",
    pix_fmt="rgb48le",
    options={**_BITEXACT, "c:v": "tiff", "compression_algo": "lzw"},
    sound={},
    is_sequence=True,
)

GIF = Preset(
    name="gif",
    suffix=".gif",
    muxer="gif",
    pix_fmt="rgb24",
    options={**_BITEXACT, "c:v": "gif", "loop": 0},
    sound={},
    is_paletted=True,
)

WEBP = Preset(
    name="webp",
    suffix=".webp",
    muxer="webp",
    pix_fmt="bgra",
    options={**_BITEXACT, "c:v": "libwebp_anim", "loop": 0, "quality": 75},
    sound={},
    quality_option="quality",
)

WEB = replace(REVIEW, name="h264-web", keeps_timecode=False)
"""Picture and sound alone: some platforms refuse a movie with a track that they do not know."""

ENCODINGS: Mapping[str, Preset] = {
    "h264": REVIEW,
    "h264-web": WEB,
    "h264-silent": replace(WEB, name="h264-silent", sound={}),
    "prores-hq": PRORES_HQ,
    "dnxhr-hqx": DNXHR_HQX,
    "png": PNG,
    "tiff": TIFF,
    "gif": GIF,
    "webp": WEBP,
}
"""How deliverables are written, by the name that `farm.shots.products` gives it."""
