"""How far a job is, and how long it takes, from the counts of its tasks."""

from __future__ import annotations

import pytest
from farms import DURATIONS, chain, job_line

from farm.overview.headway import expected, share_done, time_left
from farm.tasks import TaskState


def counts(**stages: tuple[int, int, int]):
    """Of each stage: how many are done, run, wait."""
    states = (TaskState.DONE, TaskState.RUNNING, TaskState.WAITING)
    return {(name, state): n for name, each in stages.items() for state, n in zip(states, each, strict=True) if n}


def test_the_end_of_the_chain_is_expected_before_it_is_planned():
    assert expected({"prepare": 3, "generate": 6}, 3) == {
        "prepare": 3,
        "generate": 6,
        "select": 3,
        "deliver": 3,
        "assemble": 1,
    }
    assert expected({"deliver": 5}, 3)["deliver"] == 5


def test_a_job_whose_takes_are_made_is_not_done():
    taken = counts(prepare=(4, 0, 0), generate=(8, 0, 0), score=(8, 0, 0))
    assert 0.5 < share_done(taken) < 0.9
    assert share_done({}) == 0.0


def test_what_failed_has_settled():
    assert share_done({("score", TaskState.FAILED): 3}) == 1.0


@pytest.mark.parametrize("done", range(0, 96, 12))
def test_the_share_grows(done):
    line, more = (job_line("a", tasks=chain(48, 2, n, 3)) for n in (done, done + 2))
    assert share_done(line.tasks) < share_done(more.tasks)


def test_the_stage_with_the_most_work_says_when_and_the_rest_of_the_way_comes_on_top():
    left = time_left(
        counts(prepare=(4, 0, 0), generate=(2, 2, 4), score=(2, 0, 6)),
        {"prepare": 1.0, "generate": 60.0, "score": 5.0, "select": 1.0, "deliver": 10.0, "assemble": 20.0},
        {"generate": 2.0, "score": 1.0},
    )
    assert left is not None
    assert left.seconds == pytest.approx((4 + 1) * 60 / 2 + 5 + 1 + 10 + 20)
    assert not left.is_rough


def test_stages_that_share_their_workers_take_as_long_as_all_their_work():
    asked = counts(drill=(0, 1, 9), exercise=(0, 1, 9))
    left = time_left(asked, {"drill": 10.0, "exercise": 10.0}, {"drill": 1.0, "exercise": 1.0})
    assert left is not None
    assert left.seconds == pytest.approx(2 * 9.5 * 10 / 2)
    lone = time_left(asked, {"drill": 10.0, "exercise": 10.0}, {"drill": 1.0})
    assert lone is not None
    assert lone.seconds == pytest.approx(2 * left.seconds)


def test_twice_as_many_workers_halve_what_they_work_at():
    asked = counts(generate=(0, 4, 96), prepare=(50, 0, 0))
    takes_s = {"generate": 100.0, "select": 0.0, "deliver": 0.0, "assemble": 0.0}
    one, two = (time_left(asked, takes_s, {"generate": n}) for n in (4.0, 8.0))
    assert one is not None
    assert two is not None
    assert one.seconds == pytest.approx(2 * two.seconds)


@pytest.mark.parametrize("at_work", [{}, {"generate": 0.0}, {"prepare": 30.0}], ids=["nothing", "no", "only trifles"])
def test_while_nothing_of_what_takes_long_runs_no_time_is_told(at_work):
    assert time_left(counts(prepare=(1, 3, 0), generate=(2, 0, 6)), DURATIONS, at_work) is None


def test_where_nothing_alike_has_ended_no_time_is_told():
    asked = counts(prepare=(4, 0, 0), generate=(0, 2, 6), score=(0, 0, 8))
    assert time_left(asked, {}, {"generate": 2.0}) is None
    assert time_left(asked, {"prepare": 2.0}, {"generate": 2.0}) is None
    assert time_left(asked, {"score": 2.0, "deliver": 3.0}, {"generate": 2.0}) is None


def test_where_only_little_is_unknown_it_is_guessed_by_its_rough_cost():
    asked = counts(prepare=(4, 0, 0), generate=(0, 2, 6))
    left = time_left(asked, {"generate": 50.0}, {"generate": 2.0})
    assert left is not None
    assert left.is_rough
    unit_s = 50 / 10
    work_s = 7 * 50 + unit_s * (4 * 1 + 4 * 3 + 6)  # of select, deliver and assemble
    assert left.seconds == pytest.approx(work_s / 2 + unit_s * (1 + 3 + 6))


def test_stages_that_nobody_knows_do_no_harm():
    left = time_left(counts(drill=(1, 1, 8)), {"drill": 4.0}, {"drill": 1.0})
    assert left is not None
    assert left.seconds == pytest.approx((8 + 0.5) * 4)
    assert share_done(counts(drill=(1, 0, 3))) == 0.25


def test_a_job_of_which_all_has_settled_has_no_time_left_to_tell():
    assert time_left(counts(drill=(4, 0, 0)), {"drill": 4.0}, {"drill": 1.0}) is None
