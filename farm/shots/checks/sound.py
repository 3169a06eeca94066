"""What can be known of a sound file, safely: it may be damaged, hostile, endless or no sound at all.

    path ─named demuxers and codecs only─▶ channels, rate ─decoded through, up to an hour─▶ Heard: seconds to the sample

A header may claim anything, so the length is counted. Only local files are opened, and nothing that a file names is:
playlists, which name others, are no sound files here.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from farm.shots.checks.picture import Unusable

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer

FORMATS = "WAV, AIFF, FLAC, MP3, M4A, Ogg or Matroska"
"""What a sound may be, for people."""
LONGEST_S = 3600
MOST_BYTES = 4 << 30
CHANNELS = 8
RATES = (8_000, 192_000)
"""Lowest and highest, samples a second."""

_DEMUXERS = "wav,w64,aiff,flac,mp3,ogg,mov,mp4,m4a,3gp,3g2,mj2,matroska,webm"
_CODECS = ("flac", "mp3", "mp3float", "aac", "vorbis", "opus", "alac")
_OPTIONS = {"protocol_whitelist": "file", "format_whitelist": _DEMUXERS}


@dataclass(frozen=True, slots=True)
class Heard:
    """The facts about one sound file."""

    seconds: Fraction
    rate: int
    """Samples a second."""
    channels: int


def open_sound(path: Path) -> Heard:
    """Measure a file, decoding it through. Raises `Unusable` with why it cannot be used."""
    from av.error import FFmpegError

    try:
        with opened_sound(path) as (container, stream):
            limit, count = LONGEST_S * stream.rate, 0
            for frame in container.decode(stream):
                count += frame.samples
                if count > limit:
                    raise Unusable("audio.long", f"{path.name} is longer than an hour")
            if not count:
                raise Unusable("audio.damaged", f"{path.name} holds no sound that decodes")
            return Heard(Fraction(count, stream.rate), stream.rate, stream.channels)
    except FFmpegError as error:
        raise Unusable("audio.damaged", f"{path.name} does not decode: {error.strerror or error}") from error


@contextmanager
def opened_sound(path: Path) -> Generator[tuple[InputContainer, AudioStream]]:
    """A file and its first sound stream. Raises `Unusable` for what is none, or none of ours."""
    import av
    from av.error import FFmpegError

    _check_file(path)
    try:
        container = av.open(f"file:{path.absolute()}", options=_OPTIONS)
    except FFmpegError as error:
        raise Unusable("audio.format", f"{path.name} is not a sound file that can be read") from error
    with container:
        if not container.streams.audio:
            raise Unusable("audio.format", f"{path.name} has no sound in it")
        stream = container.streams.audio[0]
        codec = stream.codec_context.name
        if not (codec in _CODECS or codec.startswith("pcm_")):
            raise Unusable("audio.format", f"{path.name} holds {codec}, which is not taken")
        if not 1 <= stream.channels <= CHANNELS or not RATES[0] <= stream.rate <= RATES[1]:
            raise Unusable("audio.format", f"{path.name} has {stream.channels} channels at {stream.rate} Hz")
        yield container, stream


def _check_file(path: Path) -> None:
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise Unusable("audio.missing", f"{path} is no file")
        with path.open("rb"):
            pass
    except FileNotFoundError as error:
        raise Unusable("audio.missing", f"{path} is not there") from error
    except OSError as error:
        raise Unusable("audio.missing", f"{path} cannot be read: {error.strerror or error}") from error
    if size > MOST_BYTES:
        raise Unusable("audio.long", f"{path.name} has {size >> 30} GB")
