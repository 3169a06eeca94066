"""OpenTimelineIO as an edit.

    .otio ──otio_document──▶ Timeline ──▶ Edit        FCP7 XML arrives as a Timeline too

Every position is computed in exact seconds and becomes a frame once, so that nothing drifts at 23.976 or 29.97. What
the farm itself wrote stands in `metadata["farm"]` and is believed as far as it is text.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

from farm.errors import DocumentError
from farm.findings import Finding, Place
from farm.shots.edit import Edit, EditClip, clip_place
from farm.shots.reading import editing
from farm.shots.reading.cells import refuse
from farm.shots.reading.otio_document import built, opentimelineio, parsed
from farm.shots.reading.schema import LENGTH_FIELDS, ShotEntry
from farm.shots.reading.source import decoded, read_bytes
from farm.shots.reading.timing import half_up
from farm.shots.reading.values import harmless
from farm.shots.timecode import Timebase, has_drop_frame

UNREADABLE = (
    AttributeError, IndexError, KeyError, TypeError, ValueError, ArithmeticError, RuntimeError, NotImplementedError,
    OSError, AssertionError,
)  # fmt: skip
"""What opentimelineio and its adapters raise on broken files; they let whatever their parsing meets escape."""

_TOLD = frozenset(ShotEntry.model_fields) - {*LENGTH_FIELDS, "code", "cut_order", "fps"}
"""What stands in the timeline itself is read there."""


def read_otio(path: Path) -> Edit:
    """The edit in an `.otio` file. Raises `DocumentError` when it cannot be read, or holds no clips."""
    otio, place = opentimelineio(), Place(path.name)
    text, _ = decoded(read_bytes(path), place)
    raw = parsed(text, place)
    try:
        document = built(raw)
    except (*UNREADABLE, otio.exceptions.OTIOError) as failure:
        raise refuse(place, f"not readable as OpenTimelineIO: {reason(failure)}", "export it again") from None
    return timeline_edit(document, path.name)


def reason(failure: Exception) -> str:
    """An exception of somebody else's parser, in a line."""
    return str(failure).strip("'\"").partition("\n")[0][:120] or type(failure).__name__


def timeline_edit(document: Any, file: str) -> Edit:
    """The edit of an OTIO document: of its first timeline. Raises `DocumentError`."""
    otio = opentimelineio()
    found, others = _timeline(document, file)
    try:
        return _edit(found, file, others)
    except (*UNREADABLE, otio.exceptions.OTIOError) as failure:
        if isinstance(failure, DocumentError):
            raise
        raise refuse(Place(file), f"its tracks make no sense: {reason(failure)}", "export it again") from None


def _timeline(document: Any, file: str) -> tuple[Any, int]:
    """The first timeline of a document, and how many more it holds."""
    otio = opentimelineio()
    if isinstance(document, otio.schema.SerializableCollection):
        timelines = [item for item in document if isinstance(item, otio.schema.Timeline)]
        if timelines:
            return timelines[0], len(timelines) - 1
    if not isinstance(document, otio.schema.Timeline):
        kind = type(document).__name__
        raise refuse(Place(file), f"it holds a {kind}, and no timeline", "export the sequence itself")
    return document, 0


def _edit(timeline: Any, file: str, others: int) -> Edit:
    otio = opentimelineio()
    pictures = [track for track in timeline.tracks if getattr(track, "kind", "") == otio.schema.TrackKind.Video]
    used = [track for track in pictures if any(isinstance(item, otio.schema.Clip) for item in track)]
    if not used:
        raise refuse(Place(file), "there are no clips on a video track", "export the right sequence")
    fps = _rate(timeline, used[0], Place(file))
    start = timeline.global_start_time
    base = Timebase(fps, has_drop_frame(fps) and not _counts_plainly(timeline, fps))
    reader = _Track(file, base, base.start if start is None else _frame(start, fps))
    if others:
        problem = f"it holds {others} more timelines, which are left out"
        reader.findings.append(editing.warn("several", Place(file), problem, "export one sequence at a time"))
    reader.read(used[0])
    for track in used[1:]:
        clips = [item for item in track if isinstance(item, otio.schema.Clip)]
        at = _frame(track.range_of_child(clips[0]).start_time, fps)
        place = reader.place(str(clips[0].name), at)
        reader.findings.append(editing.tracks(place, str(track.name) or "a higher track", len(clips)))
    told = _mapping(timeline.metadata.get("farm"))
    return editing.checked_edit(
        Edit(
            file=file,
            title=harmless(str(timeline.name or "")),
            base=base,
            start=reader.begins,
            clips=tuple(reader.clips),
            size=_size(told) or _size(_shape(timeline)),
            findings=tuple(reader.findings),
        )
    )


