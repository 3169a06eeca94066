"""Sound beside a picture that stays as it is: another movie's, or samples.

with_sound(picture.mkv, source.mkv)      bit for bit
add_sound(movie, preset, samples)        in the preset's codec
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import ffmpeg
import numpy as np

from farm.media.decode import probe
from farm.media.ffmpeg import INPUT_OPTIONS, complaint, file_url, kill, note, start
from farm.media.presets import Preset
from farm.models.spec import Sound

_DEMUXERS = {"matroska": "matroska", "mp4": "mov"}


def with_sound(picture: Path, source: Path) -> None:
    """Give the Matroska movie `picture` the sound of `source`, bit for bit, where it has any: both begin together.

    Raises `MediaError`, `OutOfSpace`; `picture` is then as it was.
    """
    if not probe(source).has_audio:
        return
    streams = (
        ffmpeg.input(file_url(picture), f="matroska", **INPUT_OPTIONS).video,
        ffmpeg.input(file_url(source), f="matroska", **INPUT_OPTIONS).audio,
    )
    joined(
        picture, streams, {"f": "matroska", "c": "copy", "fflags": "+bitexact"}, f"keeping the sound of {source.name}"
    )


def add_sound(movie: Path, preset: Preset, sound: Sound) -> None:
    """Give a silent movie of `preset` its sound, cut or filled with silence to the picture's length.

    Raises `MediaError`, `OutOfSpace`; the movie is then as it was.
    """
    channels = sound.samples.shape[0]
    with tempfile.NamedTemporaryFile(dir=movie.parent, suffix=".f32") as raw:
        raw.write(np.ascontiguousarray(sound.samples.T, np.float32).data)
        raw.flush()
        write_with_sound(movie, movie, preset, Path(raw.name), sound.rate, channels)


def write_with_sound(movie: Path, to: Path, preset: Preset, raw: Path, rate: int, channels: int) -> None:
    """Write the picture of `movie`, one of `preset`, to `to` beside other sound: raw 32-bit floats, channels in turn.

    The sound is cut or filled with silence to the picture's length; tags are kept. `to` may be the movie itself, which
    is then as it was until all went well. Raises `MediaError`, `OutOfSpace`.
    """
    facts = probe(movie)
    heard = ffmpeg.input(file_url(raw), f="f32le", ar=rate, ac=channels, **INPUT_OPTIONS).audio
    fitted = heard.filter("apad").filter("atrim", duration=f"{float(facts.frames / facts.fps):.6f}")
    options = {"f": preset.muxer, "c:v": "copy", **preset.sound, "fflags": "+bitexact", "map_metadata": 0}
    if "movflags" in preset.options:
        options["movflags"] = preset.options["movflags"]
    picture = ffmpeg.input(file_url(movie), f=_DEMUXERS[preset.muxer], **INPUT_OPTIONS).video
    joined(to, (picture, fitted), options, f"adding sound to {movie.name}")


def joined(movie: Path, streams: Sequence[Any], options: Mapping[str, str | int], doing: str) -> None:
    """Put `streams` where the movie was, or is to be."""
    joined = movie.with_name(f"joined-{movie.name}")
    graph = ffmpeg.output(*streams, file_url(joined), **({"map_metadata": -1} | dict(options)))
    process, complaints = start(graph, threads=1, piped=False)
    try:
        if process.wait() != 0:
            raise complaint(complaints, doing)
        note(complaints, doing)
        joined.replace(movie)
    finally:
        kill(process)
        complaints.close()
        joined.unlink(missing_ok=True)
