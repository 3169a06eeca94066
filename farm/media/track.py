"""A track of sound on disk: stereo samples at 48 kHz, by their number, however long it is.

    Track.silent(path, count) ─▶ lay(file, at, …) ─▶ add(other, gain) ─▶ … ─▶ the raw file that ffmpeg reads

It lies in a file that is mapped into memory, so that an hour costs as little as a second. A frame of picture begins at
the sample nearest to its time, which is counted from the start of the track: nothing drifts.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np
from av.error import FFmpegError

from farm.errors import MediaError
from farm.shots.checks.sound import opened_sound

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]
    """(count, 2), about -1 to 1."""

RATE = 48_000
CHANNELS = 2
BLOCK = 1 << 18
"""Samples that are worked on at a time."""


def sample_at(frame: int, fps: Fraction) -> int:
    """The sample at which a frame of picture begins, to the nearest."""
    return math.floor(frame / fps * RATE + Fraction(1, 2))


@dataclass(frozen=True, slots=True)
class Track:
    """Samples in a raw file: 32-bit floats, channels in turn."""

    path: Path
    count: int

    @classmethod
    def silent(cls, path: Path, count: int) -> Track:
        """A new track of `count` samples, all of them silent."""
        with path.open("wb") as file:
            file.truncate(count * CHANNELS * 4)
        return cls(path, count)

    @property
    def samples(self) -> Samples:
        """All of them, to read and to write."""
        if not self.count:
            return np.zeros((0, CHANNELS), np.float32)
        return np.memmap(self.path, np.float32, "r+", shape=(self.count, CHANNELS))

    @property
    def is_silent(self) -> bool:
        return not any(block.any() for _, block in self.blocks())

    def blocks(self) -> Iterator[tuple[int, Samples]]:
        """Where each block begins, and its samples."""
        samples = self.samples
        yield from ((start, samples[start : start + BLOCK]) for start in range(0, self.count, BLOCK))

    def lay(self, source: Path, at: int, count: int, *, skip: int = 0, fade_in: int = 0, fade_out: int = 0) -> int:
        """Put up to `count` samples of a sound file down at sample `at`; gives how many there were.

        The first `skip` of the file are left out. It fades in over its first samples, and out over the last before it
        ends or is cut. Raises `MediaError` where it does not decode, `Unusable` for no sound file.
        """
        samples, laid = self.samples, 0
        count = max(0, min(count, self.count - at))
        for block in samples_of(source):
            if skip:
                left_out = min(skip, len(block))
                block, skip = block[left_out:], skip - left_out
            part = block[: count - laid]
            samples[at + laid : at + laid + len(part)] = part
            laid += len(part)
            if laid == count:
                break
        _fade(samples[at : at + laid], fade_in, fade_out)
        return laid

    def add(self, other: Track, gain: float = 1.0, *, at: int = 0) -> None:
        """Mix another track in from sample `at` on, `gain` times as loud."""
        samples = self.samples
        for start, block in other.blocks():
            there = samples[at + start : at + start + len(block)]
            there += np.float32(gain) * block[: len(there)]

    def scale(self, gain: float) -> None:
        """Make all of it `gain` times as loud."""
        for _, block in self.blocks():
            block *= np.float32(gain)


def samples_of(source: Path) -> Iterator[Samples]:
    """A sound file as stereo at 48 kHz, in blocks. Raises `MediaError`, `Unusable`."""
    try:
        with opened_sound(source) as (container, stream):
            resampler = av.AudioResampler(format="flt", layout="stereo", rate=RATE)
            for frame in container.decode(stream):
                frame.pts = None  # the samples say where they are; gaps in the times of a file are none in its sound
                for resampled in resampler.resample(frame):
                    yield _interleaved(resampled)
            for resampled in resampler.resample(None):
                yield _interleaved(resampled)
    except FFmpegError as error:
        raise MediaError(f"{source.name} does not decode: {error.strerror or error}") from error


def _interleaved(frame: av.AudioFrame) -> Samples:
    return np.asarray(frame.to_ndarray(), np.float32).reshape(-1, CHANNELS)


def _fade(samples: Samples, fade_in: int, fade_out: int) -> None:
    """Fade in and out in place, by a quarter of a cosine's turn, over as much as there is."""
    come, leave = min(fade_in, len(samples)), min(fade_out, len(samples))
    if come:
        samples[:come] *= _slope(come)
    if leave:
        samples[-leave:] *= _slope(leave)[::-1]


def _slope(count: int) -> Samples:
    """From next to nothing to next to one; (count, 1)."""
    return np.sin((np.arange(count, dtype=np.float32) + 0.5) / count * (np.pi / 2)).astype(np.float32)[:, np.newaxis]
