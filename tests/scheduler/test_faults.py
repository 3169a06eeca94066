"""Health: how wide a lane comes back after it was sick, and after a provider refused."""

from __future__ import annotations

import pytest

from farm.scheduler.faults import PAUSE_S, SICK_AFTER, Health
from farm.tasks import TaskId

S = 1_000_000


def refused(busy: int, times: int) -> Health:
    """A provider refuses so many of the attempts that were under way."""
    health = Health()
    for refusal in range(times):
        health.refused("later", busy - refusal, 0, 1)
    return health


@pytest.mark.parametrize(
    ("busy", "times", "width"),
    [(8, 1, 4), (8, 3, 4), (32, 28, 4), (1, 1, 1), (5, 5, 1)],
    ids=["halved", "half is served", "as many as were served", "one stays one", "never none"],
)
def test_what_a_provider_refuses_of_a_round_says_what_it_serves(busy: int, times: int, width: int) -> None:
    assert refused(busy, times).width == width


def test_a_refused_lane_widens_by_one_a_round_while_it_is_full() -> None:
    health = refused(8, 4)
    widths = []
    for _ in range(4 + 5 + 6):
        health.succeeded(health.width or 0, 100)
        widths.append(health.width)
    assert widths == [4] * 3 + [5] * 5 + [6] * 6 + [7]


def test_a_refused_lane_that_is_not_full_stays_as_wide_as_it_is() -> None:
    health = refused(8, 4)
    for _ in range(100):
        health.succeeded(3, 3)
    assert health.width == 4


def test_a_refusal_narrows_again_and_later_ones_of_its_round_do_not_halve() -> None:
    health = refused(8, 4)
    health.refused("later", 4, PAUSE_S * S, PAUSE_S * S + 1)
    assert health.width == 2
    health.refused("later", 3, PAUSE_S * S, PAUSE_S * S + 2)
    assert health.width == 2


def test_a_sick_lane_doubles_in_every_round_until_it_has_all_its_workers() -> None:
    health = Health()
    for number in range(SICK_AFTER):
        health.crashed(TaskId(f"t{number}"), "died", 0, 1)
    assert health.width == 1
    for width in (1, 2, 4, 8):
        assert health.width == width
        for _ in range(width):
            health.succeeded(width, 16)
    for _ in range(16):
        health.succeeded(16, 16)
    assert health.width is None


def test_no_attempt_starts_beside_as_many_as_are_wide_nor_in_the_pause() -> None:
    health = refused(8, 4)
    until_us = health.paused_until_us
    assert not health.may_run(until_us - 1, 0)
    assert health.may_run(until_us, 3)
    assert not health.may_run(until_us, 4)
