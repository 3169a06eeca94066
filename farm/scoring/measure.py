"""Everything scoring knows of a take, measured in one streaming decode.

    frame ─┬▶ grey, long edge 512 ─┬▶ camera path                                        (track)
           │                       ├▶ brightness, change, residual after the camera's motion
           ├▶ colour grid, gradients ──▶ likeness to the still and to the frame before   (look)
           └▶ now and then, larger ──▶ what it has kept of the first frame               (sample, rigid)

Memory holds a few frames, whatever the take's length.
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
from farm.fitting import fitted
from farm.media import frames as decoded
from farm.media import probe, read_rgb
from farm.scoring.look import I2VLikeness, look
from farm.scoring.pace import apart
from farm.scoring.register import Registered, correlation, grey_of, register
from farm.scoring.rigid import anchors, wandering
from farm.scoring.sample import Sample, detail_kept
from farm.scoring.similarity import Similarity
from farm.scoring.small import brightest, carried, change, colours, greys, liveliest, thinned
from farm.scoring.track import Tracker
from farm.shots.model import Fit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from farm.models.spec import Frame
    from farm.scoring.track import Grey

SAMPLES = 12
"""How many frames are compared with the first."""

_HEED = 0.3
"""How much of the latest step enters the motion that is expected to go on."""
_LEAP = 0.02
"""Frame widths: a step that differs by more from the usual ones is a jump, however well it fits."""

_THIN_EDGE = 320
"""Pixels across that colours are taken from."""

_NOTHING = np.zeros((1, 1, 3), np.uint8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """The first or last frame against its still."""

    correlation: float
    difference: float
    sharpness: float
    clipped: float
    """As of a `Sample`, the still in the place of the first frame."""


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
    """Mean absolute change from frame to frame, grain smoothed away, code values."""
    residuals: tuple[float, ...]
    """The same after the camera's motion is taken out."""
    agreements: tuple[float, ...]
    """Correlation of each frame with the one before, carried along; over a leap, moved on as it had been moving."""
    repeats: tuple[bool, ...]
    """Whether a frame equals the one before, pixel for pixel."""
    samples: tuple[Sample, ...]
    """What later frames have kept of the first."""
    likeness: float
    """i2v-likeness to the still (`farm.scoring.look`)."""
    activity: float
    """The most any frame differs from the first, grain smoothed away, in the liveliest cell: mean code values."""
    stirring: float
    """The same of sampled frames and the first carried along: what moves besides the camera."""
    seam: float
    """The same from the last frame back to the first."""
    start: Edge | None
    """First frame against the still."""
    end: Edge | None
    """Last frame against the end still, where there is one."""
    colours: tuple[float, ...] = ()
    """Mean colours of the last frame in 4 x 3 cells, code values."""
    error: str = ""
    """Why decoding stopped early, "" where it did not."""

    @property
    def frames(self) -> int:
        return len(self.path)

    @property
    def aspect(self) -> float:
        return self.width / self.height


