"""The seam of what finishes a take: data that planning reads, and an `open` that a worker calls.

    Upscaler.open(placement)      ─▶ Enlarger   frames in ─▶ as many, larger, out
    Interpolator.open(placement)  ─▶ Retimer    two frames ─▶ Span: any moment between them

Frames are streams on both sides: nothing here holds more than a few, however long the clip is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Protocol

from farm.models.spec import Placement

if TYPE_CHECKING:
    from farm.models.spec import Frame


class Enlarger(Protocol):
    """An upscaler at work."""

    def enlarged(self, frames: Iterable[Frame], width: int, height: int) -> Iterator[Frame]:
        """Every frame, in order, at `width` x `height`, neither less than it has. Each depends on itself alone."""
        ...


class Upscaler(Protocol):
    """A way to make frames larger. All but `open` is read without weights and without torch."""

    @property
    def name(self) -> str: ...

    @property
    def licence(self) -> str:
        """SPDX expression; "" for one nobody has declared."""
        ...

    @property
    def revision(self) -> str:
        """Changes whenever equal frames may come out otherwise; part of the task's id."""
        ...

    @property
    def is_network(self) -> bool:
        """True for one with learned weights, which has workers of its own."""
        ...

    def open(self, placement: Placement) -> Enlarger:
        """Ready to work. Raises `InputError`, naming file and remedy, for weights that cannot be used."""
        ...


class Span(Protocol):
    """The time between two neighbouring frames."""

    @property
    def is_cut(self) -> bool:
        """True where the second frame is another picture, not the first moved: nothing lies between them."""
        ...

    def at(self, time: float) -> Frame:
        """The frame at `time` after the first (0) and before the second (1), of their size."""
        ...


class Retimer(Protocol):
    """An interpolator at work."""

    def span(self, first: Frame, second: Frame) -> Span:
        """What lies between two frames of one size, (height, width, 3) uint8."""
        ...


class Interpolator(Protocol):
    """A way to make frames between frames."""

    @property
    def name(self) -> str: ...

    @property
    def revision(self) -> str:
        """Changes whenever equal frames may come out otherwise; part of the task's id."""
        ...

    def open(self, placement: Placement) -> Retimer: ...
