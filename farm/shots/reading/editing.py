"""What every reader of timelines shares: exact rates, media paths, and the findings about what an edit holds.

What the farm does not make of an edit is said once for each clip, with what to do about it; nothing of it stops the
list but what leaves a clip without a length.
"""

from __future__ import annotations

import math
import re
from fractions import Fraction
from urllib.parse import unquote, urlsplit

from farm.errors import DocumentError
from farm.findings import Finding, Place, Severity
from farm.shots.edit import Edit, EditClip
from farm.shots.reading.cells import error, refuse
from farm.shots.reading.timing import rate_text

MAX_CLIPS = 20_000
MAX_FRAMES = 24 * 3600 * 240
"""A day at the highest rate: the longest edit that timecode can name."""

_CLOSE = Fraction(1, 200)
_OWN = re.compile(r"^\[(take \d|no clip)[^\]]*\]?\s*")
_DRIVE = re.compile(r"/[A-Za-z]:[/\\]")


def exact_rate(written: float | Fraction, place: Place) -> Fraction:
    """A frame rate as it is meant: 23.976 and 23.98 are 24000/1001. Raises `DocumentError` outside of 1 to 240."""
    if not math.isfinite(written) or not 1 <= written <= 240:
        raise refuse(place, f"{written} is no frame rate", "export it at 1 to 240 frames per second")
    nominal = math.ceil(Fraction(written) - _CLOSE)
    candidates = (Fraction(nominal), Fraction(nominal * 1000, 1001))
    nearest = min(candidates, key=lambda rate: abs(rate - Fraction(written)))
    if abs(nearest - Fraction(written)) < _CLOSE:
        return nearest
    return Fraction(written).limit_denominator(1001)


def media_path(written: str) -> str:
    """A media URL as a path, or as the URL it is: file://localhost/a%20b.png is /a b.png, a%20b.png is a b.png."""
    try:
        parts = urlsplit(written)
    except ValueError:
        return written
    if parts.scheme == "file" and parts.netloc in {"", "localhost"}:
        path = _decoded(parts.path)
        return path[1:] if _DRIVE.match(path) else path
    if len(parts.scheme) > 1:  # one letter is a Windows drive
        return written
    return _decoded(written)


def _decoded(path: str) -> str:
    """Percent signs understood, but for those of a numbered file: a.%04d.exr stays as it is."""
    return unquote(re.sub(r"%(?=0\dd)", "%25", path))


def said(words: str) -> str:
    """What a marker says; the farm's own words about takes, in brackets before it, are no prompt."""
    return _OWN.sub("", words)


def warn(rule: str, place: Place, problem: str, remedy: str) -> Finding:
    return Finding(Severity.WARNING, f"edit.{rule}", place, problem, remedy)


def note(rule: str, place: Place, problem: str, remedy: str = "") -> Finding:
    return Finding(Severity.NOTE, f"edit.{rule}", place, problem, remedy)


def speed(place: Place, words: str) -> Finding:
    problem = f"{words} is not made: the shot is rendered at its length in the cut"
    return warn("speed", place, problem, "say how fast things move in its prompt, or change the speed in the edit")


def transition(place: Place, name: str, frames: int) -> Finding:
    problem = f"the {name} of {frames} frames becomes a cut; the farm makes none"
    return warn("transition", place, problem, f"give the shots beside it handles of {frames}, and lay it in the edit")


def nest(place: Place) -> Finding:
    problem = "a nested sequence counts as one shot"
    return warn("nest", place, problem, "unnest it where its clips are meant to be shots")


def tracks(place: Place, track: str, clips: int) -> Finding:
    has = "clip is" if clips == 1 else "clips are"
    problem = f"{clips} {has} on {track}, and only the lowest picture track is read"
    return warn("tracks", place, problem, "flatten the edit to one video track")


def left_out(place: Place, what: str) -> Finding:
    return note("left-out", place, f"{what} is no shot, and is left out", "put a clip there where one is wanted")


def rates(place: Place, source: Fraction, fps: Fraction) -> Finding:
    problem = f"its media runs at {rate_text(source)} fps in a cut at {rate_text(fps)}"
    return note("rates", place, problem, "lengths count in the cut's frames; nothing is to be done")


def gap(place: Place, frames: int) -> Finding:
    return note(
        "gap", place, f"{frames} frames of nothing before it are closed", "put a slug with a still there to keep them"
    )


def lengthless(place: Place, problem: str) -> Finding:
    return error(place, problem, "trim it to a length above 0 and export again", rule="edit.length")


def checked_edit(edit: Edit) -> Edit:
    """The edit with what can be said of all formats alike. Raises `DocumentError` for one without clips."""
    place = Place(edit.file)
    if len(edit.clips) > MAX_CLIPS:
        raise refuse(place, f"{len(edit.clips)} clips are more than {MAX_CLIPS}", "export one sequence at a time")
    findings = list(edit.findings)
    if not edit.clips:
        raise DocumentError(
            [*findings, error(place, "there are no clips on a video track", "export the right sequence")]
        )
    last: EditClip | None = None
    for clip in edit.clips:
        before = last.end if last else 0
        if clip.start > before:
            findings.append(gap(clip.place, clip.start - before))
        elif clip.start < before:
            problem = f"it begins {before - clip.start} frames before the clip in front of it ends"
            findings.append(error(clip.place, problem, "remove the overlap and export again", rule="edit.overlap"))
        last = clip
    return Edit(
        file=edit.file,
        title=edit.title,
        base=edit.base,
        start=edit.start,
        clips=edit.clips,
        size=edit.size,
        findings=tuple(findings),
    )
