"""FCPXML (Final Cut Pro X) as an edit.

Read here and not by OTIO's adapter: that one counts 1001/24000 s as 23 frames a second, so that nothing at 23.976 or
29.97 stands where it should. Times are exact fractions of seconds all the way.

    fcpxml > library > event > project > sequence > spine > clips one after another (lane 0)
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from xml.etree import ElementTree as ET

from farm.findings import Finding, Place
from farm.shots.edit import Edit, EditClip, clip_place
from farm.shots.reading import editing
from farm.shots.reading.cells import refuse
from farm.shots.reading.timing import half_up
from farm.shots.reading.values import harmless
from farm.shots.timecode import Timebase

_TIME = re.compile(r"(-?\d{1,18})(?:/(\d{1,12}))?s", re.ASCII)
_CLIPS = frozenset({"asset-clip", "clip", "video", "sync-clip", "mc-clip", "ref-clip", "audition"})
_NESTS = frozenset({"ref-clip", "sync-clip", "mc-clip"})


def fcpx_edit(data: bytes, file: str) -> Edit:
    """The edit of the first project in an FCPXML document that was looked through. Raises `DocumentError`."""
    root, place = ET.fromstring(data), Place(file)  # noqa: S314  it was looked through
    sequences = list(root.iterfind(".//project/sequence"))
    if not sequences:
        raise refuse(place, "it holds no project", "export the project itself, not an event or a library")
    sequence = sequences[0]
    formats = {each.get("id", ""): each for each in root.iterfind("./resources/format")}
    fps = _rate(formats.get(sequence.get("format", "")), place)
    if fps is None:
        raise refuse(place, "its sequence has no frame rate", "export it again; its format needs a frameDuration")
    drop = sequence.get("tcFormat") == "DF" and Timebase.usual(fps).drop
    base = Timebase(fps, drop)
    begins = half_up(_seconds(sequence.get("tcStart"), place) * fps)
    assets = {each.get("id", ""): each for each in root.iterfind("./resources/asset")}
    reader = _Spine(file, base, begins, assets, formats)
    if len(sequences) > 1:
        problem = f"it holds {len(sequences) - 1} more projects, which are left out"
        reader.findings.append(editing.warn("several", place, problem, "export one project at a time"))
    spine = sequence.find("spine")
    for element in () if spine is None else spine:
        reader.take(element)
    projects = list(root.iterfind(".//project"))
    return editing.checked_edit(
        Edit(
            file=file,
            title=harmless(projects[0].get("name", "")),
            base=base,
            start=begins,
            clips=tuple(reader.clips),
            size=_size(formats.get(sequence.get("format", ""))),
            findings=tuple(reader.findings),
        )
    )


@dataclass(slots=True)
class _Spine:
    """Reads the primary storyline."""

    file: str
    base: Timebase
    begins: int
    assets: Mapping[str, ET.Element]
    formats: Mapping[str, ET.Element]
    clips: list[EditClip] = field(default_factory=list[EditClip])
    findings: list[Finding] = field(default_factory=list[Finding])

    def take(self, element: ET.Element) -> None:
        file, fps = Place(self.file), self.base.fps
        begins = half_up(_seconds(element.get("offset"), file) * fps) - self.begins
        name = harmless(element.get("name", ""))
        place = clip_place(self.file, name, self.base.text(max(0, self.begins + begins)))
        frames = half_up(_seconds(element.get("duration"), place) * fps)
        if element.tag == "transition":
            self.findings.append(editing.transition(place, name.lower() or "transition", frames))
        elif element.tag == "title":
            self.findings.append(editing.left_out(place, "a title"))
        elif element.tag in _CLIPS or (element.tag == "gap" and name not in {"", "Gap"}):
            self._clip(element, begins, frames, place)
        self.findings += self._above(element, place)

    def _clip(self, element: ET.Element, begins: int, frames: int, place: Place) -> None:
        if frames < 1 or begins < 0:
            self.findings.append(editing.lengthless(place, f"it is {frames} frames long"))
            return
        if element.get("enabled") == "0":
            self.findings.append(editing.left_out(place, "a disabled clip"))
            return
        if element.tag in _NESTS:
            self.findings.append(editing.nest(place))
        if element.find("timeMap") is not None:
            self.findings.append(editing.speed(place, "a change of speed"))
        fps, asset = self.base.fps, self._asset(element)
        source = _seconds(element.get("start"), place)
        self.findings += self._mixed(asset, place)
        self.clips.append(
            EditClip(
                name=harmless(element.get("name", "")),
                place=place,
                start=begins,
                frames=frames,
                source=half_up(source * fps),
                media_start=None if asset is None else half_up(_seconds(asset.get("start"), place) * fps),
                media_frames=None if asset is None else half_up(_seconds(asset.get("duration"), place) * fps),
                media=editing.media_path(_source(asset)),
                prompt="; ".join(_said(element)),
            )
        )

    def _asset(self, element: ET.Element) -> ET.Element | None:
        """The media of a clip: its own, or that of the first video inside it."""
        inner = element.find(".//video")
        reference = element.get("ref") or (inner.get("ref", "") if inner is not None else "")
        return self.assets.get(reference)

    def _mixed(self, asset: ET.Element | None, place: Place) -> Iterator[Finding]:
        if asset is not None:
            source = _rate(self.formats.get(asset.get("format", "")), place)
            if source is not None and source != self.base.fps:
                yield editing.rates(place, source, self.base.fps)

    def _above(self, element: ET.Element, place: Place) -> Iterator[Finding]:
        above = [child for child in element if child.tag in _CLIPS and int(child.get("lane", "0") or 0) > 0]
        if above:
            yield editing.tracks(place, "a lane above it", len(above))


def _said(element: ET.Element) -> Iterator[str]:
    """What its markers say, or else its note."""
    words = [harmless(each.get("note") or editing.said(each.get("value") or "")) for each in element.iterfind("marker")]
    yield from filter(None, words)
    if not any(words) and (note := element.findtext("note")):
        yield harmless(note)


def _source(asset: ET.Element | None) -> str:
    if asset is None:
        return ""
    inner = asset.find("media-rep")
    return asset.get("src") or (inner.get("src", "") if inner is not None else "")


def _rate(shape: ET.Element | None, place: Place) -> Fraction | None:
    """The rate of a format; None for one that has none, as stills have."""
    said = shape.get("frameDuration") if shape is not None else None
    duration = _seconds(said, place) if said else Fraction(0)
    return editing.exact_rate(1 / duration, place) if duration > 0 else None


def _seconds(written: str | None, place: Place) -> Fraction:
    found = _TIME.fullmatch(written or "0s")
    if not found or (found[2] and not int(found[2])):
        raise refuse(place, f'"{(written or "")[:40]}" is no time', "export it again")
    return Fraction(int(found[1]), int(found[2] or 1))


def _size(shape: ET.Element | None) -> tuple[int, int] | None:
    if shape is None:
        return None
    width, height = shape.get("width", ""), shape.get("height", "")
    return (int(width), int(height)) if width.isdigit() and height.isdigit() and len(width + height) < 12 else None
