"""Frames of a mezzanine by their number, in any order: each of them is a key frame.

    reader[40] ─▶ decoded already? ─▶ a few ahead? read on : seek ─▶ decode ─▶ kept for a while

What is read forwards is decoded once; what is read backwards costs a seek a frame. A few frames are held, however long
the movie is.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from av.error import FFmpegError

from farm.errors import MediaError
from farm.media.decode import MovieFacts, opened, pixels

if TYPE_CHECKING:
    from farm.models.spec import Frame

_KEPT = 4
"""Frames held."""
_AHEAD = 8
"""Frames that are rather read through than jumped over."""


class FrameReader:
    """A context manager over one movie of `facts`. Raises `MediaError` for what does not decode."""

    def __init__(self, path: Path, facts: MovieFacts, *, threads: int = 1) -> None:
        self.frames = facts.frames
        self._path = path
        self._fps = facts.fps
        self._open = ExitStack()
        self._container, self._stream = self._open.enter_context(opened(path))
        self._stream.codec_context.thread_count = threads
        self._kept: OrderedDict[int, Frame] = OrderedDict()
        self._decoded = self._from(0)
        self._next = 0

    def __getitem__(self, number: int) -> Frame:
        """The frame of that number, from 0. IndexError for one that is not there."""
        if not 0 <= number < self.frames:
            raise IndexError(f"{self._path.name} has no frame {number}")
        if number in self._kept:
            self._kept.move_to_end(number)
            return self._kept[number]
        if not self._next <= number < self._next + _AHEAD:
            self._decoded, self._next = self._from(number), number
        frame = self._read(number)
        self._kept[number] = frame
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return frame

    def _read(self, number: int) -> Frame:
        try:
            for found, frame in self._decoded:
                self._next = found + 1
                if found == number:
                    return frame
                if found > number:
                    break
        except FFmpegError as error:
            raise MediaError(f"{self._path.name} does not decode: {error.strerror or error}") from error
        raise MediaError(f"{self._path.name} has no frame {number} of the {self.frames} it counts")

    def _from(self, number: int) -> Iterator[tuple[int, Frame]]:
        base = self._stream.time_base
        assert base is not None, "a movie that was probed has a time base"
        self._container.seek(int(number / self._fps / base), stream=self._stream)
        for decoded in self._container.decode(self._stream):
            assert decoded.pts is not None
            found = round(decoded.pts * base * self._fps)
            if found >= number:
                yield found, pixels(decoded)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()
