"""Time in a shot: plain where it does not loop, closed where it does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.models.animatic.clock import Clock, way
from farm.shots.intent import Direction

LOOPS = st.builds(Clock, st.sampled_from([12.0, 23.976, 24.0, 25.0, 60.0]), st.integers(2, 600), st.just(True))


@given(LOOPS, st.floats(-20, 20).filter(lambda rate: abs(rate) > 1e-3))
def test_rates_make_whole_cycles_in_a_loop(clock, rate):
    cycles = clock.hz(rate) * clock.length_s
    assert cycles == pytest.approx(round(cycles), abs=1e-6)
    assert abs(round(cycles)) >= 1
    assert (cycles > 0) == (rate > 0)
    assert abs(abs(cycles) - abs(rate) * clock.length_s) <= 1.0


@given(LOOPS, st.integers(0, 5000))
def test_a_loop_repeats_and_its_passes_keep_their_contrast(clock, index):
    assert clock.passes(index) == clock.passes(index + clock.frames)
    assert clock.time_s(index) == clock.time_s(index + clock.frames)
    assert sum(weight**2 for _, weight in clock.passes(index)) == pytest.approx(1.0)


@given(LOOPS)
def test_one_pass_hands_over_to_the_next(clock):
    (first, full), (second, none) = clock.passes(0)
    assert (first, full, none) == (0.0, 1.0, 0.0)
    last = clock.passes(clock.frames - 1)
    # the pass that comes in is about to be where the other one began
    assert last[1][0] == pytest.approx(-1 / clock.fps)
    assert second == pytest.approx(-clock.length_s)


def test_without_a_loop_time_goes_on():
    clock = Clock(24.0, 48, loop=False)
    assert clock.time_s(72) == 3.0
    assert clock.hz(0.37) == 0.37
    assert clock.passes(72) == ((3.0, 1.0),)


@pytest.mark.parametrize(
    ("direction", "expected"),
    [
        (Direction.LEFT, (-1, 0)),
        (Direction.RIGHT, (1, 0)),
        (Direction.UP, (0, -1)),
        (Direction.DOWN, (0, 1)),
        (Direction.IN, (5, 6)),
        (Direction.NONE, (5, 6)),
    ],
)
def test_ways(direction, expected):
    assert way(direction, (5, 6)) == expected
