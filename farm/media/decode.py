"""Reading movies with PyAV: facts, and frames one at a time.

Only local Matroska and MP4 files are opened, whatever their content says they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, Interpolation
from av.video.stream import VideoStream

from farm.errors import MediaError
from farm.media.ffmpeg import file_url

if TYPE_CHECKING:
    from farm.models.spec import Frame

_OPEN_OPTIONS = {"protocol_whitelist": "file", "format_whitelist": "matroska,webm,mov,mp4"}

_NEAR = Fraction(1, 20_000)
"""Matroska keeps times in milliseconds: a rate this close (relatively) to a usual one is the usual one."""


_UNBIASED = int(Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT)
"""Without these the scaler rounds down: pictures come out one code value too dark."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MovieFacts:
    """What a movie file says of itself, its frames counted."""

    codec: str
    pix_fmt: str
    width: int
    height: int
    fps: Fraction
    frames: int
    primaries: int
    transfer: int
    matrix: int
    """Colour tags as in ITU-T H.273: 1 is BT.709, 2 unspecified."""
    limited_range: bool
    has_audio: bool

    @property
    def duration_s(self) -> Fraction:
        return self.frames / self.fps


def probe(path: Path) -> MovieFacts:
    """Facts of a movie, its frames counted exactly by reading (not decoding) it through. `MediaError` otherwise."""
    with opened(path) as (container, stream):
        context = stream.codec_context
        guessed = stream.average_rate or stream.guessed_rate
        if guessed is None:
            raise MediaError(f"{path.name} has no frame rate")
        return MovieFacts(
            codec=context.name,
            pix_fmt=context.pix_fmt or "",
            width=context.width,
            height=context.height,
            fps=_usual(Fraction(guessed)),
            frames=sum(1 for packet in container.demux(stream) if packet.size),
            primaries=int(context.color_primaries),
            transfer=int(context.color_trc),
            matrix=int(context.colorspace),
            limited_range=int(context.color_range) == int(ColorRange.MPEG),
            has_audio=bool(container.streams.audio),
        )


def frames(path: Path, *, threads: int = 1) -> Iterator[Frame]:
    """Every frame of a movie, in order, as (h, w, 3) uint8 RGB; memory does not grow with its length.

    Raises `MediaError` where it does not decode.
    """
    with opened(path) as (container, stream):
        stream.codec_context.thread_count = threads
        for frame in container.decode(stream):
            yield pixels(frame)


@contextmanager
def opened(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """A movie and its first video stream. `MediaError` for what is none."""
    try:
        with av.open(file_url(path), options=_OPEN_OPTIONS) as container:
            if not container.streams.video:
                raise MediaError(f"{path.name} has no picture")
            yield container, container.streams.video[0]
    except FFmpegError as error:
        raise MediaError(f"{path.name} cannot be read: {error.strerror or error}") from error


def _rgb(frame: VideoFrame) -> VideoFrame:
    return frame.reformat(
        format="rgb24",
        src_colorspace=Colorspace.ITU709,
        dst_color_range=ColorRange.JPEG,
        interpolation=_UNBIASED,
    )


def pixels(frame: VideoFrame) -> Frame:
    """A decoded frame as (h, w, 3) uint8 RGB."""
    rgb = frame if frame.format.is_rgb else _rgb(frame)
    return np.asarray(rgb.to_ndarray(format="rgb24"), np.uint8)


def _usual(rate: Fraction) -> Fraction:
    """The whole rate, or whole rate x 1000/1001, that `rate` stands for; itself when it is neither."""
    for exact in (Fraction(round(rate)), Fraction(round(rate * 1001 / 1000)) * 1000 / 1001):
        if exact and abs(rate / exact - 1) < _NEAR:
            return exact
    return rate
