"""Filter graphs and output options, built with ffmpeg-python from a preset: the words ffmpeg is told.

RGB becomes Y'CbCr here and nowhere else, with the matrix that the tags then claim: BT.709, limited range.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import ffmpeg

from farm.media.ffmpeg import file_url, rate
from farm.media.presets import Preset

_SCALER = "lanczos+accurate_rnd+full_chroma_int+full_chroma_inp"


@dataclass(frozen=True, slots=True)
class Target:
    """One movie to write."""

    path: Path
    preset: Preset
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    """Movie tags players show: title, comment. Any words."""
    timecode: str = ""
    """Of the first frame: "00:00:41:17"; "" for none. Kept where the preset's file can."""
    first_frame: int = 0
    """Number of the first file of a sequence, whose path is that of its frame 0."""
    quality: int | None = None
    """None for the preset's own."""

    def path_of(self, number: int) -> Path:
        """Where frame `number` of a sequence lies: clip.png ──▶ clip.1001.png."""
        return self.path.with_name(f"{self.path.stem}.{number:04}{self.path.suffix}")


def in_colours_of(stream: Any, preset: Preset, size: tuple[int, int]) -> Any:
    """`stream` (RGB) at `size` in the preset's pixel format, matrix and range."""
    if preset.is_rgb:
        return _rgb(stream, preset)
    width, height = size
    scaled = stream.filter("scale", width, height, flags=_SCALER, out_color_matrix="bt709", out_range="tv")
    tagged = {"range": "tv", "color_primaries": "bt709", "color_trc": "bt709", "colorspace": "bt709"}
    return scaled.filter("format", preset.pix_fmt).filter("setparams", **tagged)


def _rgb(stream: Any, preset: Preset) -> Any:
    """RGB as it is: the mezzanine's is marked by nothing, a picture's as sRGB."""
    if preset.pix_fmt == "gbrp":
        return stream.filter("format", preset.pix_fmt)
    deep = _sixteen_bits(stream) if preset.pix_fmt == "rgb48le" else stream
    plain = deep.filter("format", preset.pix_fmt)
    marked = plain.filter("setparams", range="pc", color_primaries="bt709", color_trc="iec61966-2-1")
    if not preset.is_paletted:
        return marked
    branches = marked.split()
    palette = branches[0].filter("palettegen", stats_mode="full")
    return ffmpeg.filter([branches[1], palette], "paletteuse", dither="sierra2_4a", diff_mode="rectangle")


def _sixteen_bits(stream: Any) -> Any:
    """8 bits as 16, each sample times 257: colour for colour, for a scaler of colours comes out a little darker."""
    branches = stream.filter("format", "gbrp").split()
    planes = [
        branches[number].filter("extractplanes", plane).filter("format", "gray16le")
        for number, plane in enumerate("gbr")
    ]
    sources = {f"map{number}s": number for number in range(3)}
    return ffmpeg.filter(planes, "mergeplanes", format="gbrp16le", **sources)


def output(
    stream: Any, target: Target, *, fps: Fraction, threads: int, cuts: Sequence[int] = (), sound: Any = None
) -> Any:
    """An ffmpeg-python output of `stream`, with a key frame at each frame number in `cuts`, and of `sound` if given."""
    preset = target.preset
    options: dict[str, Any] = {
        "f": preset.muxer,
        **preset.options,
        "threads": threads,
        "map_metadata": -1,
        "r": rate(fps),
    }
    gop = preset.gop(fps)
    if gop is not None:
        options["g"] = gop
    # Half a frame early, so that rounding cannot push a key frame past its cut; frame 0 always is one.
    times = [f"{float((cut - Fraction(1, 2)) / fps):.6f}" for cut in cuts if cut > 0]
    if times:
        options["force_key_frames"] = ",".join(times)
    if target.quality is not None:
        options[preset.quality_option] = target.quality
    if target.timecode and preset.keeps_timecode:
        options["timecode"] = target.timecode
    if preset.is_sequence:
        options["start_number"] = target.first_frame
    for number, (name, words) in enumerate(target.tags.items()):
        options[f"metadata:g:{number}"] = f"{name}={plain(words)}"
    if sound is None or not preset.sound:
        return ffmpeg.output(stream, _url(target), **options)
    return ffmpeg.output(stream, sound, _url(target), **{**options, **preset.sound})


def _url(target: Target) -> str:
    """Where it is written; a sequence's is a pattern, in which no % of a folder's name counts."""
    if not target.preset.is_sequence:
        return file_url(target.path)
    path = target.path
    return f"{file_url(path.parent)}/".replace("%", "%%") + f"{path.stem}.%04d{path.suffix}"


def plain(words: str) -> str:
    """Words as one line that players can show: runs of spaces and breaks become one space, controls go."""
    return " ".join("".join(c if c.isprintable() else " " for c in words).split())
