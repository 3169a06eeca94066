"""Trust: what failures say about a node, and what a trial of it costs."""

from __future__ import annotations

import pytest

from farm.errors import FailureKind
from farm.scheduler.events import JobDropped, NodeLost
from farm.scheduler.trust import BLAMED_BY, LONGEST_PAUSE_S, PAUSE_S, TRIED_AFTER, Trust
from farm.scheduler.waits import WaitReason
from farm.tasks import TaskId, TaskState

S = 1_000_000


def names(count: int) -> list[TaskId]:
    return [TaskId(f"t{number}") for number in range(count)]


def doubted(failures: int = TRIED_AFTER, now_us: int = 0) -> Trust:
    """After so many tasks have failed on "bad" at once."""
    trust = Trust()
    for task in names(failures):
        trust.failed(task, ["bad"], now_us, now_us)
    return trust


# -- one lane's trust -------------------------------------------------------------------------------------------------


def test_a_node_goes_on_trial_after_different_tasks_fail_there_in_a_row() -> None:
    assert not doubted(TRIED_AFTER - 1).trials
    trust = doubted()
    assert (trust.trials["bad"].until_us, trust.trials["bad"].failures) == (PAUSE_S * S, 0)
    assert "3 tasks in a row" in trust.trials["bad"].why


def test_one_task_that_fails_again_and_again_says_nothing_of_the_node() -> None:
    trust = Trust()
    for _ in range(10):
        assert trust.failed(TaskId("same"), ["bad"], 0, 0) is None


def test_a_success_there_ends_the_trial_and_what_led_to_it() -> None:
    trust = doubted()
    trust.succeeded(TaskId("done"), "bad", ())
    assert not trust.trials
    assert trust.failed(TaskId("late"), ["bad"], 0, 0) is None


def test_what_was_under_way_when_the_trial_began_does_not_put_it_off() -> None:
    trust = doubted(now_us=10 * S)
    for task in names(8)[TRIED_AFTER:]:
        trust.failed(task, ["bad"], 5 * S, 12 * S)
    assert trust.trials["bad"].until_us == 10 * S + PAUSE_S * S