def _counts_plainly(timeline: Any, fps: Fraction) -> bool:
    """True for a timeline at 29.97 without drop-frame: it says so, or begins on a whole hour of plain counting."""
    shown = _mapping(_fcp7(timeline).get("timecode")).get("displayformat")
    start = 0 if timeline.global_start_time is None else _frame(timeline.global_start_time, fps)
    return shown == "NDF" or (shown is None and start > 0 and start % (round(fps) * 3600) == 0)


def _rate(timeline: Any, track: Any, place: Place) -> Fraction:
    """The timeline's own, or else that of its first clip."""
    start = timeline.global_start_time
    if start is not None:
        return editing.exact_rate(start.rate, place)
    otio = opentimelineio()
    first = next(item for item in track if isinstance(item, otio.schema.Clip))
    return editing.exact_rate(first.duration().rate, place)


@dataclass(slots=True)
class _Track:
    """Reads one track from its start to its end."""

    file: str
    base: Timebase
    begins: int
    clips: list[EditClip] = field(default_factory=list[EditClip])
    findings: list[Finding] = field(default_factory=list[Finding])
    at_s: Fraction = Fraction(0)
    """Where the next item begins."""

    def place(self, name: str, frame: int) -> Place:
        return clip_place(self.file, name, self.base.text(max(0, self.begins + frame)))

    def read(self, track: Any) -> None:
        otio = opentimelineio()
        for item in track:
            here = self.place(str(item.name or ""), half_up(self.at_s * self.base.fps))
            if isinstance(item, otio.schema.Transition):
                frames = _frame(item.in_offset, self.base.fps) + _frame(item.out_offset, self.base.fps)
                self.findings.append(editing.transition(here, str(item.name or "transition").lower(), frames))
                continue
            seconds = self._length(item, here)
            if seconds is None:
                continue
            begun, self.at_s = half_up(self.at_s * self.base.fps), self.at_s + seconds
            frames = half_up(self.at_s * self.base.fps) - begun
            if isinstance(item, otio.schema.Gap):
                continue
            if frames < 1:
                self.findings.append(editing.lengthless(here, "it is shorter than one frame"))
            else:
                self._add(item, begun, frames, here)

    def _length(self, item: Any, place: Place) -> Fraction | None:
        """In seconds; None, and a finding, where there is none that could be."""
        otio = opentimelineio()
        try:
            seconds = _seconds(item.duration())
        except (*UNREADABLE, otio.exceptions.OTIOError, DocumentError) as failure:
            self.findings.append(editing.lengthless(place, f"it has no usable length: {reason(failure)}"))
            return None
        if seconds < 0 or (self.at_s + seconds) * self.base.fps > editing.MAX_FRAMES:
            said = "is negative" if seconds < 0 else "ends after more than a day"
            self.findings.append(editing.lengthless(place, f"its length {said}"))
            return None
        return seconds

    def _add(self, item: Any, begun: int, frames: int, place: Place) -> None:
        otio = opentimelineio()
        if not isinstance(item, otio.schema.Clip):
            self.findings.append(editing.nest(place))
            self.clips.append(EditClip(name=str(item.name or "nest"), place=place, start=begun, frames=frames))
            return
        if isinstance(item.media_reference, otio.schema.GeneratorReference):
            self.findings.append(editing.left_out(place, f"the generator {item.media_reference.generator_kind}"))
        elif not item.enabled or _fcp7(item).get("enabled") == "FALSE":
            self.findings.append(editing.left_out(place, "a disabled clip"))
        else:
            self.findings += _effects(item, place)
            self.clips.append(self._clip(item, begun, frames, place))

    def _clip(self, item: Any, begun: int, frames: int, place: Place) -> EditClip:
        fps, told = self.base.fps, _mapping(item.metadata.get("farm"))
        media, start, length = self._media(item.media_reference, place)
        seen = item.trimmed_range().start_time
        return EditClip(
            name=harmless(str(item.name or "")),
            place=place,
            start=begun,
            frames=frames,
            source=_frame(seen, fps),
            media_start=start,
            media_frames=length,
            media=media,
            reel=_text(_mapping(item.metadata.get("cmx_3600")).get("reel")),
            prompt="; ".join(_said(item.markers)),
            code=_text(told.get("code")),
            told=_fields(told.get("shot")),
        )

    def _media(self, reference: Any, place: Place) -> tuple[str, int | None, int | None]:
        """Path, first frame and length of a clip's media, as far as they are known."""
        url = getattr(reference, "target_url", None) or ""
        if not url and hasattr(reference, "target_url_base"):
            url = f"{reference.target_url_base}/{reference.name_prefix}%0d{reference.name_suffix}"
        known = reference.available_range if reference is not None else None
        if known is None:
            return editing.media_path(str(url)), None, None
        source = editing.exact_rate(known.duration.rate, place)
        if source != self.base.fps:
            self.findings.append(editing.rates(place, source, self.base.fps))
        return (
            editing.media_path(str(url)),
            _frame(known.start_time, self.base.fps),
            _frame(known.duration, self.base.fps),
        )


