"""Estimates: what is learned from the last durations, and what is answered before there are any."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.scheduler.estimates import ENOUGH, GENEROUS, OVERRUN, SHAPES_MAX, WINDOW, Estimates
from farm.scheduler.policy import Policy

durations = st.lists(st.floats(0.1, 1e5), min_size=1, max_size=3 * WINDOW)


def learned(*seconds: float, floor_s: float = 600) -> Estimates:
    estimates = Estimates(Policy(timeout_floor_s=floor_s), prior_s=77)
    for duration_s in seconds:
        estimates.observe("wan", "720p", duration_s)
    return estimates


def test_what_is_unknown_takes_as_long_as_the_longest_of_its_lane_or_the_prior() -> None:
    estimates = learned(10, 20)
    assert estimates.expected_s("wan", "720p") == 15
    assert estimates.expected_s("wan", "480p") == 20
    assert estimates.expected_s("wan", "480p", 30) == OVERRUN * 30
    assert estimates.expected_s("cpu", "720p") == 77
    assert (estimates.p95_s("wan", "720p"), estimates.p95_s("wan", "480p")) == (20, None)
    assert (estimates.known("wan", "720p"), estimates.known("wan", "480p")) == (2, 0)


@pytest.mark.parametrize(
    ("age_s", "expected_s"),
    [(0, 25), (9, 25), (10, 30), (25, 35), (40, 60), (100, 150)],
    ids=["new", "as young as any", "the first is ruled out", "half are", "as old as the oldest", "older than any"],
)
def test_age_raises_what_is_expected(age_s: float, expected_s: float) -> None:
    estimates = learned(10, 20, 30, 40)
    assert estimates.expected_s("wan", "720p", age_s) == expected_s
    assert estimates.remaining_s("wan", "720p", age_s) == expected_s - age_s


def test_age_counts_where_nothing_is_known() -> None:
    assert learned().expected_s("wan", "720p", 76) == 77
    assert learned().expected_s("wan", "720p", 100) == OVERRUN * 100


@pytest.mark.parametrize(
    ("seconds", "timeout_s"),
    [
        pytest.param([], GENEROUS * 600, id="unknown"),
        pytest.param([10] * (ENOUGH - 1), GENEROUS * 600, id="too few"),
        pytest.param([10_000], 40_000, id="too few, and longer than generous"),
        pytest.param([10] * ENOUGH, 600, id="short ones have the floor"),
        pytest.param([200] * 19 + [9000], 800, id="one in twenty does not count"),
        pytest.param([200] * 18 + [900, 9000], 3600, id="the second longest of twenty does"),
        pytest.param([9000] * 10 + [200] * WINDOW, 800, id="what was long ago is forgotten"),
    ],
)
def test_timeouts(seconds: list[float], timeout_s: float) -> None:
    assert learned(*seconds).timeout_s("wan", "720p") == timeout_s


def test_memory_is_bounded_and_what_is_used_stays() -> None:
    estimates = Estimates(Policy())
    for i in range(SHAPES_MAX + 10):
        estimates.observe("wan", f"shape {i}", 5)
        estimates.observe("wan", "usual", 5)
    assert estimates.known("wan", "shape 0") == 0
    assert estimates.known("wan", f"shape {SHAPES_MAX + 9}") == 1
    assert estimates.known("wan", "usual") == WINDOW


@given(durations, st.floats(0, 2e5), st.floats(0, 2e5))
def test_an_estimate_never_falls_with_age_and_is_always_to_come(seconds: list[float], a: float, b: float) -> None:
    estimates = learned(*seconds)
    younger, older = sorted((a, b))
    assert estimates.expected_s("wan", "720p", younger) <= estimates.expected_s("wan", "720p", older) * (1 + 1e-12)
    assert estimates.remaining_s("wan", "720p", older) > 0 or older == 0


@given(durations)
def test_only_the_last_ones_count(seconds: list[float]) -> None:
    last = seconds[-WINDOW:]
    estimates = learned(*seconds)
    assert estimates.known("wan", "720p") == len(last)
    assert estimates.expected_s("wan", "720p") == pytest.approx(sum(last) / len(last))
    p95_s = estimates.p95_s("wan", "720p")
    assert p95_s is not None
    assert sum(s <= p95_s for s in last) >= 0.95 * len(last)
    assert sum(s < p95_s for s in last) < 0.95 * len(last)
