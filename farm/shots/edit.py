"""An edit: a timeline as an editor's program wrote it, whatever its format, in whole frames of its own rate.

    .otio ─┐
    .xml  ─┤ farm.shots.reading ──▶ Edit ──┬──▶ rows of a shot list   (farm.shots.reading.timeline)
    .edl  ─┤                               └──▶ what has changed      (farm.shots.conform)
    .fcpxml┘

Only what the farm can act on is kept: cuts, and what stands at them. Everything else is a finding at its clip.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import PurePosixPath

from farm.findings import Finding, Place
from farm.shots.reading.slugs import slugged
from farm.shots.timecode import Timebase

PICTURES = frozenset({
    ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp", ".psd", ".exr", ".dpx", ".tga", ".heic", ".avif",
})  # fmt: skip
"""Suffixes of media that may be a still; whether one can be read is seen when it is opened."""

_MEDIA = re.compile(r"\.(mov|mp4|mxf|avi|mkv|m4v|webm|png|jpe?g|tiff?|webp|bmp|psd|exr|dpx|tga)$", re.IGNORECASE)
_NUMBERED = re.compile(r"%0?\d*d|#{2,}|\[\d+-\d+\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class EditClip:
    """One clip of the picture track. Frames are the edit's."""

    name: str
    """As the edit writes it."""
    place: Place
    start: int
    """The first frame, counted from the start of the edit."""
    frames: int
    source: int = 0
    """The first frame of the media that is seen, as its timecode numbers it."""
    media_start: int | None = None
    """The first frame that the media has; None where the edit does not say."""
    media_frames: int | None = None
    media: str = ""
    """Path or URL, as an operating system takes it; "" where there is none."""
    reel: str = ""
    prompt: str = ""
    """What its markers say."""
    code: str = ""
    """The shot it is of, where the farm wrote that itself."""
    told: Mapping[str, str] = field(default_factory=dict[str, str])
    """Fields of the shot, where the farm wrote them itself."""

    @property
    def shot(self) -> str:
        """The code of the shot: the farm's own word, or else the clip's name without a file's suffix."""
        return self.code or slugged(_MEDIA.sub("", self.name.strip()))

    @property
    def end(self) -> int:
        return self.start + self.frames

    @property
    def is_still(self) -> bool:
        """True where the media is one picture."""
        name = PurePosixPath(self.media.split("?", 1)[0])
        return name.suffix.lower() in PICTURES and not _NUMBERED.search(name.name)

    @property
    def handles(self) -> int:
        """Frames that the media has beyond the clip at each end."""
        if self.media_start is None or self.media_frames is None or self.is_still:
            return 0
        head = self.source - self.media_start
        return max(0, min(head, self.media_frames - head - self.frames))


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A timeline, its clips in the order in which they are seen, none over another."""

    file: str
    title: str = ""
    base: Timebase
    start: int
    """The timecode of its first frame, as a frame number."""
    clips: tuple[EditClip, ...]
    size: tuple[int, int] | None = None
    """Pixels, where the edit says them."""
    findings: tuple[Finding, ...] = ()

    @property
    def fps(self) -> Fraction:
        return self.base.fps

    def timecode(self, frame: int) -> str:
        """Of a frame that is counted from the start of the edit."""
        return self.base.text(self.start + frame)


def clip_place(file: str, name: str, timecode: str, row: int | None = None) -> Place:
    """Where a clip stands: cut.otio: clip "sh010" at 01:00:04:12."""
    shown = "".join(char if char.isprintable() else "�" for char in name)[:60]
    return Place(file, row, clip=f'clip "{shown}" at {timecode}')
