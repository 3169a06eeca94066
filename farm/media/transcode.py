"""File to file in one ffmpeg process: how a deliverable is made from a mezzanine.

mezzanine ──(rate taken as declared)──▶ retime ▶ trim or hold ▶ fit ▶ colours of the preset ──▶ deliverable
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import ffmpeg

from farm.media.decode import MovieFacts
from farm.media.encode import Target
from farm.media.ffmpeg import INPUT_OPTIONS, complaint, file_url, kill, rate, start
from farm.media.graph import in_colours_of, output
from farm.shots.model import Fit

_POLL_S = 0.1


def transcode(
    source: Path,
    facts: MovieFacts,
    target: Target,
    *,
    width: int,
    height: int,
    fps: Fraction,
    frames: int,
    skip: int = 0,
    fit: Fit = Fit.CROP,
    threads: int = 1,
    check: Callable[[], None] = lambda: None,
) -> None:
    """Write `source` (a Matroska mezzanine, described by `facts`) to `target`: exactly `frames`, from frame `skip` on.

    A source too long is cut, one too short holds its last frame, one of another rate repeats or drops frames. Its
    sound, if it has any, is kept beside it.
    `check` is called a few times a second and may raise to stop it. Raises `MediaError`, `OutOfSpace`.
    """
    # A given input rate makes ffmpeg ignore Matroska's rounded times: frame n is at n / fps exactly.
    stream = ffmpeg.input(file_url(source), f="matroska", r=rate(facts.fps), threads=threads, **INPUT_OPTIONS).video
    shaped = _sized(_timed(stream, facts, fps, frames, skip), facts, width, height, fit)
    coloured = in_colours_of(shaped, target.preset, (width, height))
    heard = _heard(source, facts, Fraction(frames) / fps, skip) if facts.has_audio else None
    graph = output(coloured, target.path, target.preset, fps=fps, threads=threads, tags=target.tags, sound=heard)
    process, complaints = start(graph, threads=threads, piped=False)
    done = False
    try:
        check()
        while not _ended(process):
            check()
        if process.returncode != 0:
            raise complaint(complaints, f"writing {target.path.name}")
        done = True
    finally:
        kill(process)
        complaints.close()
        if not done:
            target.path.unlink(missing_ok=True)


def _ended(process: subprocess.Popen[bytes]) -> bool:
    """Whether it ended, having waited a moment for it."""
    try:
        process.wait(_POLL_S)
    except subprocess.TimeoutExpired:
        return False
    return True


def _heard(source: Path, facts: MovieFacts, seconds: Fraction, skip: int) -> Any:
    """The sound of as many seconds, from frame `skip` on; silence where it ends sooner."""
    sound = ffmpeg.input(file_url(source), f="matroska", **INPUT_OPTIONS).audio
    later = sound.filter("atrim", start=f"{float(skip / facts.fps):.6f}").filter("asetpts", "PTS-STARTPTS")
    return later.filter("apad").filter("atrim", duration=f"{float(seconds):.6f}")


def _timed(stream: Any, facts: MovieFacts, fps: Fraction, frames: int, skip: int) -> Any:
    if skip:
        stream = stream.filter("trim", start_frame=skip).filter("setpts", "PTS-STARTPTS")
    if facts.fps != fps:
        stream = stream.filter("fps", rate(fps))
    held = stream.filter("tpad", stop_mode="clone", stop=-1)
    return held.filter("trim", end_frame=frames)


def _sized(stream: Any, facts: MovieFacts, width: int, height: int, fit: Fit) -> Any:
    if (facts.width, facts.height) == (width, height):
        return stream
    aspect = "decrease" if fit is Fit.PAD else "increase"
    stream = stream.filter("scale", width, height, flags="lanczos", force_original_aspect_ratio=aspect)
    if fit is Fit.PAD:
        return stream.filter("pad", width, height, "(ow-iw)/2", "(oh-ih)/2", "black")
    return stream.filter("crop", width, height)
