"""File to file in one ffmpeg process: how a deliverable is made from a mezzanine.

    mezzanine ──(rate as declared)──▶ retime ▶ trim or hold ▶ fit ▶ burn in ▶ slate ▶ colours of the preset ──▶ file
                                                 layer.png, strips ──┘          └── slate.png

What changes from frame to frame of a burn-in, its frame number and timecode, is drawn here in Python and piped as a
small strip of pixels; everything else of it is one picture that ffmpeg lays over all frames.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import IO, Any, cast

import ffmpeg

from farm.media.decode import MovieFacts
from farm.media.ffmpeg import INPUT_OPTIONS, complaint, file_url, kill, note, rate, start
from farm.media.graph import Target, in_colours_of, output
from farm.shots.model import Fit

_POLL_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Conform:
    """What a mezzanine becomes: exactly `frames` at `fps` of `width` x `height`, from its own frame `skip` on."""

    width: int
    height: int
    fps: Fraction
    frames: int
    skip: int = 0
    fit: Fit = Fit.CROP
    step: int = 1
    """Of those frames only every so manieth is written."""

    @property
    def written_fps(self) -> Fraction:
        return self.fps / self.step

    @property
    def written_frames(self) -> int:
        return -(-self.frames // self.step)


@dataclass(frozen=True, slots=True)
class Burn:
    """What is laid over every frame."""

    layer: Path
    """A PNG with alpha, as large as the frame."""
    at: tuple[int, int] = (0, 0)
    """Where the strips go: their top left."""
    size: tuple[int, int] = (0, 0)
    """Of a strip: width and height."""
    strips: Iterable[bytes] = field(default=())
    """The RGBA pixels of each written frame's strip, if anything changes from frame to frame."""


@dataclass(frozen=True, slots=True)
class Lead:
    """A picture that stands before the first frame."""

    picture: Path
    """A PNG as large as the frame."""
    frames: int


def transcode(
    source: Path,
    facts: MovieFacts,
    target: Target,
    conform: Conform,
    *,
    burn: Burn | None = None,
    lead: Lead | None = None,
    threads: int = 1,
    check: Callable[[], None] = lambda: None,
) -> None:
    """Write `source` (a Matroska mezzanine, described by `facts`) to `target`, as `conform` says.

    A source too long is cut, one too short holds its last frame, one of another rate repeats or drops frames. Its
    sound, if it has any, is kept beside it, with silence under the `lead`.
    `check` is called a few times a second and may raise to stop it. Raises `MediaError`, `OutOfSpace`.
    """
    # A given input rate makes ffmpeg ignore Matroska's rounded times: frame n is at n / fps exactly.
    stream = ffmpeg.input(file_url(source), f="matroska", r=rate(facts.fps), threads=threads, **INPUT_OPTIONS).video
    shaped = _sized(_timed(stream, facts, conform), facts, conform)
    if conform.step > 1:
        shaped = shaped.filter("framestep", conform.step)
    if burn:
        shaped = _burnt(shaped, burn, conform.written_fps)
    if lead:
        shaped = _led(shaped, lead, conform.written_fps)
    coloured = in_colours_of(shaped, target.preset, (conform.width, conform.height))
    heard = _heard(source, facts, conform, lead) if facts.has_audio and target.preset.sound else None
    graph = output(coloured, target, fps=conform.written_fps, threads=threads, sound=heard)
    strips = burn.strips if burn and burn.size[0] else None
    _run(graph, target, strips, threads=threads, check=check)


def _run(
    graph: Any, target: Target, strips: Iterable[bytes] | None, *, threads: int, check: Callable[[], None]
) -> None:
    process, complaints = start(graph, threads=threads, piped=strips is not None)
    done = False
    try:
        check()
        if strips is not None:
            _feed(cast("IO[bytes]", process.stdin), strips, check)
        while not _ended(process):
            check()
        if process.returncode != 0:
            raise complaint(complaints, f"writing {target.path.name}")
        note(complaints, f"writing {target.path.name}")
        done = True
    finally:
        kill(process)
        complaints.close()
        if not done:
            for path in (target.path, *target.path.parent.glob(f"{target.path.stem}.*{target.path.suffix}")):
                path.unlink(missing_ok=True)


