"""What a changed cut asks of shots that are rendered already: as little as possible.

    ShotList (as rendered) + Edit (as it came back) ──changes──▶ one Change a shot ──adapted──▶ ShotList

A shot was rendered with handles. While the new cut stays inside them nothing is rendered: `trim_in` and `trim_out` move
the part that is shown, and the clip is delivered anew. Beyond them the shot is rendered at its new length. Shots that
only changed places are assembled anew, and what left the cut leaves the list; its takes stay in the store.

    nb_frames with handles   |--h--|=============|--h--|
    shown before                   |<-- length ->|
    shown now                    |<--- length --->|          trim_in < 0: into the handle

"Moved" means out of order: a shot that only starts later because one before it grew has not moved.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction

from farm.shots.edit import Edit, EditClip
from farm.shots.model import Shot, ShotList
from farm.shots.reading.timing import half_up


class Work(StrEnum):
    """What a change costs, the dearest first."""

    RENDER = "render"
    """Takes are made at the new length, or for the first time."""
    DELIVER = "deliver"
    """The clip is cut anew out of its take."""
    ASSEMBLE = "assemble"
    """Only the animatic and its timelines are."""
    NONE = "nothing"


@dataclass(frozen=True, slots=True)
class Span:
    """Where a shot stands: first frame and length, in frames of its cut."""

    start: int
    frames: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What became of one shot."""

    code: str
    of: str = ""
    """The code of the old list's shot; "" for a new one."""
    what: tuple[str, ...] = ()
    """Of: new, gone, again, moved, grew, shrank, slipped."""
    work: Work
    before: Span | None = None
    after: Span | None = None
    shot: Shot | None = None
    """As it is asked for now; None for a shot that is gone, and for a new one, of which the old list knows nothing."""
    clip: EditClip | None = None
    """In the new cut; None for a shot that is gone."""


def changes(old: ShotList, new: Edit, heads: Mapping[str, int] | None = None) -> tuple[Change, ...]:
    """What the new cut changes, in its order; what is gone comes last.

    `heads` are frames of a shot's delivered media before its cut begins, by code; none where that is not said.
    """
    codes = {shot.code.casefold(): shot for shot in old.shots}
    before = _spans(old)
    found = [(clip, _shot_of(clip, codes)) for clip in new.clips]
    seen: dict[str, int] = {}
    drawn: list[Change] = []
    stays = _in_order([old.shots.index(shot) if shot else None for _, shot in found])
    taken = {shot.code.casefold() for shot in old.shots} | {clip.shot.casefold() for clip in new.clips}
    for (clip, shot), stayed in zip(found, stays, strict=True):
        after = Span(clip.start, clip.frames)
        if shot is None:
            drawn.append(Change(code=clip.shot, what=("new",), work=Work.RENDER, after=after, clip=clip))
            continue
        head = (heads or {}).get(shot.code, 0)
        change = _change(shot, before[shot.code], clip, _Rates(old.fps, new.fps), head, moved=not stayed)
        seen[shot.code] = seen.get(shot.code, 0) + 1
        drawn.append(change if seen[shot.code] == 1 else _again(change, seen[shot.code], taken))
    gone = (shot for shot in old.shots if shot.code not in seen)
    return (*drawn, *(_gone(shot, before[shot.code]) for shot in gone))


def adapted(old: ShotList, made: Sequence[Change], added: Mapping[str, Shot] | None = None) -> ShotList:
    """The list of the new cut: kept shots as they are asked for now, and `added` ones, by code, where they are new."""
    shots = [shot for change in made if change.clip and (shot := change.shot or (added or {}).get(change.code))]
    return replace(old, shots=tuple(replace(shot, cut_order=number) for number, shot in enumerate(shots, 1)))


@dataclass(frozen=True, slots=True)
class _Rates:
    """Of the old cut and of the new one."""

    old: Fraction
    new: Fraction

    def frames(self, count: int, fps: Fraction) -> int:
        """Frames of the new cut, counted at `fps`."""
        return half_up(count * fps / self.new)


