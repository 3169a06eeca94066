"""Everything scoring knows of a take, measured in one streaming decode.

    frame ─▶ grey, long edge 512 ─┬▶ camera path            (track)
                                  ├▶ brightness, change, residual after the camera's motion
                                  └▶ likeness to the first frame, carried along that path

Memory holds a few small frames, whatever the take's length.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from farm.errors import MediaError
from farm.media import frames as decoded
from farm.media import probe, read_rgb
from farm.scoring.register import Likeness, compare, correlation, likeness
from farm.scoring.similarity import Similarity
from farm.scoring.track import Tracker
from farm.shots.model import Fit

if TYPE_CHECKING:
    from farm.models.spec import Frame
    from farm.scoring.track import Grey

LONG_EDGE = 512
"""Pixels of the grey pictures that are measured."""

SAMPLES = 12
"""How many frames are compared with the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A take in numbers. Lists have an entry per frame, or per step between frames."""

    width: int
    height: int
    fps: Fraction
    still_brightest: float
    """99th percentile of the still, code values."""
    path: tuple[Similarity, ...]
    """Global picture motion of each frame since the first."""
    luma: tuple[float, ...]
    """Mean of each frame, code values."""
    brightest: tuple[float, ...]
    """99th percentile of each frame, code values."""
    steps: tuple[float, ...]
    """Mean absolute change from frame to frame, code values."""
    residuals: tuple[float, ...]
    """The same after the camera's motion is taken out."""
    agreements: tuple[float, ...]
    """Correlation from frame to frame, camera's motion taken out."""
    repeats: tuple[bool, ...]
    """Whether a frame equals the one before, pixel for pixel."""
    kept: tuple[Likeness, ...]
    """Sampled frames against the first frame carried to the same place."""
    activity: float
    """The most any frame differs from the first, mean code values."""
    seam: float
    """Mean change from the last frame back to the first, code values."""
    start: Likeness | None
    """First frame against the still."""
    end: Likeness | None
    """Last frame against the end still, where there is one."""
    error: str = ""
    """Why decoding stopped early, "" where it did not."""

    @property
    def frames(self) -> int:
        return len(self.path)

    @property
    def aspect(self) -> float:
        return self.width / self.height


@dataclass(slots=True)
class _Pass:
    """What one pass through the frames gathers; it ends as a `Measured`."""

    expected: int
    tracker: Tracker = field(default_factory=Tracker)
    path: list[Similarity] = field(default_factory=list[Similarity])
    luma: list[float] = field(default_factory=list[float])
    brightest: list[float] = field(default_factory=list[float])
    steps: list[float] = field(default_factory=list[float])
    residuals: list[float] = field(default_factory=list[float])
    agreements: list[float] = field(default_factory=list[float])
    repeats: list[bool] = field(default_factory=list[bool])
    kept: list[Likeness] = field(default_factory=list[Likeness])
    activity: float = 0.0
    first: Grey | None = None
    last: Grey | None = None
    full: Frame | None = None

    def add(self, frame: Frame) -> None:
        grey = small_grey(frame)
        before = self.path[-1] if self.path else Similarity()
        here = self.tracker.add(grey)
        self.luma.append(float(grey.mean()))
        self.brightest.append(_brightest(grey))
        if self.first is None or self.last is None or self.full is None:
            self.first = grey
        else:
            self._step(self.last, grey, here.after(before.inverse))
            self.repeats.append(bool(np.array_equal(frame, self.full)))
            self.activity = max(self.activity, _change(self.first, grey))
            if len(self.path) % max(1, self.expected // SAMPLES) == 0 or len(self.path) == self.expected - 1:
                self.kept.append(compare(self.first, grey, here))
        self.path.append(here)
        self.last, self.full = grey, frame

    def _step(self, last: Grey, grey: Grey, motion: Similarity) -> None:
        height, width = grey.shape
        self.steps.append(_change(last, grey))
        moved = cv2.warpAffine(
            last, motion.matrix(width, height), (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        one, other = np.asarray(moved, np.uint8), grey
        self.residuals.append(_change(one, other))
        coarse = (width // 4, height // 4)
        one, other = (
            cv2.resize(each, coarse, interpolation=cv2.INTER_AREA).astype(np.float32) for each in (one, other)
        )
        self.agreements.append(correlation(one, other))


def measure(
    movie: Path,
    still: Path,
    end: Path | None,
    *,
    expected: int,
    fit: Fit,
    overscan: float,
    threads: int = 1,
    each: Callable[[int], None] = lambda _: None,
) -> Measured:
    """Measure a take of `expected` frames; `each` hears how many are done, and may raise to stop.

    A movie that stops decoding is measured up to there, with `error` set.
    """
    gathered = _Pass(expected)
    size, fps, error = (1, 1), Fraction(0), ""
    try:
        facts = probe(movie)
        size, fps = (facts.width, facts.height), facts.fps
        for frame in decoded(movie, threads=threads):
            gathered.add(frame)
            each(len(gathered.path))
    except MediaError as failure:
        error = str(failure)
    start = read_rgb(still)
    first, last = gathered.first, gathered.last
    return Measured(
        width=size[0],
        height=size[1],
        fps=fps,
        still_brightest=_brightest(small_grey(start)),
        path=tuple(gathered.path),
        luma=tuple(gathered.luma),
        brightest=tuple(gathered.brightest),
        steps=tuple(gathered.steps),
        residuals=tuple(gathered.residuals),
        agreements=tuple(gathered.agreements),
        repeats=tuple(gathered.repeats),
        kept=tuple(gathered.kept),
        activity=gathered.activity,
        seam=0.0 if first is None or last is None else _change(first, last),
        start=None if first is None else likeness(start, first, fit, overscan),
        end=None if end is None or last is None else likeness(read_rgb(end), last, fit, overscan),
        error=error,
    )


def small_grey(frame: Frame) -> Grey:
    """A frame as luma with its long edge at most `LONG_EDGE`."""
    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    height, width = grey.shape
    factor = LONG_EDGE / max(width, height)
    if factor < 1:
        grey = cv2.resize(grey, (round(width * factor), round(height * factor)), interpolation=cv2.INTER_AREA)
    return np.asarray(grey, np.uint8)


def _brightest(grey: Grey) -> float:
    return float(np.percentile(grey, 99))


def _change(one: Grey, other: Grey) -> float:
    return float(cv2.mean(cv2.absdiff(one, other))[0])