def _feed(pipe: IO[bytes], strips: Iterable[bytes], check: Callable[[], None]) -> None:
    """Everything into the pipe, as fast as ffmpeg reads. When it ends early its exit says why."""
    try:
        for strip in strips:
            check()
            remaining = memoryview(strip)
            while remaining:
                remaining = remaining[pipe.write(remaining) :]
    except BrokenPipeError:
        return
    finally:
        pipe.close()


def _ended(process: subprocess.Popen[bytes]) -> bool:
    """Whether it ended, having waited a moment for it."""
    try:
        process.wait(_POLL_S)
    except subprocess.TimeoutExpired:
        return False
    return True


def _heard(source: Path, facts: MovieFacts, conform: Conform, lead: Lead | None) -> Any:
    """The sound of as many seconds, from frame `skip` on; silence where it ends sooner, and under the lead."""
    sound = ffmpeg.input(file_url(source), f="matroska", **INPUT_OPTIONS).audio
    later = sound.filter("atrim", start=f"{float(conform.skip / facts.fps):.6f}").filter("asetpts", "PTS-STARTPTS")
    seconds = Fraction(conform.frames) / conform.fps
    if lead:
        before = Fraction(lead.frames) / conform.written_fps
        later = later.filter("adelay", delays=f"{float(before * 1000):.3f}", all=1)
        seconds += before
    return later.filter("apad").filter("atrim", duration=f"{float(seconds):.6f}")


def _timed(stream: Any, facts: MovieFacts, conform: Conform) -> Any:
    if conform.skip:
        stream = stream.filter("trim", start_frame=conform.skip).filter("setpts", "PTS-STARTPTS")
    if facts.fps != conform.fps:
        stream = stream.filter("fps", rate(conform.fps))
    held = stream.filter("tpad", stop_mode="clone", stop=-1)
    return held.filter("trim", end_frame=conform.frames)


def _sized(stream: Any, facts: MovieFacts, conform: Conform) -> Any:
    width, height = conform.width, conform.height
    if (facts.width, facts.height) == (width, height):
        return stream
    aspect = "decrease" if conform.fit is Fit.PAD else "increase"
    stream = stream.filter("scale", width, height, flags="lanczos", force_original_aspect_ratio=aspect)
    if conform.fit is Fit.PAD:
        return stream.filter("pad", width, height, "(ow-iw)/2", "(oh-ih)/2", "black")
    return stream.filter("crop", width, height)


def _burnt(stream: Any, burn: Burn, fps: Fraction) -> Any:
    """The layer over all frames, and on it a strip for each."""
    layer = ffmpeg.input(file_url(burn.layer), f="png_pipe", **INPUT_OPTIONS).video
    covered = ffmpeg.overlay(stream, layer, format="gbrp", eof_action="repeat")
    if not burn.size[0]:
        return covered
    width, height = burn.size
    strips = ffmpeg.input(
        "pipe:0", f="rawvideo", pix_fmt="rgba", s=f"{width}x{height}", framerate=rate(fps), **INPUT_OPTIONS
    ).video
    return ffmpeg.overlay(covered, strips, x=burn.at[0], y=burn.at[1], format="gbrp", eof_action="repeat")


def _led(stream: Any, lead: Lead, fps: Fraction) -> Any:
    """The lead's picture, as long as it says, then the stream; counted anew, so that no time is off by a rounding."""
    picture = ffmpeg.input(file_url(lead.picture), f="png_pipe", framerate=rate(fps), **INPUT_OPTIONS).video
    still = picture.filter("format", "gbrp").filter("loop", loop=lead.frames - 1, size=1, start=0).filter("setsar", 1)
    whole = ffmpeg.concat(still, stream.filter("format", "gbrp").filter("setsar", 1), v=1, a=0)
    return whole.filter("setpts", f"N/({rate(fps)}*TB)")
