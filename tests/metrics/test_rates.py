"""Rates for people: what grew in the last minute, and nothing made up."""

from __future__ import annotations

import pytest

from farm.metrics.rates import Rates, Window, told

S = 1_000_000


@pytest.fixture
def minute():
    return Window(60.0)


def feed(window, seconds, **sums):
    rates = Rates(**sums)
    window.add(int(seconds * S), rates.sums())
    return told(window, 0.0)


def test_nothing_is_told_before_a_second_has_passed(minute):
    assert told(minute, 0.0) == {}
    assert feed(minute, 100.0, done=5) == {}
    assert feed(minute, 100.5, done=6) == {}


def test_a_rate_is_what_grew_since_the_window_began(minute):
    feed(minute, 0.0, done=100, cost_micros=1_000_000)
    said = feed(minute, 30.0, done=130, failed=1, takes=3, clip_s=9.0, frames=60, cost_micros=1_500_000)
    assert said["window_s"] == 30
    assert said["tasks_per_minute"] == 60.0
    assert said["failed_per_minute"] == 2.0
    assert said["takes_per_minute"] == 6.0
    assert said["clip_seconds_per_minute"] == 18.0
    assert said["frames_per_second"] == 2.0
    assert said["cost_per_hour"] == 60.0


def test_the_window_slides(minute):
    for second in range(0, 200, 2):
        said = feed(minute, second, done=10 * min(second, 100))
    assert said["window_s"] == 60
    assert said["tasks_per_minute"] == 0.0  # nothing was done after 100 s
    assert len(minute._seen) == 31


def test_shares_of_workers_add_up(minute):
    feed(minute, 0.0, spent_us={("wan", "busy"): 50 * S})
    said = feed(minute, 10.0, spent_us={("wan", "busy"): 57 * S, ("wan", "idle"): 2 * S, ("wan", "loading"): S})
    assert said["worker_shares"] == {"wan": {"loading": 0.1, "idle": 0.2, "busy": 0.7}}


def test_lanes_without_workers_have_no_shares(minute):
    feed(minute, 0.0, spent_us={("wan", "busy"): 50 * S}, steps={"wan": 100.0})
    said = feed(minute, 10.0, spent_us={("wan", "busy"): 50 * S}, steps={"wan": 130.0, "svd": 5.0})
    assert said["worker_shares"] == {}
    assert said["steps_per_second"] == {"wan": 3.0, "svd": 0.5}
