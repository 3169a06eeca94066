"""The cut as Final Cut Pro 7 XML, which Premiere and Resolve open: OTIO's adapter, its defects repaired.

    timeline ──notes for the adapter──▶ fcp_xml adapter ──▶ XML ──repairs──▶ XML with a DOCTYPE, one rate per clip

The notes say what the adapter would guess: drop-frame timecode, the frame's size, that clips have no sound, and
marker comments.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any
from xml.etree import ElementTree as ET

import opentimelineio as otio
from opentimelineio.opentime import RationalTime, TimeRange

from farm.chain import AssembleParams
from farm.cut.events import timebase
from farm.cut.timeline import timeline
from farm.shots.timecode import has_drop_frame

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE xmeml>\n'


def fcp7_xml(params: AssembleParams) -> str:
    """The cut as the text of an `.xml`."""
    document = timeline(params)
    size = {"width": str(params.width), "height": str(params.height)}
    shape = {"video": {"format": {"samplecharacteristics": size}}}
    counting = {"displayformat": "DF" if timebase(params).drop else "NDF"}
    document.metadata["fcp_xml"] = {"timecode": counting, "media": shape}
    for clip in document.find_clips():
        _advise(clip, params.fps, size)
    written = otio.adapters.write_to_string(document, "fcp_xml")
    assert written is not None
    root = ET.fromstring(written)  # noqa: S314  the adapter's own
    for item in root.iter("clipitem"):
        _repair(item)
    ET.indent(root, "  ")
    return _HEAD + ET.tostring(root, encoding="unicode") + "\n"


def expressible(fps: Fraction) -> bool:
    """True for the rates that FCP7 can say: whole ones, and those a thousandth slower."""
    return fps.denominator == 1 or fps == Fraction(round(fps) * 1000, 1001)


def _advise(clip: otio.schema.Clip, fps: Fraction, size: dict[str, str]) -> None:
    for marker in clip.markers:
        marker.metadata["fcp_xml"] = {"comment": marker.comment}
    media: Any = clip.media_reference
    known = media.available_range
    rate = Fraction(known.duration.rate).limit_denominator(1001)
    counting = {"displayformat": "DF" if has_drop_frame(rate) else "NDF"}
    media.metadata["fcp_xml"] = {"timecode": counting, "media": {"video": {"samplecharacteristics": size}}}
    if not expressible(rate):
        length = known.duration.rescaled_to(float(fps)).value
        start = known.start_time.rescaled_to(float(fps)).value
        media.available_range = TimeRange(RationalTime(int(start), float(fps)), RationalTime(int(length), float(fps)))


def _repair(item: ET.Element) -> None:
    """The adapter writes a clip's rate twice."""
    for again in item.findall("rate")[1:]:
        item.remove(again)
