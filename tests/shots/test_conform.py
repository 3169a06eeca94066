"""A changed cut: what became of each shot, and the least that has to be done about it."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.findings import Place
from farm.shots.conform import Span, Work, adapted, changes
from farm.shots.edit import Edit, EditClip
from farm.shots.model import Shot, ShotList
from farm.shots.timecode import Timebase

FPS = Fraction(25)


def shot(code, frames=50, handles=8, **more):
    asked = {"place": Place("shots.csv", 2), "still": f"/{code}.png", "fps": FPS, "width": 64, "height": 36}
    return Shot(code=code, nb_frames=frames, handles=handles, **(asked | more))


def shots(*found, fps=FPS):
    return ShotList(project="lake", name="shots", shots=found, fps=fps, width=64, height=36)


def clip(name, frames=50, source=0, **more):
    given = {"media": f"{name}.mp4", "media_start": 0, "media_frames": 50, "place": Place("new.otio")} | more
    return EditClip(name=name, start=0, frames=frames, source=source, **given)


def edit(*clips, fps=FPS):
    start, placed = 0, []
    for each in clips:
        placed.append(EditClip(**{name: getattr(each, name) for name in each.__dataclass_fields__} | {"start": start}))
        start += each.frames
    return Edit(file="new.otio", base=Timebase.usual(fps), start=90000, clips=tuple(placed))


OLD = shots(shot("sh010"), shot("sh020"), shot("sh030"))


def said(old, *clips):
    return [(each.code, " ".join(each.what), each.work) for each in changes(old, edit(*clips))]


def test_the_same_cut_changes_nothing():
    found = changes(OLD, edit(clip("sh010"), clip("sh020"), clip("sh030")))
    assert [(each.what, each.work) for each in found] == [((), Work.NONE)] * 3
    assert [each.after for each in found] == [Span(0, 50), Span(50, 50), Span(100, 50)]
    assert adapted(OLD, found).shots == tuple(
        shot(code, cut_order=number) for number, code in enumerate(("sh010", "sh020", "sh030"), 1)
    )


@pytest.mark.parametrize(
    ("changed", "what", "work", "trims"),
    [
        (clip("sh020", 40), "shrank", Work.DELIVER, (50, 0, 10)),
        (clip("sh020", 40, 10), "shrank", Work.DELIVER, (50, 10, 0)),
        (clip("sh020", 50, 4), "slipped", Work.DELIVER, (50, 4, -4)),
        (clip("sh020", 58), "grew", Work.DELIVER, (50, 0, -8)),
        (clip("sh020", 66, -8), "grew", Work.DELIVER, (50, -8, -8)),
        (clip("sh020", 59), "grew", Work.RENDER, (59, 0, 0)),
        (clip("sh020", 50, 9), "slipped", Work.RENDER, (50, 0, 0)),
        (clip("sh020", 1, 49), "shrank", Work.DELIVER, (50, 49, 0)),
    ],
    ids=["tail", "head", "slip", "tail handle", "both handles", "too long", "too late", "one frame"],
)
def test_a_shot_is_rendered_only_beyond_its_handles(changed, what, work, trims):
    found = changes(OLD, edit(clip("sh010"), changed, clip("sh030")))[1]
    assert (" ".join(found.what), found.work) == (what, work)
    assert (found.shot.nb_frames, found.shot.trim_in, found.shot.trim_out) == trims


def test_what_a_shot_was_trimmed_by_it_may_grow_back():
    old = shots(shot("sh010", trim_in=5, trim_out=15))
    (found,) = changes(old, edit(clip("sh010", 45, -5)))
    assert (found.what, found.work) == (("grew",), Work.DELIVER)
    assert (found.shot.trim_in, found.shot.trim_out, found.shot.length) == (0, 5, 45)


def test_media_with_handles_of_its_own_begins_before_the_cut():
    (found,) = changes(shots(shot("sh010")), edit(clip("sh010", 50, 8)), heads={"sh010": 8})
    assert (found.what, found.work) == ((), Work.NONE)


@pytest.mark.parametrize(("source", "slip"), [(0, 0), (5, 5), (1001, 0), (1004, 3)])
def test_an_edl_counts_from_zero_or_from_the_first_frame(source, slip):
    (found,) = changes(shots(shot("sh010")), edit(clip("sh010", 40, source, media_start=None, media_frames=None)))
    assert found.shot.trim_in == slip


def test_what_moved_went_and_is_new():
    assert said(OLD, clip("sh030"), clip("sh010"), clip("sh040", 20)) == [
        ("sh030", "moved", Work.ASSEMBLE),
        ("sh010", "", Work.NONE),
        ("sh040", "new", Work.RENDER),
        ("sh020", "gone", Work.ASSEMBLE),
    ]


def test_a_shot_that_only_starts_later_has_not_moved():
    assert said(OLD, clip("new", 10), clip("sh010", 55), clip("sh020"), clip("sh030")) == [
        ("new", "new", Work.RENDER),
        ("sh010", "grew", Work.DELIVER),
        ("sh020", "", Work.NONE),
        ("sh030", "", Work.NONE),
    ]


def test_a_shot_that_stands_twice_shares_its_takes():
    found = changes(OLD, edit(clip("sh010", 20), clip("sh020"), clip("sh010", 30, 20), clip("sh030")))
    assert [(each.code, each.of, each.what, each.work) for each in found] == [
        ("sh010", "sh010", ("shrank",), Work.DELIVER),
        ("sh020", "sh020", (), Work.NONE),
        ("sh010_2", "sh010", ("again",), Work.DELIVER),
        ("sh030", "sh030", (), Work.NONE),
    ]
    again = found[2].shot
    assert (again.still, again.nb_frames, again.trim_in, again.length) == ("/sh010.png", 50, 20, 30)


@pytest.mark.parametrize(
    ("name", "media", "code"),
    [
        ("SH010", "", "sh010"),
        ("sh010.mov", "", "sh010"),
        ("lake_sq010_sh010_review_v001", "", "sh010"),
        ("clip 4", "publish/lake_sh010_review_v003.mp4", "sh010"),
        ("sh0101", "", None),
        ("xsh010", "", None),
    ],
)
def test_a_clip_is_known_by_the_code_in_its_names(name, media, code):
    (found, *_) = changes(OLD, edit(clip(name, media=media)))
    assert (found.of or None) == code


def test_the_longest_code_in_a_name_wins():
    old = shots(shot("a"), shot("a_b"))
    assert changes(old, edit(clip("show_a_b_v001")))[0].code == "a_b"


def test_a_cut_at_another_rate_is_converted():
    old = shots(shot("sh010"), shot("sh020"))
    found = changes(old, edit(clip("sh010", 48), clip("sh020", 24), fps=Fraction(24)))
    assert [(each.what, each.work) for each in found] == [((), Work.NONE), (("shrank",), Work.DELIVER)]
    assert found[1].shot.length == 25


def test_a_shot_at_a_rate_of_its_own_counts_its_own_frames():
    old = shots(shot("sh010", 100, fps=Fraction(50)))
    (found,) = changes(old, edit(clip("sh010", 52)))
    assert (found.work, found.shot.length, found.shot.trim_out) == (Work.DELIVER, 104, -4)


@given(st.permutations(range(6)), st.lists(st.integers(1, 90), min_size=6, max_size=6))
def test_the_adapted_list_is_the_new_cut(order, lengths):
    old = shots(*(shot(f"sh{number}") for number in range(6)))
    new = edit(*(clip(f"sh{number}", frames) for number, frames in zip(order, lengths, strict=True)))
    found = changes(old, new)
    made = adapted(old, found)
    assert [(each.code, each.length) for each in made.shots] == [(each.name, each.frames) for each in new.clips]
    for each in found:
        kept = (each.shot.nb_frames, each.shot.handles) == (50, 8)
        assert kept == (each.work is not Work.RENDER)
        assert each.shot.trim_in >= -8 <= each.shot.trim_out
    assert [(each.what, each.work) for each in changes(made, new)] == [((), Work.NONE)] * 6


@given(st.permutations(range(7)))
def test_no_fewer_shots_could_have_moved(order):
    old = shots(*(shot(f"sh{number}") for number in range(7)))
    found = changes(old, edit(*(clip(f"sh{number}") for number in order)))
    stayed = [number for number, each in zip(order, found, strict=True) if "moved" not in each.what]
    assert stayed == sorted(stayed)
    assert len(stayed) == _longest(order)


def _longest(order):
    best = [1] * len(order)
    for at, number in enumerate(order):
        best[at] += max((best[before] for before in range(at) if order[before] < number), default=0)
    return max(best)


@pytest.mark.parametrize(
    ("trims", "found"),
    [
        ("-9,0", 'column "Trim in": 9 frames beyond the cut are more than its handles of 8'),
        ("0,-9", 'column "Trim out": 9 frames beyond the cut are more than its handles of 8'),
        ("20,30", 'column "Trim out": nothing of 50 frames is left (trim less)'),
        ("5,-8", ""),
    ],
)
def test_trims_stay_inside_what_is_rendered(write, said, trims, found):
    (*wrong,) = said(write("cut.csv", f"Shot,Still,Frames,Handles,Trim in,Trim out\nsh010,a.png,50,8,{trims}\n"))
    assert [found in each for each in wrong] == [True] * bool(found)
