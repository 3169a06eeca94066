"""When messages are tried again: laws that hold for every order of answers."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.notify.schedule import (
    FIRST_PAUSE_S,
    GIVE_UP_AFTER_S,
    LONGEST_PAUSE_S,
    LONGEST_WISH_S,
    Answer,
    pause_s,
    settled,
)
from farm.store.records import Delivery, DeliveryState

NEW = Delivery(
    hook="team", seq=1, id="m", event="job.done", project="demo", job="j", shot="", body="{}", at_us=0, created_us=0
)
FAILURES = st.builds(
    Answer,
    st.sampled_from([0, 301, 400, 401, 404, 408, 413, 422, 429, 500, 503]),
    st.just("no"),
    st.floats(0, 1e9),
)


def tried(answers: list[Answer], begins_us: int = 0) -> list[Delivery]:
    """A message that is tried as soon as it is due, until it is settled; the answers go round."""
    found, now_us = [NEW], begins_us
    while found[-1].state is DeliveryState.PENDING:
        now_us = max(now_us, found[-1].due_us)
        found.append(settled(found[-1], answers[(len(found) - 1) % len(answers)], now_us))
    return found


@given(st.lists(FAILURES, min_size=1, max_size=8))
def test_a_message_that_fails_is_given_up_after_a_day_and_not_tried_too_often(answers: list[Answer]) -> None:
    history = tried(answers)
    times_s = [each.tried_us / 1e6 for each in history[1:]]
    assert history[-1].state is DeliveryState.GIVEN_UP
    assert [each.tries for each in history] == list(range(len(history)))
    assert times_s[-1] <= GIVE_UP_AFTER_S
    pauses = [after - before for before, after in itertools.pairwise(times_s)]
    assert all(FIRST_PAUSE_S <= pause <= LONGEST_WISH_S for pause in pauses[:-1])
    assert len(history) < 70
    refused = sum(each.status in {400, 413, 422} for each in history)
    assert times_s[-1] == GIVE_UP_AFTER_S or (refused and len(history) > 3)


@given(st.lists(FAILURES, max_size=8))
def test_what_is_delivered_in_the_end_is_not_tried_again(failures: list[Answer]) -> None:
    history = tried([*failures, Answer(200, "")])
    if history[-1].state is DeliveryState.DELIVERED:
        assert len(history) == len(failures) + 2
        assert (history[-1].body, history[-1].due_us) == ("", 0)
    else:
        assert any(each.status in {400, 413, 422} for each in failures)


@given(st.integers(1, 1000), FAILURES)
def test_pauses_grow_and_a_receivers_wish_is_heeded_within_reason(tries: int, answer: Answer) -> None:
    pause = pause_s(tries, answer)
    assert pause >= pause_s(tries, Answer(answer.status, ""))
    assert pause >= min(answer.retry_after_s, LONGEST_WISH_S)
    assert pause <= pause_s(tries + 1, answer) <= max(LONGEST_PAUSE_S, LONGEST_WISH_S)


def test_the_first_day() -> None:
    times_s = [each.tried_us / 1e6 for each in tried([Answer(503, "")])[1:]]
    assert times_s[:7] == [0, 5, 20, 65, 200, 605, 1820]
    assert times_s[7] == 1820 + LONGEST_PAUSE_S
    assert len(times_s) == 54


def test_an_old_message_is_tried_once() -> None:
    history = tried([Answer(500, "")], begins_us=3 * GIVE_UP_AFTER_S * 1_000_000)
    assert [each.state for each in history] == ["pending", "given up"]
    assert tried([Answer(200, "")], begins_us=3 * GIVE_UP_AFTER_S * 1_000_000)[-1].state is DeliveryState.DELIVERED


@pytest.mark.parametrize(
    ("status", "tries"),
    [(200, 1), (204, 1), (299, 1), (400, 3), (413, 3), (422, 3), (410, 1), (404, 54), (401, 54), (302, 54), (500, 54)],
)
def test_how_often_a_status_is_met(status: int, tries: int) -> None:
    assert tried([Answer(status, "")])[-1].tries == tries
