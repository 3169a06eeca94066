"""Frames of a take at any moment of it, in any order: the take's own where there is one, else one made between two.

    position = index + part ─┬▶ part 0: the take's own frame, bit for bit
                             ├▶ frames may be made: Span(index, index + 1).at(part), but not across a cut
                             └▶ else: the nearest

After the last frame comes the last again, or the first, in a take that goes round.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from farm.conform import nearest
from farm.media.reader import FrameReader
from farm.stages.retime import Tally

if TYPE_CHECKING:
    from farm.models.enhance.spec import Retimer, Span
    from farm.models.spec import Frame


class Moments:
    """A take's frames by position. `retimer` makes those between; None leaves that be."""

    def __init__(self, reader: FrameReader, retimer: Retimer | None, tally: Tally, *, goes_round: bool = False) -> None:
        self._reader = reader
        self._retimer = retimer
        self._tally = tally
        self._goes_round = goes_round
        self._span: tuple[int, Span] | None = None

    def at(self, position: Fraction) -> Frame:
        """The frame at `position`."""
        index, part = int(position), position - int(position)
        if part == 0:
            self._tally.kept += 1
            return self._frame(index)
        if self._retimer is None:
            self._tally.held += 1
            return self._frame(nearest(position))
        span = self._span_from(index, self._retimer)
        if span.is_cut:
            self._tally.held += 1
            if self._following(index) not in self._tally.cuts:
                self._tally.cuts.append(self._following(index))
            return self._frame(nearest(position))
        self._tally.made += 1
        return span.at(float(part))

    def _span_from(self, index: int, retimer: Retimer) -> Span:
        if self._span is None or self._span[0] != index:
            self._span = index, retimer.span(self._frame(index), self._frame(self._following(index)))
        return self._span[1]

    def _frame(self, index: int) -> Frame:
        return self._reader[index % self._reader.frames if self._goes_round else min(index, self._reader.frames - 1)]

    def _following(self, index: int) -> int:
        return (index + 1) % self._reader.frames if self._goes_round else min(index + 1, self._reader.frames - 1)
