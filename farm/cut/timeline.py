"""The timeline an editor opens: an OpenTimelineIO document of the cut, exact to the frame at every rate.

A shot with a clip refers to the delivered movie, relative to the timeline file: `available_range` is all of it at its
own rate, handles included, `source_range` what the cut shows. A slated shot is a clip whose media is missing, so that
the cut keeps its length and shows where something is owed. `metadata["farm"]` carries each shot as a shot list writes
it, so that the timeline is one.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from urllib.parse import quote

import opentimelineio as otio
from opentimelineio.opentime import RationalTime, TimeRange

from farm.chain import AssembleParams
from farm.cut.events import CutEvent, events
from farm.cut.timecode import start_frame


def write_timeline(path: Path, params: AssembleParams) -> None:
    """Write the cut as `.otio`."""
    timeline(params).to_json_file(str(path))


def timeline(params: AssembleParams) -> otio.schema.Timeline:
    """The cut: one video track, a clip per entry, a marker with take, score and prompt on each."""
    fps = params.fps
    track = otio.schema.Track(name="V1", kind=otio.schema.TrackKind.Video)
    track.extend([_clip(event) for event in events(params)])
    document = otio.schema.Timeline(name=params.title, global_start_time=_time(start_frame(fps), fps))
    document.metadata["farm"] = {"width": params.width, "height": params.height, "fps": str(fps)}
    document.tracks.append(track)
    return document


def _clip(event: CutEvent) -> otio.schema.Clip:
    entry = event.entry
    seen = TimeRange(_time(event.source, event.fps), _time(event.frames, event.fps))
    clip = otio.schema.Clip(name=entry.code, media_reference=_media(event), source_range=seen)
    told: dict[str, object] = {
        "code": entry.code,
        "sequence": entry.sequence,
        "take": entry.take,
        "label": entry.label,
        "frame_in": entry.frame_in,
        "slate": "" if entry.has_clip else entry.slate or "no clip",
        "shot": dict(entry.shot),
    }
    if entry.score is not None:
        told["score"] = entry.score
    clip.metadata["farm"] = told
    clip.markers.append(_marker(event))
    return clip


def _marker(event: CutEvent) -> otio.schema.Marker:
    colour = otio.schema.MarkerColor.GREEN if event.entry.has_clip else otio.schema.MarkerColor.ORANGE
    marked = TimeRange(_time(event.source, event.fps), _time(1, event.fps))
    return otio.schema.Marker(name=event.mark, comment=event.comment, marked_range=marked, color=colour)


def _media(event: CutEvent) -> otio.schema.ExternalReference | otio.schema.MissingReference:
    entry = event.entry
    if not event.has_media:
        whole = TimeRange(_time(0, event.fps), _time(event.frames, event.fps))
        return otio.schema.MissingReference(name=entry.code, available_range=whole)
    whole = TimeRange(_time(entry.media_start, event.media_fps), _time(event.media_frames, event.media_fps))
    media = otio.schema.ExternalReference(target_url=quote(entry.media), available_range=whole)
    media.name = event.media_name
    return media


def _time(frames: int, fps: Fraction) -> RationalTime:
    return RationalTime(frames, float(fps))
