"""What is done to a take's length: the pure rule, held to its promises at the rates that models and cuts have."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from laws import tries

from farm.conform import TURN_S, Done, conform, filled, step_of
from farm.shots.model import DurationFit

TRIM, HOLD, RETIME, EXTEND = DurationFit
FILM = Fraction(24000, 1001)
RATES = st.sampled_from([Fraction(n) for n in (7, 8, 12, 16, 24, 25, 30, 60)] + [FILM, Fraction(60000, 1001)])
PAIRS = [(Fraction(7), 24), (Fraction(16), 24), (Fraction(24), 25), (FILM, 24)]


def positions(plan) -> list[Fraction]:
    return [plan.position(number) for number in range(plan.frames)]


@pytest.mark.parametrize("rate", PAIRS, ids=lambda pair: f"{float(pair[0]):.5g} to {pair[1]}")
@pytest.mark.parametrize("rule", DurationFit)
def test_a_take_of_the_cuts_own_time_plays_as_it_is(rule, rate):
    fps, wanted = rate[0], Fraction(rate[1])
    frames = 4 * round(fps)
    plan = conform(rule, frames, fps, filled(frames, step_of(fps, wanted)), wanted)
    assert plan.done is Done.NONE
    expected = [min(Fraction(frames - 1), number * step_of(fps, wanted)) for number in range(plan.frames)]
    assert positions(plan) == expected


@pytest.mark.parametrize(
    ("rule", "frames", "fps", "wanted", "rate", "done", "some"),
    [
        # 7 -> 24: 14 frames last two seconds, 48 of the cut's
        (TRIM, 14, 7, 36, 24, Done.TRIM, {0: 0, 24: 7, 35: Fraction(245, 24)}),
        (HOLD, 14, 7, 36, 24, Done.FASTER, {0: 0, 35: 13}),
        (TRIM, 14, 7, 60, 24, Done.HOLD, {0: 0, 24: 7, 47: 13, 59: 13}),
        (HOLD, 14, 7, 60, 24, Done.HOLD, {59: 13}),
        (RETIME, 14, 7, 96, 24, Done.SLOWER, {0: 0, 95: 13}),
        (EXTEND, 14, 7, 60, 24, Done.SLOWER, {0: 0, 59: 13}),
        (EXTEND, 14, 7, 96, 24, Done.BACK, {0: 0, 24: 7}),
        # 16 -> 24
        (TRIM, 81, 16, 77, 24, Done.TRIM, {0: 0, 3: 2, 76: Fraction(152, 3)}),
        (RETIME, 81, 16, 77, 24, Done.FASTER, {0: 0, 19: 20, 38: 40, 76: 80}),
        (RETIME, 33, 16, 97, 24, Done.SLOWER, {0: 0, 48: 16, 96: 32}),
        (HOLD, 33, 16, 97, 24, Done.HOLD, {48: 32, 96: 32}),
        # 24 -> 25
        (TRIM, 48, 24, 50, 25, Done.NONE, {0: 0, 25: 24, 49: 47}),
        (TRIM, 48, 24, 60, 25, Done.HOLD, {49: 47, 59: 47}),
        (RETIME, 49, 24, 49, 25, Done.FASTER, {0: 0, 24: 24, 48: 48}),
        # 23.976 -> 24: frame for frame
        (TRIM, 48, FILM, 48, 24, Done.NONE, {0: 0, 24: 24, 47: 47}),
        (TRIM, 60, FILM, 48, 24, Done.TRIM, {47: 47}),
        (HOLD, 40, FILM, 48, 24, Done.HOLD, {39: 39, 47: 39}),
        (EXTEND, 47, FILM, 48, 24, Done.SLOWER, {0: 0, 47: 46}),
        # edges
        (RETIME, 1, 24, 48, 24, Done.HOLD, {0: 0, 47: 0}),
        (EXTEND, 1, 24, 48, 24, Done.HOLD, {0: 0, 47: 0}),
        (RETIME, 48, 24, 1, 24, Done.TRIM, {0: 0}),
        (EXTEND, 2, 24, 9, 24, Done.BACK, {0: 0}),
        (RETIME, 2, 24, 9, 24, Done.SLOWER, {0: 0, 4: Fraction(1, 2), 8: 1}),
    ],
)
def test_what_becomes_of_a_take(rule, frames, fps, wanted, rate, done, some):
    plan = conform(rule, frames, Fraction(fps), wanted, Fraction(rate))
    assert plan.done is done
    assert {number: plan.position(number) for number in some} == some


@given(
    rule=st.sampled_from(list(DurationFit)),
    frames=st.integers(1, 200),
    fps=RATES,
    wanted=st.integers(1, 400),
    rate=RATES,
    smooth=st.booleans(),
)
@settings(max_examples=tries(400), deadline=None)
def test_the_rule_keeps_its_promises(rule, frames, fps, wanted, rate, smooth):
    plan = conform(rule, frames, fps, wanted, rate, smooth=smooth)
    at = positions(plan)
    steps = [after - before for before, after in pairwise(at)]
    assert (plan.frames, len(at), at[0]) == (wanted, wanted, 0)
    assert all(0 <= each <= frames - 1 for each in at)
    assert all(abs(step) <= max(plan.step, 0) for step in steps), "nothing is ever played faster than the plan says"
    if plan.done is not Done.BACK:
        assert all(step >= 0 for step in steps)
    if plan.done in {Done.FASTER, Done.SLOWER}:
        assert at[-1] == frames - 1, "the whole take is shown"
    if rule in {HOLD, RETIME} and wanted > 1:
        assert max(at) == frames - 1 or max(at) > frames - 2 * plan.step, "no motion is cut that would fill a frame"
    if rule in {TRIM, HOLD} and plan.done is Done.HOLD:
        assert at[-1] > frames - 1 - plan.step, "held from the last frame that is due on"
    if plan.done is Done.BACK:
        held = [step for step in steps if step == 0]
        assert len(held) <= 1 + wanted * plan.step / max(1, frames - 1), "it never freezes"
    assert plan.words() == "" or plan.done is not Done.NONE


@given(frames=st.integers(2, 120), fps=RATES, wanted=st.integers(2, 900), rate=RATES)
@settings(max_examples=tries(200), deadline=None)
def test_a_turn_is_eased(frames, fps, wanted, rate):
    plan = conform(EXTEND, frames, fps, wanted, rate, smooth=False)
    if plan.done is not Done.BACK:
        return
    at = positions(plan)
    bends = [abs(c - 2 * b + a) for a, b, c in zip(at, at[1:], at[2:], strict=False)]
    assert plan.ease <= TURN_S * rate
    assert max(bends, default=0) <= plan.step / plan.ease, "speed changes evenly over the turn"


def test_a_rate_a_thousandth_off_is_taken_frame_for_frame():
    plan = conform(TRIM, 100, FILM, 100, Fraction(24))
    assert positions(plan) == list(range(100))
    assert not plan.is_ready
    assert conform(TRIM, 100, FILM, 90, FILM).is_ready


def test_frames_that_may_not_be_made_are_not_slowed_for():
    assert conform(EXTEND, 40, Fraction(24), 48, Fraction(24)).done is Done.SLOWER
    assert conform(EXTEND, 40, Fraction(24), 48, Fraction(24), smooth=False).done is Done.BACK


@pytest.mark.parametrize(
    ("rule", "frames", "words"),
    [
        (TRIM, 60, "0.50 s longer than the cut: its end is not used"),
        (TRIM, 36, "0.50 s short of the cut: its last frame is held"),
        (RETIME, 60, "played faster to fit the cut, at 126% of its speed"),
        (RETIME, 36, "played slower to fit the cut, at 74% of its speed"),
        (EXTEND, 24, "1.00 s short of the cut: it plays back from its end"),
        (EXTEND, 48, ""),
    ],
)
def test_it_is_said(rule, frames, words):
    assert conform(rule, frames, Fraction(24), 48, Fraction(24)).words() == words
