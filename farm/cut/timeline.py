"""The timeline an editor opens: an OpenTimelineIO document of the cut, exact to the frame at every rate.

A shot with a clip refers to the delivered movie, relative to the timeline file; a slated shot is a clip whose media is
missing, so that the cut keeps its length and shows where something is owed.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from urllib.parse import quote

import opentimelineio as otio
from opentimelineio.opentime import RationalTime, TimeRange

from farm.chain import AssembleParams, CutEntry
from farm.cut.timecode import start_frame


def write_timeline(path: Path, params: AssembleParams) -> None:
    """Write the cut as `.otio`."""
    timeline(params).to_json_file(str(path))


def timeline(params: AssembleParams) -> otio.schema.Timeline:
    """The cut: one video track, a clip per entry, a marker with the note on each that has one."""
    fps = params.fps
    track = otio.schema.Track(name="V1", kind=otio.schema.TrackKind.Video)
    track.extend([_clip(entry, fps) for entry in params.entries])
    document = otio.schema.Timeline(name=params.title, global_start_time=_time(start_frame(fps), fps))
    document.metadata["farm"] = {"width": params.width, "height": params.height, "fps": str(fps)}
    document.tracks.append(track)
    return document


def _clip(entry: CutEntry, fps: Fraction) -> otio.schema.Clip:
    whole = TimeRange(_time(0, fps), _time(entry.frames, fps))
    clip = otio.schema.Clip(name=entry.code, media_reference=_media(entry, whole), source_range=whole)
    clip.metadata["farm"] = {
        "sequence": entry.sequence,
        "take": entry.take,
        "label": entry.label,
        "frame_in": entry.frame_in,
        "slate": "" if entry.has_clip else entry.slate or "no clip",
    }
    words = entry.note if entry.has_clip else entry.slate or entry.note
    if words:
        colour = otio.schema.MarkerColor.GREEN if entry.has_clip else otio.schema.MarkerColor.ORANGE
        marked = TimeRange(_time(0, fps), _time(1, fps))
        clip.markers.append(otio.schema.Marker(name=words, marked_range=marked, color=colour))
    return clip


def _media(entry: CutEntry, whole: TimeRange) -> otio.schema.ExternalReference | otio.schema.MissingReference:
    if entry.has_clip and entry.media:
        return otio.schema.ExternalReference(target_url=quote(entry.media), available_range=whole)
    return otio.schema.MissingReference(name=entry.code, available_range=whole)


def _time(frames: int, fps: Fraction) -> RationalTime:
    return RationalTime(frames, float(fps))