def _seconds(time: Any) -> Fraction:
    if not math.isfinite(time.value):
        raise ValueError(f"{time.value} frames")
    return Fraction(time.value) / editing.exact_rate(time.rate, Place("")) if time.value else Fraction(0)


def _frame(time: Any, fps: Fraction) -> int:
    frame = half_up(_seconds(time) * fps)
    if abs(frame) > editing.MAX_FRAMES:
        raise ValueError(f"frame {frame} lies beyond a day")
    return frame


def _effects(item: Any, place: Place) -> Iterator[Finding]:
    otio = opentimelineio()
    for effect in item.effects:
        if isinstance(effect, otio.schema.FreezeFrame):
            yield editing.speed(place, "a freeze frame")
        elif isinstance(effect, otio.schema.LinearTimeWarp):
            yield editing.speed(place, f"a speed of {effect.time_scalar:.0%}")
        elif isinstance(effect, otio.schema.TimeEffect):
            yield editing.speed(place, "a change of speed")
        elif (_fcp7(effect).get("effectid") == "timeremap") and (rate := _remapped(effect)) != "100":
            yield editing.speed(place, f"a speed of {rate} %" if rate else "a change of speed")


def _remapped(effect: Any) -> str:
    """The speed that FCP7's time remapping gives, in percent."""
    parameters = _fcp7(effect).get("parameter")
    listed = [parameters] if hasattr(parameters, "items") else list(cast("Any", parameters) or ())
    speeds = [_text(_mapping(each).get("value")) for each in listed if _mapping(each).get("parameterid") == "speed"]
    return speeds[0].removesuffix(".0") if speeds else ""


def _said(markers: Any) -> Iterator[str]:
    for marker in markers:
        words = _text(marker.comment) or _text(_fcp7(marker).get("comment")) or editing.said(_text(marker.name))
        if words:
            yield words


def _fcp7(item: Any) -> Mapping[str, Any]:
    return _mapping(item.metadata.get("fcp_xml"))


def _mapping(value: Any) -> Mapping[str, Any]:
    """Metadata may be anything."""
    return dict(value) if hasattr(value, "items") else {}


def _text(value: Any) -> str:
    return harmless(value) if isinstance(value, str) else ""


def _fields(value: Any) -> dict[str, str]:
    """Fields of a shot, as far as there are such fields and they hold text."""
    return {name: harmless(said) for name, said in _mapping(value).items() if name in _TOLD and isinstance(said, str)}


def _size(told: Mapping[str, Any]) -> tuple[int, int] | None:
    sides = [str(told.get(name, "")) for name in ("width", "height")]
    width, height = (int(side) if re.fullmatch(r"[1-9]\d{0,4}", side, re.ASCII) else 0 for side in sides)
    return (width, height) if width and height else None


def _shape(timeline: Any) -> Mapping[str, Any]:
    """The frame of an FCP7 sequence."""
    found = _fcp7(timeline)
    for name in ("media", "video", "format", "samplecharacteristics"):
        found = _mapping(found.get(name))
    return found