def _change(shot: Shot, before: Span, clip: EditClip, rates: _Rates, head: int, *, moved: bool) -> Change:
    """What becomes of a shot that stays."""
    slip = rates.frames(_offset(shot, clip), shot.fps) - head
    grown = rates.frames(clip.frames, rates.old) - before.frames
    what = tuple(
        word
        for word, holds in (
            ("moved", moved),
            ("grew", grown > 0),
            ("shrank", grown < 0),
            ("slipped", slip and not grown),
        )
        if holds
    )
    length = shot.length if not grown else rates.frames(clip.frames, shot.fps)
    trim_in = shot.trim_in + slip
    asked = replace(shot, trim_in=trim_in, trim_out=shot.nb_frames - trim_in - length)
    work = Work.ASSEMBLE if moved else Work.NONE
    if min(asked.trim_in, asked.trim_out) < -shot.handles:
        asked, work = replace(shot, nb_frames=length, trim_in=0, trim_out=0), Work.RENDER
    elif asked != shot:
        work = Work.DELIVER
    after = Span(clip.start, clip.frames)
    return Change(code=shot.code, of=shot.code, what=what, work=work, before=before, after=after, shot=asked, clip=clip)


def _offset(shot: Shot, clip: EditClip) -> int:
    """The first frame that is seen, counted from the first that the media has."""
    if clip.is_still or not clip.media:
        return 0
    if clip.media_start is not None:
        return clip.source - clip.media_start
    return clip.source - shot.frame_in if clip.source >= shot.frame_in else clip.source


def _again(change: Change, number: int, taken: set[str]) -> Change:
    """The second place of one shot: a shot of its own that shares the first one's takes."""
    assert change.shot is not None
    code = next(name for count in range(number, 10**6) if (name := f"{change.code}_{count}").casefold() not in taken)
    taken.add(code.casefold())
    work = change.work if change.work is Work.RENDER else Work.DELIVER
    return replace(change, code=code, what=("again",), work=work, before=None, shot=replace(change.shot, code=code))


def _gone(shot: Shot, before: Span) -> Change:
    return Change(code=shot.code, of=shot.code, what=("gone",), work=Work.ASSEMBLE, before=before)


def _spans(old: ShotList) -> dict[str, Span]:
    spans: dict[str, Span] = {}
    start = 0
    for shot in old.shots:
        frames = max(1, half_up(shot.duration_s * old.fps))
        spans[shot.code] = Span(start, frames)
        start += frames
    return spans


def _shot_of(clip: EditClip, codes: Mapping[str, Shot]) -> Shot | None:
    """The shot a clip is of: by its own code, or by one that stands whole in its name or in its media's."""
    if exact := codes.get(clip.shot.casefold()):
        return exact
    for name in (clip.name.casefold(), clip.media.replace("\\", "/").rsplit("/", 1)[-1].casefold()):
        if inside := [code for code in codes if _holds(name, code)]:
            return codes[max(inside, key=len)]
    return None


def _holds(name: str, code: str) -> bool:
    return bool(re.search(rf"(?<![^\W_]){re.escape(code)}(?![^\W_])", name))


def _in_order(places: Sequence[int | None]) -> Iterator[bool]:
    """Which of the old shots keep their order: the longest run of places that only rises. New ones move nothing."""
    ends: list[int] = []
    lengths: list[int] = []
    for place in places:
        if place is None:
            lengths.append(0)
            continue
        at = bisect_left(ends, place)
        ends[at : at + 1] = [place]
        lengths.append(at + 1)
    kept: set[int] = set()
    wanted, below = len(ends), 10**9
    for index in range(len(places) - 1, -1, -1):
        place = places[index]
        if place is not None and lengths[index] == wanted and place < below:
            kept.add(index)
            wanted, below = wanted - 1, place
    return (place is None or index in kept for index, place in enumerate(places))
