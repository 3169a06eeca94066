"""The cut's events, as every timeline format needs them: where each shot stands, and which part of its media is seen.

    CutEntry (frames of the cut, media at its own rate) ──events──▶ record in, source in, marker, per shot

Source frames are counted in the cut's frames, so that a shot is as long in its media as in the cut, at mixed rates too.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from farm.chain import AssembleParams, CutEntry
from farm.shots.timecode import Timebase

_NO_LETTER = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]")
"""What no XML may hold."""


@dataclass(frozen=True, slots=True)
class CutEvent:
    """One shot in the cut."""

    entry: CutEntry
    start: int
    """Its first frame, counted from the start of the cut."""
    fps: Fraction

    @property
    def frames(self) -> int:
        return self.entry.frames

    @property
    def has_media(self) -> bool:
        return self.entry.has_clip and bool(self.entry.media)

    @property
    def media_name(self) -> str:
        """The delivered clip's file name, "" for a slate."""
        return self.entry.media.rsplit("/", 1)[-1] if self.has_media else ""

    @property
    def media_fps(self) -> Fraction:
        return self.entry.media_fps or self.fps

    @property
    def media_frames(self) -> int:
        """Length of the whole media, at its own rate."""
        return self.entry.media_frames or self.entry.frames

    @property
    def source(self) -> int:
        """The first frame that is seen, as the media's timecode numbers it, in the cut's frames."""
        first = self.entry.media_start + self.entry.media_in
        return math.floor(first * self.fps / self.media_fps + Fraction(1, 2))

    @property
    def mark(self) -> str:
        """The marker's name, in brackets: which take this is, or why there is none.

        `farm.shots.reading.editing.said` knows it by them, and takes it for no prompt.
        """
        entry = self.entry
        if not entry.has_clip:
            said = f"no clip: {entry.slate}" if entry.slate else "no clip"
        else:
            score = "" if entry.score is None else f"score {entry.score:g}"
            said = ", ".join(filter(None, (f"take {entry.take}", entry.label, score)))
        return f"[{_NO_LETTER.sub('', said).replace(']', ')')}]"

    @property
    def comment(self) -> str:
        """The marker's text: the prompt."""
        return _NO_LETTER.sub("", self.entry.prompt)


def events(params: AssembleParams) -> Iterator[CutEvent]:
    """The cut's events, in order."""
    start = 0
    for entry in params.entries:
        yield CutEvent(entry, start, params.fps)
        start += entry.frames


def timebase(params: AssembleParams) -> Timebase:
    """How the cut counts."""
    return Timebase.usual(params.fps)
