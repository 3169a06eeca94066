"""Which sound is heard where in the cut: pure, from the shots' places and the music there is.

    shots in cut order, each as long as it is ──▶ runs of shots under one music ──▶ Cue: source, at, frames, skip, fades

A sequence's own music is heard over its shots, and the list's over all others. Music begins with the first shot it is
for; where others come between, it goes on as far in as if it had played on (the list's), or from where it stopped (a
sequence's own). It fades in as it begins and out before it ends.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fractions import Fraction

from farm.chain import Cue

LIST = ""
"""The key of the whole list's music."""
FADE_IN_S, FADE_OUT_S = Fraction(1, 4), Fraction(1)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Shots that follow one another under one music."""

    key: str
    at: int
    frames: int


def music_cues(lengths: Sequence[tuple[str, int]], music: Collection[str], fps: Fraction) -> tuple[Cue, ...]:
    """What music is heard where. `lengths` are the shots' sequences and frames in cut order; `music` the keys there is
    music for: sequences, and `LIST`.
    """
    heard: dict[str, int] = {}
    cues: list[Cue] = []
    for stretch in stretches(lengths, music):
        if stretch.key in music:
            skip = stretch.at if stretch.key == LIST else heard.get(stretch.key, 0)
            cues.append(_cue(stretch, skip, fps))
            heard[stretch.key] = heard.get(stretch.key, 0) + stretch.frames
    return tuple(cues)


def stretches(lengths: Sequence[tuple[str, int]], music: Collection[str]) -> list[Stretch]:
    """The cut as runs of shots under one music, or under none."""
    found: list[Stretch] = []
    at = 0
    for sequence, frames in lengths:
        key = sequence if sequence in music else LIST
        if found and found[-1].key == key:
            found[-1] = Stretch(key, found[-1].at, found[-1].frames + frames)
        else:
            found.append(Stretch(key, at, frames))
        at += frames
    return found


def source_of(key: str) -> str:
    """The name of the input that music is."""
    return f"music_{key}" if key else "music"


def _cue(stretch: Stretch, skip: int, fps: Fraction) -> Cue:
    fade_in, fade_out = (min(round(seconds * fps), stretch.frames // 4) for seconds in (FADE_IN_S, FADE_OUT_S))
    return Cue(
        source=source_of(stretch.key),
        at=stretch.at,
        frames=stretch.frames,
        skip=skip,
        fade_in=fade_in,
        fade_out=fade_out,
    )
