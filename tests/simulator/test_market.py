"""The market: what nodes cost, when they come, when there are none, and when they are taken away."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.simulator.market import Market, Terms, billed_micros
from farm.simulator.world import World

SECOND_US = 1_000_000
MOMENTS = st.integers(0, 10**13)
PRICES = st.integers(0, 10**9)


@pytest.mark.parametrize(
    ("from_us", "to_us", "hour_micros", "micros"),
    [
        (0, 3600 * SECOND_US, 4_000_000, 4_000_000),
        (0, 1, 3_600_000, 1000),
        (0, SECOND_US, 3_600_000, 1000),
        (0, SECOND_US + 1, 3_600_000, 2000),
        (5, 5, 4_000_000, 0),
        (0, SECOND_US, 1, 1),
        (0, 3600 * SECOND_US, 0, 0),
    ],
    ids=["an hour", "a started second", "a second", "another is started", "no time", "rounded up", "for nothing"],
)
def test_bills(from_us: int, to_us: int, hour_micros: int, micros: int) -> None:
    assert billed_micros(from_us, to_us, hour_micros) == micros


@given(MOMENTS, MOMENTS, PRICES)
def test_a_bill_is_exact_to_the_micro(start_us: int, lasts_us: int, hour_micros: int) -> None:
    billed = billed_micros(start_us, start_us + lasts_us, hour_micros)
    exact = Fraction(math.ceil(Fraction(lasts_us, SECOND_US)) * hour_micros, 3600)
    assert exact <= billed < exact + 1


@given(MOMENTS, MOMENTS, PRICES)
def test_longer_costs_no_less(lasts_us: int, more_us: int, hour_micros: int) -> None:
    assert billed_micros(0, lasts_us, hour_micros) <= billed_micros(0, lasts_us + more_us, hour_micros)


def market(seed: int = 1, **terms: float) -> Market:
    return Market(World(seed), "spot", Terms(**{"start_s": 240.0, **terms}))


def test_starts_are_never_short_and_as_long_as_said_on_average() -> None:
    starts = [market(start_more_s=60.0).start_s(f"node-{number}") for number in range(4000)]
    assert min(starts) >= 240
    assert sum(starts) / len(starts) == pytest.approx(300, abs=4)


def test_lives_are_as_long_as_the_rate_says() -> None:
    lives = [market(reclaims_per_hour=0.5).life_s(f"node-{number}") for number in range(4000)]
    assert sum(lives) / len(lives) == pytest.approx(7200, rel=0.05)
    assert market().life_s("node-1") == math.inf


@given(st.integers(0, 10**6), st.text(max_size=5))
def test_luck_is_the_seeds(seed: int, node: str) -> None:
    terms = {"start_more_s": 60.0, "reclaims_per_hour": 1.0}
    one, same, other = (market(number, **terms) for number in (seed, seed, seed + 1))
    assert (one.start_s(node), one.life_s(node)) == (same.start_s(node), same.life_s(node))
    assert one.life_s(node) != other.life_s(node)


@given(st.integers(0, 10**6), st.lists(st.floats(0, 10**6), min_size=1, max_size=30))
def test_a_dry_spell_has_an_end_whoever_asks_when(seed: int, moments_s: list[float]) -> None:
    terms = {"offered_s": 5000.0, "dry_s": 1000.0}
    asked, in_order = market(seed, **terms), market(seed, **terms)
    ends = {moment_s: in_order.dry_until_s(moment_s) for moment_s in sorted(moments_s)}
    for moment_s in moments_s:
        end_s = asked.dry_until_s(moment_s)
        assert end_s == ends[moment_s]
        if end_s is not None:
            assert end_s > moment_s
            assert asked.dry_until_s(end_s) is None


def test_it_is_dry_for_as_much_of_the_time_as_said() -> None:
    found = market(offered_s=3000.0, dry_s=1000.0)
    dry = sum(found.dry_until_s(moment_s) is not None for moment_s in range(0, 2_000_000, 500))
    assert dry / 4_000 == pytest.approx(0.25, abs=0.05)
    assert market(offered_s=3000.0).dry_until_s(0.0) is None
