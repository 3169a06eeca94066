"""How a loop is made of a take: exactly the cut's frames, meeting where they should."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from laws import tries

from farm.looping import frames_needed, looped, method_of, overlap_of
from farm.shots.model import LoopMethod

AUTO, CROSSFADE, PINGPONG, MODEL = LoopMethod
RATES = st.sampled_from([Fraction(n) for n in (7, 8, 16, 24, 25, 30)] + [Fraction(24000, 1001)])


def around(plan) -> list:
    return [plan.meeting(number) for number in range(plan.total)]


@pytest.mark.parametrize(
    ("asked", "closes", "method", "frames"),
    [
        ({}, True, None, 64),
        ({"loop": True}, True, MODEL, 48),
        ({"loop": True}, False, CROSSFADE, 60),
        ({"loop": True, "loop_method": CROSSFADE}, True, CROSSFADE, 60),
        ({"loop": True, "loop_method": PINGPONG}, False, PINGPONG, 25),
        ({"loop": True, "loop_method": MODEL}, False, MODEL, 48),
        ({"loop_method": PINGPONG}, True, None, 64),
    ],
)
def test_who_closes_a_loop_and_from_what(shot, asked, closes, method, frames):
    wanted = shot("sh010", handles=8, **asked)
    assert method_of(wanted, closes=closes) is method
    assert frames_needed(wanted, closes=closes) == frames


def test_a_cross_fade_goes_over_into_what_came_before_its_first_frame():
    plan = looped(CROSSFADE, 60, Fraction(24), 48, Fraction(24))
    assert (plan.overlap, plan.step) == (12, 1)
    rounds = around(plan)
    assert [each.position for each in rounds] == list(range(12, 60))
    assert [each.other for each in rounds[36:]] == list(range(12))
    shares = [each.share for each in rounds]
    assert shares[:36] == [0.0] * 36
    assert shares[36:] == sorted(shares[36:])
    assert 0 < shares[36] < 0.03 and 0.97 < shares[47] < 1  # noqa: PT018


def test_handles_are_the_loop_gone_on_around():
    plain, handled = (looped(CROSSFADE, 60, Fraction(24), 48, Fraction(24), handles) for handles in (0, 8))
    assert around(handled) == [*around(plain)[-8:], *around(plain), *around(plain)[:8]]


def test_a_loop_of_the_models_is_ready_unless_it_needs_handles_or_another_length():
    assert looped(MODEL, 48, Fraction(24), 48, Fraction(24)).is_ready
    assert not looped(MODEL, 48, Fraction(24), 48, Fraction(24), 8).is_ready
    whole = looped(MODEL, 16, Fraction(8), 50, Fraction(24))
    assert not whole.is_ready
    assert [each.position for each in around(whole)] == [number * Fraction(16, 50) for number in range(50)]


@given(
    method=st.sampled_from([CROSSFADE, PINGPONG, MODEL]),
    frames=st.integers(1, 150),
    fps=RATES,
    wanted=st.integers(1, 300),
    rate=RATES,
    handles=st.integers(0, 12),
)
@settings(max_examples=tries(300), deadline=None)
def test_every_loop_has_the_cuts_frames_and_stays_within_the_take(method, frames, fps, wanted, rate, handles):
    plan = looped(method, frames, fps, wanted, rate, handles)
    rounds = around(plan)
    assert len(rounds) == wanted + 2 * handles
    within = frames if method is MODEL else frames - 1
    assert all(0 <= each.position <= within and 0 <= each.other <= within and 0 <= each.share < 1 for each in rounds)
    assert plan.overlap <= max(wanted // 3, 0) and overlap_of(wanted, rate) <= rate / 2  # noqa: PT018


@given(frames=st.integers(2, 150), fps=RATES, wanted=st.integers(4, 300), rate=RATES)
@settings(max_examples=tries(200), deadline=None)
def test_there_and_back_is_even_all_the_way_around(frames, fps, wanted, rate):
    plan = looped(PINGPONG, frames, fps, wanted, rate)
    at = [plan.meeting(number).position for number in range(wanted)]
    assert at[0] == 0
    assert at[1:] == at[1:][::-1], "the way back is the way out"
    steps = [after - before for before, after in pairwise([*at, at[0], at[1]])]
    assert all(abs(step) <= plan.step for step in steps)
    bends = [abs(after - before) for before, after in pairwise(steps)]
    assert max(bends) <= plan.step / plan.ease


@given(frames=st.integers(1, 150), fps=RATES, wanted=st.integers(3, 300), rate=RATES)
@settings(max_examples=tries(200), deadline=None)
def test_a_cross_fade_uses_its_whole_length_without_a_jump(frames, fps, wanted, rate):
    plan = looped(CROSSFADE, frames, fps, wanted, rate)
    at = [plan.meeting(number) for number in range(wanted)]
    assert all(after.position - before.position <= plan.step for before, after in pairwise(at))
    last = at[-1]
    if plan.overlap:
        assert last.share > 0.5 or plan.overlap == 1, "the end has gone over into the start"
        assert at[0].position - last.other <= plan.step, "which goes on with the first frame"
