"""CMX 3600 EDL as an edit.

Read here and not by OTIO's adapter: that one knows no lines to name, stops at the first event it does not like, and
counts drop-frame as if it were none. An EDL says neither its rate nor its size: the rate comes from a comment
of ours, or from the project, or is 29.97 where it says DROP FRAME.

    001  SH010    V     C        00:00:00:00 00:00:03:12 01:00:00:00 01:00:03:12
    * FROM CLIP NAME:  sh010
    * LOC: 01:00:00:00 GREEN   slow push in
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

from farm.findings import Finding, Place
from farm.shots.edit import Edit, EditClip, clip_place
from farm.shots.reading import editing
from farm.shots.reading.cells import error, refuse
from farm.shots.reading.source import decoded, read_bytes
from farm.shots.reading.values import BadValue, harmless
from farm.shots.timecode import Timebase, has_drop_frame

DROP_RATE = Fraction(30000, 1001)

_TC = r"(\d{1,2}[:;.,]\d{1,2}[:;.,]\d{1,2}[:;.,]\d{1,3})"
_EVENT = re.compile(
    rf"(\d+)\s+(\S(?:.*?\S)?)\s+(\S+)\s+(C|D|W\d+|KB?|KO)(?:\s+(\d+))?\s+{_TC}\s+{_TC}\s+{_TC}\s+{_TC}", re.ASCII
)
_COMMENT = re.compile(
    r"\*\s*(FROM CLIP NAME|TO CLIP NAME|FROM CLIP|FROM FILE|TO CLIP|TO FILE|SOURCE FILE|LOC|COMMENT)\s*:\s*(.*)"
)
_LOCATOR = re.compile(rf"{_TC}\s+(?:[A-Z]+\s+)?(.*)")
_MOTION = re.compile(r"M2\s+.*?(-?\d+(?:\.\d+)?)\s+\d{1,2}:")
_RATE = re.compile(r"\*\s*FRAME RATE\s*:\s*(\d{1,3}(?:\.\d{1,6})?)", re.ASCII)
_BLACK = frozenset({"BL", "BLACK", "BARS", "BLK"})


@dataclass(slots=True)
class _Event:
    """An event's line, and what the lines below say about it."""

    row: int
    reel: str
    channel: str
    kind: str
    length: int
    times: tuple[str, str, str, str]
    """Source in and out, record in and out."""
    said: dict[str, str] = field(default_factory=dict[str, str])
    locators: list[str] = field(default_factory=list[str])
    speed: str = ""

    @property
    def name(self) -> str:
        """The clip's, where a transition comes to it the later one's."""
        names = ("TO CLIP NAME", "FROM CLIP NAME") if self.kind != "C" else ("FROM CLIP NAME", "TO CLIP NAME")
        said = next((self.said[key] for key in names if key in self.said), "")
        return said.removesuffix(" FF") or Path(self.media.replace("\\", "/")).name or self.reel

    @property
    def media(self) -> str:
        to, own = ("TO FILE", "TO CLIP"), ("FROM FILE", "FROM CLIP", "SOURCE FILE")
        order = (*to, *own) if self.kind != "C" else own
        return next((self.said[key] for key in order if key in self.said), "")


def read_edl(path: Path, fps: Fraction | None) -> Edit:
    """The edit in an `.edl` file that runs at `fps` (None where nobody says). Raises `DocumentError`."""
    place = Place(path.name)
    text, notes = decoded(read_bytes(path), place)
    events, title, drop = _events(text, path.name)
    if own := _RATE.search(text):
        fps = editing.exact_rate(float(own[1]), place)
    base, found = _base(fps, drop, place)
    reader = _Record(path.name, base, [*notes, *found])
    for event in events:
        reader.take(event)
    begins = min((clip.start for clip in reader.clips), default=0)
    begins = base.start if base.start <= begins < base.start + base.nominal * 60 else begins
    clips = sorted(reader.clips, key=lambda clip: clip.start)
    return editing.checked_edit(
        Edit(
            file=path.name,
            title=title,
            base=base,
            start=begins,
            clips=tuple(_from(clip, begins) for clip in clips),
            findings=tuple(reader.findings),
        )
    )


