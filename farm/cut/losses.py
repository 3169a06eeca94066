"""What each timeline format leaves out of this cut: said before an editor finds out.

    AssembleParams ──losses──▶ {"edl": ("prompts and scores: ...",), "fcp_xml": (...), ...}

Only what this cut really has is counted: a cut in which every shot has a clip loses no slate.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from farm.chain import AssembleParams
from farm.cut.edl import COMMENT, EVENTS, REEL, plain, reels
from farm.cut.events import CutEvent, events
from farm.cut.fcp7 import expressible
from farm.shots.reading.timing import rate_text

_KEPT = "; the .csv beside it keeps them"


def losses(params: AssembleParams) -> dict[str, list[str]]:
    """By output, a sentence for everything its format leaves out; an empty list where nothing is lost."""
    cut = list(events(params))
    return {
        "timeline": [],
        "fcp_xml": list(_fcp7(cut, params.fps)),
        "fcpxml": list(_fcpxml(cut)),
        "edl": list(_edl(cut, params.fps)),
    }


def _fcp7(cut: Sequence[CutEvent], fps: Fraction) -> Iterator[str]:
    yield from _fields(cut)
    if not expressible(fps):
        yield f"the rate: {rate_text(fps)} fps is none that FCP7 can say, and it is rounded up"
    odd = [event for event in cut if event.has_media and event.media_fps != fps and not expressible(event.media_fps)]
    if odd:
        yield f"the own rate of {_clips(odd)}: counted in the cut's frames instead"


def _fcpxml(cut: Sequence[CutEvent]) -> Iterator[str]:
    yield from _fields(cut)
    slates = [event for event in cut if not event.has_media]
    if slates:
        yield f"{_clips(slates)} without media: a gap with the shot's name, in which nothing can be relinked"
    if any(not event.entry.has_clip for event in cut):
        yield "colours of markers"


def _edl(cut: Sequence[CutEvent], fps: Fraction) -> Iterator[str]:
    yield from _fields(cut)
    yield "the rate and the frame's size, which no EDL says: set them where you import"
    handles = [event for event in cut if event.has_media and event.media_frames > event.frames * event.media_fps / fps]
    if handles:
        yield f"how far the media of {_clips(handles)} reaches: handles are there, and not listed"
    codes = [event.entry.code for event in cut]
    short = sum(reel != code.upper() for reel, code in zip(reels(codes), codes, strict=True))
    if short:
        yield f"{_counted(short, 'reel')} cannot be the shot's code: {REEL} letters and digits; the clip name is whole"
    words = [f"{event.mark} {event.comment}" for event in cut]
    foreign = sum(plain(each, 10**6) != " ".join(each.split()) for each in words)
    if foreign:
        yield f"letters outside ASCII in {_counted(foreign, 'note')}{_kept(cut)}"
    long = sum(len(each) > COMMENT for each in words)
    if long:
        yield f"the end of {_counted(long, 'note')} over {COMMENT} letters{_kept(cut)}"
    if len(cut) > EVENTS:
        yield f"nothing, but {len(cut)} events are more than the {EVENTS} that older systems read"


def _fields(cut: Sequence[CutEvent]) -> Iterator[str]:
    """What shots carry beside their place in the cut."""
    fields = {name for event in cut for name in event.entry.shot} - {"prompt"}
    if fields:
        yield f"{', '.join(sorted(fields))} of the shots{_KEPT}"


def _kept(cut: Sequence[CutEvent]) -> str:
    return _KEPT if any(event.entry.shot for event in cut) else ""


def _clips(found: Sequence[CutEvent]) -> str:
    return found[0].entry.code if len(found) == 1 else f"{len(found)} shots"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
