"""The cut as FCPXML (Final Cut Pro X).

Written here and not by OTIO's adapter, which leaves `frameDuration` empty at 23.976 and 29.97, rounds times to
floating point, invents media under /tmp for slated shots and runs a program on every clip.

    resources: format (frameDuration 1001/24000s), one asset per clip
    library > event > project > sequence (tcStart, tcFormat) > spine > asset-clip … gap (a slate)

Every time is a whole number of frames as an exact fraction of seconds, as Final Cut demands.
"""

from __future__ import annotations

from fractions import Fraction
from urllib.parse import quote
from xml.etree import ElementTree as ET

from farm.chain import AssembleParams
from farm.cut.events import CutEvent, events, timebase

VERSION = "1.8"
"""Old enough for every program that reads FCPXML."""

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE fcpxml>\n'


def fcpxml(params: AssembleParams) -> str:
    """The cut as the text of an `.fcpxml`."""
    cut, base = list(events(params)), timebase(params)
    root = ET.Element("fcpxml", version=VERSION)
    resources = ET.SubElement(root, "resources")
    formats = {params.fps: _format(resources, "r1", params.fps, params)}
    for event in cut:
        if event.has_media and event.media_fps not in formats:
            formats[event.media_fps] = _format(resources, f"r{len(formats) + 1}", event.media_fps, params)
    project = ET.SubElement(
        ET.SubElement(ET.SubElement(root, "library"), "event", name=params.title or "farm"),
        "project",
        name=params.title or "farm",
    )
    sequence = ET.SubElement(
        project,
        "sequence",
        format=formats[params.fps],
        tcStart=seconds(base.start, params.fps),
        tcFormat="DF" if base.drop else "NDF",
        duration=seconds(sum(event.frames for event in cut), params.fps),
    )
    spine = ET.SubElement(sequence, "spine")
    for number, event in enumerate(cut, 1):
        asset = _asset(resources, f"a{number}", event, formats[event.media_fps]) if event.has_media else ""
        _item(spine, event, asset, base.start + event.start)
    ET.indent(root, "  ")
    return _HEAD + ET.tostring(root, encoding="unicode") + "\n"


def seconds(frames: int, fps: Fraction) -> str:
    """Frames as the seconds that FCPXML counts in, not reduced: 24 frames at 23.976 are 24024/24000s."""
    return f"{frames * fps.denominator}/{fps.numerator}s" if frames else "0s"


def _format(resources: ET.Element, name: str, fps: Fraction, params: AssembleParams) -> str:
    ET.SubElement(
        resources,
        "format",
        id=name,
        frameDuration=seconds(1, fps),
        width=str(params.width),
        height=str(params.height),
    )
    return name


def _asset(resources: ET.Element, name: str, event: CutEvent, shape: str) -> str:
    ET.SubElement(
        resources,
        "asset",
        id=name,
        name=event.media_name,
        src=quote(event.entry.media),
        start=seconds(event.entry.media_start, event.media_fps),
        duration=seconds(event.media_frames, event.media_fps),
        hasVideo="1",
        format=shape,
    )
    return name


def _item(spine: ET.Element, event: CutEvent, asset: str, record: int) -> None:
    """A clip, or a gap that is named for the shot it waits for."""
    placed = {
        "name": event.entry.code,
        "offset": seconds(record, event.fps),
        "start": seconds(event.source, event.fps),
        "duration": seconds(event.frames, event.fps),
    }
    item = ET.SubElement(spine, "asset-clip", {"ref": asset} | placed) if asset else ET.SubElement(spine, "gap", placed)
    if event.comment:
        ET.SubElement(item, "note").text = event.comment
    marker = ET.SubElement(item, "marker", start=placed["start"], duration=seconds(1, event.fps), value=event.mark)
    if event.comment:
        marker.set("note", event.comment)