def _base(fps: Fraction | None, drop: bool | None, place: Place) -> tuple[Timebase, list[Finding]]:
    """How the EDL counts, and a warning where that had to be guessed."""
    if drop:
        if fps is not None and not has_drop_frame(fps):
            raise refuse(
                place, "it says DROP FRAME, and the project has a rate without", "set fps: 29.97 in the project"
            )
        return Timebase(fps or DROP_RATE, drop=True), []
    if fps is not None:
        return Timebase(fps), []
    remedy = 'write "fps: 25" into the project file, or export OTIO or XML, which say it'
    return Timebase(Fraction(24)), [editing.warn("rate", place, "an EDL does not say its rate; read at 24 fps", remedy)]


def _events(text: str, file: str) -> tuple[list[_Event], str, bool | None]:
    """Events with what belongs to them, the title, and whether the EDL counts in drop-frame (None: not said)."""
    events: list[_Event] = []
    title, drop = "", None
    for row, written in enumerate(text.splitlines(), 1):
        line = written.strip()
        if found := _EVENT.match(line):
            _, reel, channel, kind, length, *times = found.groups()
            stamps = (times[0], times[1], times[2], times[3])
            events.append(_Event(row, harmless(reel), channel, kind[0], int(length or 0), stamps))
        elif line.startswith("TITLE:"):
            title = harmless(line.removeprefix("TITLE:"))
        elif line.startswith("FCM:"):
            drop = "NON" not in line if drop is None else drop
        elif events and (motion := _MOTION.match(line)):
            events[-1].speed = motion[1]
        elif events and (said := _COMMENT.match(line)):
            _keep(events[-1], said[1], harmless(said[2]))
        elif line and line[0].isdigit():
            remedy = "export CMX 3600, with at most 999 events"
            raise refuse(Place(file, row), "not readable as an event of an EDL", remedy)
    if not events:
        raise refuse(Place(file), "there are no events in it", "export CMX 3600 from the sequence")
    return events, title, drop


def _keep(event: _Event, key: str, words: str) -> None:
    if key in {"LOC", "COMMENT"}:
        found = _LOCATOR.match(words)
        event.locators.append(editing.said(found[2] if found else words))
    else:
        event.said[key] = words


@dataclass(slots=True)
class _Record:
    """Reads events into clips that still count their frames from midnight."""

    file: str
    base: Timebase
    findings: list[Finding]
    clips: list[EditClip] = field(default_factory=list[EditClip])
    warned: set[str] = field(default_factory=set[str])

    def take(self, event: _Event) -> None:
        place = clip_place(self.file, event.name, event.times[2], event.row)
        if "V" not in event.channel and event.channel != "B":
            if "sound" not in self.warned:
                self.findings.append(editing.left_out(place, "sound"))
            self.warned.add("sound")
            return
        if re.fullmatch(r"V[2-9]\d*", event.channel):
            self.findings.append(editing.tracks(place, event.channel, 1))
            return
        try:
            first, last, begins, ends = (self.base.frame(written) for written in event.times)
        except BadValue as failure:
            self.findings.append(error(place, failure.problem, failure.remedy, rule="edit.timecode"))
            return
        if begins == ends and event.kind == "C":  # the outgoing half of a transition
            return
        self._findings(event, place, last - first, ends - begins)
        if event.reel.upper() in _BLACK:
            self.findings.append(editing.left_out(place, "black"))
        elif ends <= begins:
            self.findings.append(editing.lengthless(place, f"it is {ends - begins} frames long"))
        else:
            self.clips.append(
                EditClip(
                    name=harmless(event.name),
                    place=place,
                    start=begins,
                    frames=ends - begins,
                    source=first,
                    media=editing.media_path(event.media),
                    reel=event.reel,
                    prompt="; ".join(filter(None, event.locators)),
                )
            )

    def _findings(self, event: _Event, place: Place, source: int, record: int) -> None:
        if event.kind != "C":
            name = {"D": "dissolve", "W": "wipe"}.get(event.kind, "key")
            self.findings.append(editing.transition(place, name, event.length))
        if event.speed:
            share = float(event.speed) / float(self.base.fps)
            self.findings.append(editing.speed(place, f"a speed of {share:.0%}"))
        elif source != record:
            self.findings.append(editing.speed(place, f"{source} frames of its source shown in {record}"))


def _from(clip: EditClip, begins: int) -> EditClip:
    return replace(clip, start=clip.start - begins)
