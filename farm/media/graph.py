"""Filter graphs and output options, built with ffmpeg-python from a preset: the words ffmpeg is told.

RGB becomes Y'CbCr here and nowhere else, with the matrix that the tags then claim: BT.709, limited range.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import ffmpeg

from farm.media.ffmpeg import file_url, rate
from farm.media.presets import Preset

_SCALER = "lanczos+accurate_rnd+full_chroma_int+full_chroma_inp"


def in_colours_of(stream: Any, preset: Preset, size: tuple[int, int]) -> Any:
    """`stream` (RGB) at `size` in the preset's pixel format, matrix and range."""
    if preset.is_rgb:
        return stream.filter("format", preset.pix_fmt)
    width, height = size
    scaled = stream.filter("scale", width, height, flags=_SCALER, out_color_matrix="bt709", out_range="tv")
    tagged = {"range": "tv", "color_primaries": "bt709", "color_trc": "bt709", "colorspace": "bt709"}
    return scaled.filter("format", preset.pix_fmt).filter("setparams", **tagged)


def output(
    stream: Any,
    path: Path,
    preset: Preset,
    *,
    fps: Fraction,
    threads: int,
    tags: Mapping[str, str],
    cuts: Sequence[int] = (),
    sound: Any = None,
) -> Any:
    """An ffmpeg-python output of `stream`, with a key frame at each frame number in `cuts`, and of `sound` if given."""
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
    for number, (name, words) in enumerate(tags.items()):
        options[f"metadata:g:{number}"] = f"{name}={plain(words)}"
    if sound is None:
        return ffmpeg.output(stream, file_url(path), **options)
    return ffmpeg.output(stream, sound, file_url(path), **{**options, **preset.sound})


def plain(words: str) -> str:
    """Words as one line that players can show: runs of spaces and breaks become one space, controls go."""
    return " ".join("".join(c if c.isprintable() else " " for c in words).split())
