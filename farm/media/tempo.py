"""A take's sound beside a picture whose time was changed: begun later, or played faster or slower at the same pitch."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import ffmpeg

from farm.media.decode import probe
from farm.media.ffmpeg import INPUT_OPTIONS, file_url
from farm.media.mux import joined
from farm.media.presets import MEZZANINE

_MOST = 2.0
"""The tempo that one filter keeps clear; more takes several."""


def with_sound_at(
    picture: Path, source: Path, *, tempo: Fraction = Fraction(1), start_s: Fraction = Fraction(0)
) -> None:
    """Give the Matroska movie `picture` the sound of `source` from `start_s` on, played `tempo` times as fast.

    It is cut, or filled with silence, to the picture's length. Nothing happens where there is no sound. Raises
    `MediaError`, `OutOfSpace`; `picture` is then as it was.
    """
    if not probe(source).has_audio:
        return
    facts = probe(picture)
    sound = ffmpeg.input(file_url(source), f="matroska", **INPUT_OPTIONS).audio
    if start_s:
        sound = sound.filter("atrim", start=f"{float(start_s):.6f}").filter("asetpts", "PTS-STARTPTS")
    for factor in _factors(float(tempo)):
        sound = sound.filter("atempo", f"{factor:.8f}")
    heard = sound.filter("apad").filter("atrim", duration=f"{float(facts.frames / facts.fps):.6f}")
    shown = ffmpeg.input(file_url(picture), f="matroska", **INPUT_OPTIONS).video
    options = {"f": "matroska", "c:v": "copy", **MEZZANINE.sound, "fflags": "+bitexact"}
    joined(picture, (shown, heard), options, f"keeping the sound of {source.name}")


def _factors(tempo: float) -> list[float]:
    """Factors within what one filter does well, whose product is `tempo`."""
    factors: list[float] = []
    while tempo > _MOST or tempo < 1 / _MOST:
        factors.append(_MOST if tempo > 1 else 1 / _MOST)
        tempo /= factors[-1]
    return factors if tempo == 1 else [*factors, tempo]
