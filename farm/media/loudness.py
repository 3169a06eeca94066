"""Loudness by EBU R 128: measured, and brought to a target.

    track ──ffmpeg's ebur128──▶ integrated LUFS, true peak ──gain──▶ peaks fit? ─┬▶ yes: multiplied, that is all
                  ▲                                                              └▶ no: limited, measured again ─┐
                  └──────────────────────────────────────────────────────────────────────────────────────────────┘

Two passes, as loudnorm makes them in its linear mode: the second is a gain, and moves no sample. ebur128 measures, for
loudnorm's own first pass is off by more than a unit where a track is loud and soft in turn (a voice, then music alone).
Peaks that would pass `PEAK_DBTP` are limited, which takes from the loudness, so that the gain is found again. Silence,
and what is too short to have a loudness, stays as it is; so does what is so soft that only noise would come up.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ffmpeg

from farm.errors import MediaError
from farm.media.ffmpeg import INPUT_OPTIONS, complaint, file_url, kill, start
from farm.media.track import CHANNELS, RATE, Track

TARGET_LUFS = -23.0
"""EBU R 128's."""
PEAK_DBTP = -1.0
CLOSE_LU = 0.1
"""How near to the target is near enough."""
MOST_GAIN_DB = 40.0
_ROUNDS = 6
_SILENT_LUFS = -70.0
"""The absolute gate: nothing below it counts."""
_INTEGRATED, _PEAK = r"I:\s+(-?[\d.]+|-inf) LUFS", r"Peak:\s+(-?[\d.]+|-inf) dBFS"
_INNER_PEAK_DB = -1.5
"""Of the limiter, which sees samples and not what lies between them."""


@dataclass(frozen=True, slots=True)
class Loudness:
    """As measured; -inf for what has none."""

    integrated_lufs: float
    peak_dbtp: float

    @property
    def is_none(self) -> bool:
        return not math.isfinite(self.integrated_lufs)


def loudness_of(track: Track) -> Loudness:
    """The loudness of a track. Raises `MediaError`."""
    heard = _raw(track).filter("ebur128", peak="true", framelog="quiet")
    words = _run(ffmpeg.output(heard, "pipe:", f="null"), f"measuring {track.path.name}", loglevel="info")
    integrated, peak = (re.findall(pattern, words) for pattern in (_INTEGRATED, _PEAK))
    if not integrated or not peak:
        raise MediaError(f"ffmpeg did not say how loud {track.path.name} is")
    lufs = float(integrated[-1])
    return Loudness(lufs if lufs > _SILENT_LUFS else -math.inf, float(peak[-1]))


def level(track: Track, target_lufs: float = TARGET_LUFS) -> Loudness:
    """Bring a track to `target_lufs` in place, and give what it has then. Raises `MediaError`."""
    heard = loudness_of(track)
    for _ in range(_ROUNDS):
        gain_db = target_lufs - heard.integrated_lufs
        if heard.is_none or abs(gain_db) <= CLOSE_LU or gain_db > MOST_GAIN_DB:
            return heard
        if heard.peak_dbtp + gain_db <= PEAK_DBTP:
            track.scale(10 ** (gain_db / 20))
        else:
            _limit(track, gain_db)
        heard = loudness_of(track)
    return heard


def _limit(track: Track, gain_db: float) -> None:
    """Louder by `gain_db`, with the peaks held down; every sample stays at its place."""
    limited = track.path.with_name(f"limited-{track.path.name}")
    louder = _raw(track).filter("volume", f"{gain_db:.4f}dB")
    held = louder.filter("alimiter", limit=10 ** (_INNER_PEAK_DB / 20), level=0, latency=1, attack=5, release=50)
    try:
        _run(ffmpeg.output(held, file_url(limited), f="f32le", ar=RATE, ac=CHANNELS), f"levelling {track.path.name}")
        if limited.stat().st_size != track.path.stat().st_size:
            raise MediaError(f"{track.path.name} changed its length when it was levelled")
        limited.replace(track.path)
    finally:
        limited.unlink(missing_ok=True)


def _raw(track: Track) -> Any:
    return ffmpeg.input(file_url(track.path), f="f32le", ar=RATE, ac=CHANNELS, **INPUT_OPTIONS).audio


def _run(output: Any, doing: str, *, loglevel: str = "error") -> str:
    """Run ffmpeg to its end; its words."""
    process, complaints = start(output, threads=1, piped=False, loglevel=loglevel)
    try:
        if process.wait() != 0:
            raise complaint(complaints, doing)
        complaints.seek(0)
        return complaints.read().decode(errors="replace")
    finally:
        kill(process)
        complaints.close()


def write_flac(track: Track, path: Path) -> None:
    """Write a track as a FLAC of 24 bits. Raises `MediaError`, `OutOfSpace`."""
    options = {"f": "flac", "c:a": "flac", "sample_fmt": "s32", "bits_per_raw_sample": 24, "fflags": "+bitexact"}
    _run(ffmpeg.output(_raw(track), file_url(path), map_metadata=-1, **options), f"writing {path.name}")
