"""One webhook told in order, through outages, restarts and changes of the lead; by a clock that the test moves."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from farm.changes import NoticeKind
from farm.errors import StorageError
from farm.notify.hook import Hook
from farm.notify.schedule import Answer
from farm.notify.teller import FORGOTTEN_AFTER_US, PASSED_ON_AFTER, letter
from farm.store.records import JobState
from farm.webhook import Event, Format

DOWN = Answer(503, "down")
FINE = Answer(204, "")


def states(studio) -> list[str]:
    return [each.state.value for each in reversed(studio.store.deliveries(1000))]


def test_what_happens_is_told_once_and_in_order(studio, receiver) -> None:
    teller = studio.teller(receiver)
    for words in "abc":
        studio.happens(words)
    assert teller.step() == 0
    studio.ends("shots", JobState.FAILED, "1 of 3 shots has no clip: sh010")
    assert teller.step() == 0
    assert teller.step() == 0
    assert receiver.words == ["a", "b", "c", "1 of 3 shots has no clip: sh010"]
    assert len({identity for identity, _ in receiver.heard}) == 4
    assert states(studio) == ["delivered"] * 4


def test_a_new_webhook_begins_now_and_not_with_the_whole_history(studio, receiver) -> None:
    studio.happens("before")
    teller = studio.teller(receiver, Hook("new", "http://127.0.0.1/"))
    teller.step()
    studio.happens("after")
    teller.step()
    assert receiver.words == ["after"]


def test_what_nobody_is_told_of(studio, receiver) -> None:
    """Jobs that begin, wait, go on or are cancelled are no news."""
    for state in (JobState.PAUSED, JobState.ACTIVE, JobState.CANCELLED):
        studio.ends("shots", state)
    assert studio.teller(receiver).step() == 0
    assert receiver.asked == 0


@pytest.mark.parametrize(
    ("hook", "told"),
    [
        ({}, ["failed", "held", "over", "far", "every shot has its clip"]),
        ({"events": (Event.SHOT_HELD, Event.JOB_DONE)}, ["held", "every shot has its clip"]),
        ({"projects": ("storm",)}, ["every shot has its clip"]),
        ({"projects": ("demo",), "events": (Event.SHOT_FAILED,)}, ["failed", "far"]),
        ({"projects": ("other",)}, []),
    ],
    ids=["everything", "some events", "a project", "both", "nothing"],
)
def test_a_webhook_is_told_what_it_wants(studio, receiver, hook: dict, told: list[str]) -> None:
    mine = Hook("mine", "http://127.0.0.1/", **hook)
    teller = studio.teller(receiver, mine)
    teller.step()
    studio.happens("failed")
    studio.happens("held", kind=NoticeKind.SHOT_HELD)
    studio.happens("over", kind=NoticeKind.BUDGET_REACHED)
    studio.happens("far", shot="sh900")
    studio.job("storms", "storm")
    studio.ends("storms")
    teller.step()
    assert receiver.words == told


def test_a_webhook_that_is_down_for_hours_is_told_what_it_missed_in_order(studio, receiver) -> None:
    receiver.says = lambda: DOWN
    teller = studio.teller(receiver)
    missed = [f"hour {hour}" for hour in range(6)]
    for words in missed:
        studio.happens(words)
        due_us = teller.step()
        assert due_us > studio.clock()
        studio.clock.passes(3_600)
    assert receiver.asked < 20
    receiver.says = lambda: FINE
    studio.clock.passes(3_600)
    assert teller.step() == 0
    assert receiver.words == missed


def test_nothing_is_sent_before_its_time(studio, receiver) -> None:
    receiver.says = lambda: Answer(429, "", 600)
    teller = studio.teller(receiver)
    studio.happens("a")
    assert teller.step() == studio.clock() + 600_000_000
    studio.clock.passes(599)
    teller.step()
    assert receiver.asked == 1
    studio.clock.passes(2)
    teller.step()
    assert receiver.asked == 2


def test_what_a_receiver_refuses_keeps_the_others_waiting_for_a_minute_only(studio, receiver) -> None:
    answers = iter([Answer(400, "no_text")] * 3)
    receiver.says = lambda: next(answers, FINE)
    teller = studio.teller(receiver)
    studio.happens("poison")
    studio.happens("good")
    for _ in range(3):
        teller.step()
        studio.clock.passes(20)
    assert receiver.words == ["good"]
    assert states(studio) == ["given up", "delivered"]
    (given_up,) = studio.store.deliveries(10, troubled=True)
    assert (given_up.status, given_up.answer, given_up.tries) == (400, "no_text", 3)


def test_a_receiver_that_is_gone_is_left_alone_until_the_next_driver(studio, receiver) -> None:
    receiver.says = lambda: Answer(410, "moved away")
    teller = studio.teller(receiver)
    studio.happens("a")
    studio.happens("b")
    assert teller.step() == 0
    studio.happens("c")
    assert teller.step() == 0
    assert receiver.asked == 1
    assert states(studio) == ["given up", "given up"]
    receiver.says = lambda: FINE
    studio.teller(receiver).step()
    assert receiver.words == ["c"]


def test_the_next_leader_goes_on_where_the_last_one_ended(studio, receiver) -> None:
    receiver.says = lambda: DOWN
    first = studio.teller(receiver)
    studio.happens("a")
    studio.happens("b")
    first.step()
    studio.happens("c")  # and the first leader dies before it reads this
    receiver.says = lambda: FINE
    studio.clock.passes(60)
    second = studio.teller(receiver)
    second.step()
    assert receiver.words == ["a", "b", "c"]


def test_two_leaders_at_once_keep_one_delivery_each(studio, receiver) -> None:
    """A leader that was thought dead delivers too: the same under the same id, and one line in the books."""
    first, second = studio.teller(receiver), studio.teller(receiver)
    first.step()
    second.step()
    studio.happens("a")
    receiver.says = lambda: DOWN
    first.step()
    receiver.says = lambda: FINE
    studio.clock.passes(60)
    second.step()
    first.step()
    assert {words for _, words in receiver.heard} == {"a"}
    assert len({identity for identity, _ in receiver.heard}) == 1
    assert states(studio) == ["delivered"]


class Failing:
    """A job store whose writes fail while the test says so."""

    def __init__(self, store) -> None:
        self._store = store
        self.down: set[str] = set()

    def __getattr__(self, name: str):
        if name in self.down:
            raise StorageError(f"no {name} now")
        return getattr(self._store, name)


def test_what_was_delivered_and_not_recorded_is_not_sent_again(studio, receiver) -> None:
    studio.store = Failing(studio.store)
    teller = studio.teller(receiver)
    studio.happens("a")
    studio.store.down = {"record"}
    with pytest.raises(StorageError):
        teller.step()
    with pytest.raises(StorageError):
        teller.step()
    studio.store.down = set()
    studio.happens("b")
    teller.step()
    assert receiver.words == ["a", "b"]
    assert states(studio) == ["delivered", "delivered"]


def test_what_is_cut_short_is_left_to_the_next_leader(studio, receiver) -> None:
    is_over = False

    def cut() -> Answer:
        nonlocal is_over
        is_over = True
        return Answer(0, "")

    receiver.says = cut
    studio.happens("a")
    studio.teller(receiver, stopped=lambda: is_over).step()
    (left,) = studio.store.deliveries(10)
    assert (left.state, left.tries) == ("pending", 0)


def test_a_webhook_that_comes_back_after_weeks_begins_anew(studio, receiver) -> None:
    studio.happens("long ago")
    studio.clock.passes(FORGOTTEN_AFTER_US / 1e6 + 1)
    studio.happens("yesterday")
    teller = studio.teller(receiver)
    teller.step()
    studio.happens("now")
    teller.step()
    assert receiver.words == ["now"]


def test_the_watermark_costs_no_commit_until_there_is_news(studio, receiver) -> None:
    teller = studio.teller(receiver)
    before = studio.store.watermark(studio.hook.consumer)
    studio.store.advance(studio.epoch, before + PASSED_ON_AFTER - 1)
    teller.step()
    assert studio.store.watermark(studio.hook.consumer) == before
    studio.store.advance(studio.epoch, before + PASSED_ON_AFTER)
    teller.step()
    assert studio.store.watermark(studio.hook.consumer) == before + PASSED_ON_AFTER
    studio.store.advance(studio.epoch, before + PASSED_ON_AFTER + 5)
    teller.step()
    teller.close()
    assert studio.store.watermark(studio.hook.consumer) == before + PASSED_ON_AFTER + 5


def test_every_try_sends_the_same(studio) -> None:
    """What was said once is not changed by what happens later, but for the time and its signature."""
    sent: list[tuple[dict, bytes]] = []

    def send(headers, body) -> Answer:
        sent.append((headers, body))
        return DOWN

    teller = studio.teller(send)
    studio.happens("a")
    teller.step()
    studio.ends("shots")
    studio.clock.passes(10)
    teller.step()
    (first, body), (second, again) = sent
    assert body == again
    assert first["webhook-id"] == second["webhook-id"] == json.loads(body)["id"]
    assert int(second["webhook-timestamp"]) == int(first["webhook-timestamp"]) + 10
    assert first["webhook-signature"] != second["webhook-signature"]


def test_slack_is_sent_blocks_and_no_signature_without_a_secret(studio) -> None:
    sent: list[tuple[dict, bytes]] = []
    teller = studio.teller(lambda *message: sent.append(message) or FINE, Hook("s", "http://x/", Format.SLACK))
    teller.step()
    studio.happens("a")
    teller.step()
    ((headers, body),) = sent
    assert "webhook-signature" not in headers
    assert json.loads(body)["blocks"][0]["type"] == "header"


def test_each_key_signs() -> None:
    headers, _ = letter(Hook("h", "http://x/", keys=(b"k" * 24, b"l" * 24)), "msg_1", "{}", 5_000_000)
    assert [each.partition(",")[0] for each in headers["webhook-signature"].split()] == ["v1", "v1"]


ANSWERS = st.sampled_from([FINE, FINE, DOWN, Answer(0, "no answer"), Answer(429, "", 40)])
DEEDS = st.lists(st.one_of(st.just("happens"), st.just("leader"), ANSWERS, st.integers(1, 3_000)), max_size=30)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(DEEDS)
def test_whatever_happens_everything_is_told_once_and_in_order(studio, deeds: list) -> None:
    """GIVEN any sequence of news, answers, pauses, new leaders WHEN the receiver is well again THEN it has it all."""
    heard: list[str] = []
    answer, told = FINE, 0

    def send(headers, body) -> Answer:
        if answer.delivered:
            heard.append(json.loads(body)["message"])
        return answer

    hook = Hook("law", "http://x/")
    teller = studio.teller(send, hook)
    teller.step()
    before = len(studio.store.deliveries(100_000))
    for deed in deeds:
        match deed:
            case "happens":
                studio.happens(f"{before}.{told}.{studio.clock()}")
                told += 1
            case "leader":
                teller = studio.teller(send, hook)
            case int():
                studio.clock.passes(deed)
            case _:
                answer = deed
        teller.step()
    answer = FINE
    studio.clock.passes(3_600)
    teller.step()
    assert [words.split(".")[1] for words in heard] == [str(number) for number in range(told)]


def test_a_receiver_that_answers_too_late_hears_twice_under_one_id(studio) -> None:
    heard: list[str] = []
    answers: list[Callable[[], Answer]] = [lambda: Answer(0, "no answer within 10 s"), lambda: FINE]

    def send(headers, body) -> Answer:
        heard.append(headers["webhook-id"])
        return answers.pop(0)()

    teller = studio.teller(send)
    studio.happens("a")
    teller.step()
    studio.clock.passes(10)
    teller.step()
    assert len(heard) == 2
    assert len(set(heard)) == 1
