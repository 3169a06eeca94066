"""`Encoder`: frames in, one or several movies out, through one ffmpeg process.

    write(frame) ──pipe──▶ ffmpeg ──┬─▶ mezzanine.mkv
                                    └─▶ proxy.mp4

It owns the process and the files: leaving the `with` block normally finishes them, leaving it by an exception kills
the process and removes what was written.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from types import TracebackType
from typing import IO, TYPE_CHECKING, Self, cast

import ffmpeg
import numpy as np

from farm.media.ffmpeg import INPUT_OPTIONS, complaint, kill, note, rate, start
from farm.media.graph import Target, in_colours_of, output

if TYPE_CHECKING:
    from farm.models.spec import Frame


class Encoder:
    """A context manager that writes frames of (`height`, `width`, 3) uint8 sRGB to every target.

    `cuts` are frame numbers that begin a closed group of pictures. Raises `MediaError` when ffmpeg fails and
    `OutOfSpace` when the disk is full, from `write` or when the block ends.
    """

    def __init__(
        self,
        targets: Sequence[Target],
        *,
        width: int,
        height: int,
        fps: Fraction,
        threads: int = 1,
        cuts: Sequence[int] = (),
    ) -> None:
        self.count = 0
        """Frames written so far."""
        self._targets = tuple(targets)
        self._shape = (height, width, 3)
        self._doing = "writing " + ", ".join(target.path.name for target in targets)
        graph = _graph(targets, width, height, fps, threads, cuts)
        self._process, self._complaints = start(graph, threads=threads, piped=True)
        self._pipe = cast("IO[bytes]", self._process.stdin)

    def write(self, frame: Frame) -> None:
        """Append one frame. Raises ValueError for one of another shape or type."""
        if frame.shape != self._shape or frame.dtype != np.uint8:
            raise ValueError(f"a frame of {self._shape} uint8 is due, not {frame.shape} {frame.dtype}")
        remaining = np.ascontiguousarray(frame).data.cast("B")
        try:
            while remaining:
                remaining = remaining[self._pipe.write(remaining) :]
        except BrokenPipeError:
            self._process.wait()
            raise complaint(self._complaints, self._doing) from None
        self.count += 1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._finish()
            else:
                self._abandon()
        finally:
            self._complaints.close()

    def _finish(self) -> None:
        self._pipe.close()
        if self._process.wait() != 0:
            failure = complaint(self._complaints, self._doing)
            self._abandon()
            raise failure
        note(self._complaints, self._doing)

    def _abandon(self) -> None:
        kill(self._process)
        self._pipe.close()
        for target in self._targets:
            target.path.unlink(missing_ok=True)


def _graph(
    targets: Sequence[Target], width: int, height: int, fps: Fraction, threads: int, cuts: Sequence[int]
) -> object:
    source = ffmpeg.input(
        "pipe:0", f="rawvideo", pix_fmt="rgb24", s=f"{width}x{height}", framerate=rate(fps), **INPUT_OPTIONS
    )
    branches = source.video.split()
    outputs = [
        output(
            in_colours_of(branches[number], target.preset, target.preset.size(width, height)),
            target,
            fps=fps,
            threads=threads,
            cuts=cuts,
        )
        for number, target in enumerate(targets)
    ]
    return ffmpeg.merge_outputs(*outputs)
