"""Frames at another rate: which of them are there, which are to be made, and between which two.

    k / fps ──▶ position among the source's frames = index + part ─┬▶ part 0: the source's own frame
                                                                   ├▶ else: Span(index, index + 1).at(part)
                                                                   └▶ no next frame, or a cut between: the nearest

Rates are exact fractions, so that 24 to 60000/1001 neither drifts nor loses a frame. Two frames are held at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from farm.errors import MediaError

if TYPE_CHECKING:
    from farm.models.enhance.spec import Span
    from farm.models.spec import Frame


@dataclass(slots=True)
class Tally:
    """How the frames came about; counted while they do."""

    kept: int = 0
    """The source's own."""
    made: int = 0
    held: int = 0
    """The source's nearest, where nothing can be made."""
    cuts: list[int] = field(default_factory=list[int])
    """Frames of the source that begin another picture."""


class _Pairs:
    """A window of two neighbouring frames over a stream, which only moves on."""

    def __init__(self, source: Iterator[Frame], span_of: Callable[[Frame, Frame], Span]) -> None:
        self._source = source
        self._span_of = span_of
        self._span: Span | None = None
        first = next(source, None)
        if first is None:
            raise MediaError("a clip without frames has no others between them")
        self.first: Frame = first
        self.second: Frame | None = next(source, None)
        self.index = 0

    def move_to(self, index: int) -> None:
        """Go on until `first` is frame `index` of the source, or its last."""
        while self.index < index and self.second is not None:
            self.first, self.second, self._span = self.second, next(self._source, None), None
            self.index += 1

    @property
    def span(self) -> Span:
        """What lies between the two."""
        assert self.second is not None
        if self._span is None:
            self._span = self._span_of(self.first, self.second)
        return self._span


def retimed(
    source: Iterator[Frame],
    source_fps: Fraction,
    fps: Fraction,
    count: int,
    span_of: Callable[[Frame, Frame], Span],
    tally: Tally,
) -> Iterator[Frame]:
    """Exactly `count` frames at `fps` out of frames at `source_fps`. Raises `MediaError` where there are none."""
    pairs = _Pairs(source, span_of)
    for number in range(count):
        position = number * source_fps / fps
        index = int(position)
        pairs.move_to(index)
        yield _frame(pairs, position - pairs.index, tally)


def _frame(pairs: _Pairs, part: Fraction, tally: Tally) -> Frame:
    if part == 0:
        tally.kept += 1
        return pairs.first
    if pairs.second is None:
        tally.held += 1
        return pairs.first
    if pairs.span.is_cut:
        tally.held += 1
        if pairs.index + 1 not in tally.cuts[-1:]:
            tally.cuts.append(pairs.index + 1)
        return pairs.first if part < Fraction(1, 2) else pairs.second
    tally.made += 1
    return pairs.span.at(float(part))
