"""The cut as a CMX 3600 EDL.

Written here and not by OTIO's adapter, which leaves out FCM, records from zero instead of the cut's timecode, counts
29.97 without drop-frame, and takes the reel from a file's name, so that all shots may share one.

    FCM: DROP FRAME
    001  SH010    V     C        00:00:00;00 00:00:03;12 01:00:00;00 01:00:03;12
    * FROM CLIP NAME:  sh010
    * FRAME RATE: 29.97

The rate is a comment of ours below the first event: programs leave it alone, and the farm reads it. An EDL is ASCII,
its reels have eight letters: they are made of the shots' codes, and unique.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from urllib.parse import quote

from farm.chain import AssembleParams
from farm.cut.events import CutEvent, events, timebase
from farm.shots.reading.timing import rate_text
from farm.shots.timecode import Timebase

REEL = 8
"""Letters of a reel."""
EVENTS = 999
"""Events that three digits can number; more are written, and some systems refuse them."""
COMMENT = 200
"""Letters of a comment."""

_KEPT = " !#$&'()+,-./:;=@[]^_`{}~"
"""Signs of a path that stay as they are; letters outside ASCII become %C3%A4."""

_RESERVED = frozenset({"AX", "BL", "BLACK", "BARS"})


def edl(params: AssembleParams) -> str:
    """The cut as the text of an EDL."""
    base = timebase(params)
    cut = list(events(params))
    named = reels(event.entry.code for event in cut)
    head = [f"TITLE: {plain(params.title, 70)}", f"FCM: {'DROP FRAME' if base.drop else 'NON-DROP FRAME'}", ""]
    lines = (
        line
        for number, (event, reel) in enumerate(zip(cut, named, strict=True), 1)
        for line in _event(number, event, reel, base)
    )
    return "\n".join([*head, *lines, ""])


def _event(number: int, event: CutEvent, reel: str, base: Timebase) -> Iterator[str]:
    record = base.start + event.start
    times = (event.source, event.source + event.frames, record, record + event.frames)
    yield f"{number:03}  {reel:8} V     C        {' '.join(map(base.text, times))}"
    yield f"* FROM CLIP NAME:  {plain(event.entry.code)}"
    if event.has_media:
        yield f"* FROM CLIP: {quote(event.entry.media, safe=_KEPT)}"
    colour = "GREEN" if event.entry.has_clip else "ORANGE"
    words = f"{event.mark} {event.comment}"
    yield f"* LOC: {base.text(record)} {colour:7} {plain(words)}"
    if number == 1:
        yield f"* FRAME RATE: {rate_text(event.fps)}"
    yield ""


def reels(codes: Iterable[str]) -> list[str]:
    """A reel for each code: its first eight letters, the last ones made a number where two would be alike.

    >>> reels(["sh010", "sequence010_sh010", "sequence010_sh020"])
    ['SH010', 'SEQUENCE', 'SEQUENC2']
    """
    taken: set[str] = set(_RESERVED)
    found: list[str] = []
    for code in codes:
        whole = re.sub(r"[^A-Z0-9]", "", plain(code).upper()) or "SHOT"
        reel, number = whole[:REEL], 1
        while reel in taken:
            number += 1
            reel = f"{whole[: REEL - len(str(number))]}{number}"
        taken.add(reel)
        found.append(reel)
    return found


def plain(words: str, limit: int = COMMENT) -> str:
    """One line of ASCII: accents fall off their letters, what has no such letter becomes "?"."""
    bare = unicodedata.normalize("NFKD", " ".join(words.split()))
    line = "".join(char if char.isascii() else "?" for char in bare if not unicodedata.combining(char))
    return line if len(line) <= limit else f"{line[: limit - 3]}..."