def test_the_pause_between_tries_doubles_up_to_a_limit() -> None:
    trust, now_us, pauses = doubted(), 0, []
    for task in names(40)[TRIED_AFTER:13]:
        now_us = trust.trials["bad"].until_us
        trust.failed(task, ["bad"], now_us, now_us + 1)
        pauses.append((trust.trials["bad"].until_us - now_us - 1) // S)
    assert pauses[:4] == [10, 20, 40, 80]
    assert pauses[-1] == LONGEST_PAUSE_S


def test_a_task_that_fails_elsewhere_too_speaks_against_neither_node() -> None:
    trust = doubted()
    assert trust.failed(TaskId("t0"), ["bad", "good"], 0, 0) is None
    assert not trust.trials


def test_a_node_is_blocked_by_what_succeeds_elsewhere_and_is_not_on_trial_any_more() -> None:
    trust = doubted()
    news = [trust.succeeded(task, "good", ["bad"]) for task in names(BLAMED_BY)]
    assert news == [False] * (BLAMED_BY - 1) + [True]
    assert (list(trust.blocked), trust.trials) == (["bad"], {})
    assert trust.failed(TaskId("late"), ["bad"], 0, 0) is None


def test_a_node_that_is_there_anew_is_trusted() -> None:
    trust = doubted()
    trust.forgive("bad")
    assert not trust.trials
    assert trust.failed(TaskId("next"), ["bad"], 0, 0) is None


def test_a_worker_on_no_known_node_blames_none() -> None:
    trust = Trust()
    for task in names(8):
        assert trust.failed(task, [""], 0, 0) is None


# -- in the scheduler -------------------------------------------------------------------------------------------------


@pytest.fixture
def bad_farm(floor_of, task):
    """Three nodes of four GPUs with work in all of them; all that n1 had has failed."""
    floor = floor_of((8, 4), (8, 4), (8, 4))
    floor.add(*(task(f"t{number}", gpus=1) for number in range(40)))
    floor.ready()
    for worker in on(floor, "n1"):
        floor.finish(worker, FailureKind.BUG, "driver mismatch")
    return floor


def on(floor, node):
    return [worker for worker in floor.running if floor.at(worker) == node]


def test_no_more_is_given_to_a_node_on_trial_until_its_pause_is_over_and_then_to_one(bad_farm):
    assert on(bad_farm, "n1") != []  # freed before the third failure was known, and given work at once
    for worker in on(bad_farm, "n1"):
        bad_farm.finish(worker, FailureKind.BUG, "driver mismatch")
    (lane,) = bad_farm.scheduler.lanes()
    assert (on(bad_farm, "n1"), lane.idle, list(lane.on_trial)) == ([], 4, ["n1"])
    bad_farm.later(PAUSE_S)
    assert len(on(bad_farm, "n1")) == 1
    bad_farm.later(60)
    assert len(on(bad_farm, "n1")) == 1


def test_a_success_on_trial_brings_all_its_workers_back(bad_farm):
    for worker in on(bad_farm, "n1"):
        bad_farm.finish(worker, FailureKind.BUG, "driver mismatch")
    bad_farm.later(PAUSE_S)
    bad_farm.finish(*on(bad_farm, "n1"))
    assert len(on(bad_farm, "n1")) == 4
    assert not bad_farm.scheduler.lanes()[0].on_trial


def test_where_most_nodes_fail_it_is_not_the_nodes(bad_farm):
    for _ in range(2):
        for worker in [*on(bad_farm, "n1"), *on(bad_farm, "n2")]:
            bad_farm.finish(worker, FailureKind.BUG, "bad list")
    assert not bad_farm.scheduler.lanes()[0].on_trial
    assert len(bad_farm.running) == 12


def test_an_only_node_is_never_on_trial(floor_of, task):
    floor = floor_of((4, 0))
    floor.add(*(task(f"t{number}") for number in range(12)))
    floor.ready()
    for _ in range(3):
        for worker in list(floor.running):
            floor.finish(worker, FailureKind.BUG, "bad list")
    assert len(floor.running) == 4


def test_workers_of_a_node_that_is_lost_on_trial_are_gone(bad_farm):
    for worker in on(bad_farm, "n1"):
        bad_farm.finish(worker, FailureKind.BUG, "driver mismatch")
    bad_farm.tell(NodeLost("n1"))
    for worker in [name for name in bad_farm.idle if bad_farm.at(name) == "n1"]:
        bad_farm.lose(worker, FailureKind.RECLAIMED)
    bad_farm.node("n1", 8, 4)
    bad_farm.ready()
    assert len(on(bad_farm, "n1")) == 4


def test_what_waits_for_a_trial_says_so(bad_farm, task):
    first = next(iter(bad_farm.running.values())).task
    for worker in on(bad_farm, "n1"):
        bad_farm.finish(worker, FailureKind.BUG, "driver mismatch")
    for node in ("n2", "n3"):
        bad_farm.tell(NodeLost(node))
    for worker in [*on(bad_farm, "n2"), *on(bad_farm, "n3")]:
        bad_farm.lose(worker, FailureKind.RECLAIMED)
    wait = bad_farm.scheduler.wait(first.id, bad_farm.now_us)
    assert wait.reason is WaitReason.BACKOFF
    assert wait.message.startswith("node n1 is on trial, as 6 tasks in a row failed there")
    assert wait.numbers == {"retry_in_s": PAUSE_S}


def test_a_leaner_success_elsewhere_blames_no_node(floor_of, task):
    floor = floor_of((4, 0), (4, 0))
    floor.add(*(task(f"t{number}") for number in range(24)))
    floor.ready()
    while floor.running:
        worker = next(iter(floor.running))
        lean = floor.running[worker].lean
        floor.finish(worker, None if lean else FailureKind.OOM)
    assert floor.scheduler.unsettled == 0
    assert not floor.scheduler.lanes()[0].blocked
    assert {floor.scheduler.state(name) for name in floor.standings} == {TaskState.DONE}


def test_a_dropped_job_leaves_no_worker_on_the_bench_for_ever(bad_farm):
    for worker in on(bad_farm, "n1"):
        bad_farm.finish(worker, FailureKind.BUG, "driver mismatch")
    bad_farm.tell(JobDropped("job"))
    for worker in list(bad_farm.running):
        bad_farm.finish(worker)
    bad_farm.later(61)
    assert not bad_farm.placed