@dataclass(slots=True)
class Measuring:
    """One pass through a take's frames: `add` each, then ask for what was `measured`."""

    still: Frame
    expected: int
    """Frames that should come: a twelfth of them apart, some are looked at closely."""
    fit: Fit = Fit.CROP
    overscan: float = 1.0
    tracker: Tracker = field(default_factory=Tracker)
    path: list[Similarity] = field(default_factory=list[Similarity])
    luma: list[float] = field(default_factory=list[float])
    brightest: list[float] = field(default_factory=list[float])
    steps: list[float] = field(default_factory=list[float])
    residuals: list[float] = field(default_factory=list[float])
    agreements: list[float] = field(default_factory=list[float])
    repeats: list[bool] = field(default_factory=list[bool])
    samples: list[Sample] = field(default_factory=list[Sample])
    activity: float = 0.0
    stirring: float = 0.0
    start: Edge | None = None
    likeness: I2VLikeness | None = None
    points: NDArray[np.float32] = field(default_factory=lambda: np.empty((0, 1, 2), np.float32))
    motion: Similarity | None = None
    first: Grey | None = None
    fine: Grey | None = None
    coarse: Grey | None = None
    last: Grey | None = None
    full: Frame = field(default_factory=lambda: _NOTHING)

    def add(self, frame: Frame) -> None:
        fine, grey = greys(frame)
        before = self.path[-1] if self.path else Similarity()
        here = self.tracker.add(grey)
        self.luma.append(float(cv2.mean(grey)[0]))
        self.brightest.append(brightest(grey))
        if self.first is None or self.fine is None or self.last is None:
            self._begin(frame, fine, grey)
        else:
            self._step(self.last, grey, here.after(before.inverse))
            self.repeats.append(bool(np.array_equal(frame, self.full)))
            if len(self.path) % max(1, self.expected // SAMPLES) == 0 or len(self.path) == self.expected - 1:
                self._sample(self.first, self.fine, fine, grey, here)
        assert self.likeness is not None
        thin = max(1, frame.shape[1] // _THIN_EDGE)
        self.likeness.add(look(frame[::thin, ::thin], grey))
        self.path.append(here)
        self.last, self.full = grey, frame

    def _begin(self, frame: Frame, fine: Grey, grey: Grey) -> None:
        """The first frame: what the others are compared with, and itself beside the still."""
        self.first, self.fine, self.points = grey, fine, anchors(grey)
        found = register(self.still, grey, self.fit, self.overscan)
        self.start = _edge(found, self.still, fine)
        small = cv2.resize(frame, (grey.shape[1], grey.shape[0]), interpolation=cv2.INTER_AREA)
        framed = found.framed(self.still, np.asarray(small, np.uint8))
        self.likeness = I2VLikeness(look(framed, grey_of(framed)))

    def _step(self, last: Grey, grey: Grey, motion: Similarity) -> None:
        """How this frame follows from the ones before: after the motion that was, and if it had gone on as it did."""
        one, other = thinned(last), thinned(grey)
        self.steps.append(change(one, other))
        self.coarse = one if self.coarse is None else self.coarse
        self.activity = max(self.activity, liveliest(self.coarse, other))
        self.residuals.append(change(carried(one, motion), other))
        usual = self.motion or motion
        expected = thinned(carried(one, motion if apart(motion, usual) < _LEAP else usual), 2)
        self.agreements.append(correlation(expected.astype(np.float32), thinned(other, 2).astype(np.float32)))
        self.motion = usual.toward(motion, _HEED)

    def _sample(self, first: Grey, first_fine: Grey, fine: Grey, grey: Grey, here: Similarity) -> None:
        sharpness, clipped = detail_kept(first_fine, fine, here)
        wander = wandering(first, self.points, grey, here)
        self.samples.append(Sample(len(self.path), sharpness, clipped, wander))
        self.stirring = max(self.stirring, liveliest(thinned(carried(first, here)), thinned(grey)))

    def measured(self, fps: Fraction, end: Frame | None = None, error: str = "") -> Measured:
        """Everything known now; `end` is the still to end on, `error` why no more frames came."""
        height, width = self.full.shape[:2]
        return Measured(
            width=width,
            height=height,
            fps=fps,
            still_brightest=brightest(greys(self.still)[1]),
            path=tuple(self.path),
            luma=tuple(self.luma),
            brightest=tuple(self.brightest),
            steps=tuple(self.steps),
            residuals=tuple(self.residuals),
            agreements=tuple(self.agreements),
            repeats=tuple(self.repeats),
            samples=tuple(self.samples),
            likeness=self.likeness.value if self.likeness else 0.0,
            activity=self.activity,
            stirring=self.stirring,
            seam=0.0 if self.coarse is None or self.last is None else change(self.coarse, thinned(self.last)),
            start=self.start,
            end=None if end is None or not self.path else _beside(end, self.full, self.fit, self.overscan),
            colours=colours(self.full),
            error=error,
        )


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
    gathered = Measuring(read_rgb(still), expected, fit, overscan)
    fps, error = Fraction(0), ""
    try:
        fps = probe(movie).fps
        for frame in decoded(movie, threads=threads):
            gathered.add(frame)
            each(len(gathered.path))
    except MediaError as failure:
        error = str(failure)
    return gathered.measured(fps, None if end is None else read_rgb(end), error)


def _beside(still: Frame, frame: Frame, fit: Fit, overscan: float) -> Edge:
    fine, grey = greys(frame)
    return _edge(register(still, grey, fit, overscan), still, fine)


def _edge(found: Registered, still: Frame, fine: Grey) -> Edge:
    height, width = fine.shape
    base = grey_of(fitted(still, width, height, found.fit, found.overscan))
    sharpness, clipped = detail_kept(base, fine, found.place)
    return Edge(correlation=found.correlation, difference=found.difference, sharpness=sharpness, clipped=clipped)
