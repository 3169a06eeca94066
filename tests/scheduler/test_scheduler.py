from __future__ import annotations

import pytest

from farm.changes import AttemptEnded, AttemptStarted, TaskMoved
from farm.errors import FailureKind
from farm.scheduler.events import AttemptFinished, History, Rank, StopAsked, TaskAdded
from farm.scheduler.retry import RULES, pause_us
from farm.scheduler.state import WaitReason
from farm.tasks import AttemptState, Manifest, TaskState


def test_workers_are_started_up_to_the_machine_and_no_more(floor, task):
    floor.add(*(task(str(number)) for number in range(5)))
    assert len(floor.started) == 2


def test_one_task_starts_one_worker(floor, task):
    floor.add(task("a"))
    assert len(floor.started) == 1


def test_tasks_run_in_the_order_of_the_cut(floor_of, task):
    floor = floor_of(cpus=1)
    late, early = task("late"), task("early")
    floor.add(late, shot=2)
    floor.add(early, shot=1)
    floor.ready()
    assert floor.running[floor.only()].task == early


def test_a_better_rank_moves_a_known_task_up(floor_of, task):
    floor = floor_of(cpus=1)
    one, two = task("one"), task("two")
    floor.add(one, shot=1)
    floor.add(two, shot=2)
    floor.tell(TaskAdded(two, Rank(priority=90, job=0, shot=2)))
    floor.ready()
    assert floor.running[floor.only()].task == two


def test_the_attempt_is_recorded_before_it_is_dispatched(floor, task):
    floor.add(task("a"))
    floor.ready()
    started = [change for change in floor.ledger if isinstance(change, AttemptStarted)]
    assert [(change.attempt, change.worker) for change in started] == [(1, floor.only())]


def test_a_task_waits_for_its_inputs(floor, task):
    first = task("first")
    second = task("second", first)
    floor.add(first, second)
    floor.ready()
    assert [run.task for run in floor.running.values()] == [first]
    assert floor.scheduler.wait_reason(second.id, 0) is WaitReason.UPSTREAM
    floor.finish(floor.only())
    assert [run.task for run in floor.running.values()] == [second]


def test_the_last_task_may_use_the_whole_machine(floor, task):
    one, two = task("one"), task("two")
    last = task("last", one, two)
    floor.add(one, two, last)
    floor.ready()
    assert [run.alone for run in floor.running.values()] == [False, False]
    for worker in list(floor.running):
        floor.finish(worker)
    assert floor.running[floor.only()].alone


def test_input_failures_are_final_and_take_everything_downstream_along(floor, task):
    first = task("first")
    second = task("second", first)
    third = task("third", second)
    floor.add(first, second, third)
    floor.ready()
    floor.finish(floor.only(), FailureKind.INPUT, "still.png is no picture")
    assert floor.settled == [first.id, second.id, third.id]
    assert floor.scheduler.failure(third.id) == (FailureKind.INPUT, "still.png is no picture")
    assert floor.scheduler.unsettled == 0


def test_a_task_added_below_a_failed_one_fails_at_once(floor, task):
    first = task("first")
    floor.add(first)
    floor.ready()
    floor.finish(floor.only(), FailureKind.INPUT, "no")
    second = task("second", first)
    floor.add(second)
    assert floor.scheduler.state(second.id) is TaskState.FAILED


@pytest.mark.parametrize("kind", list(FailureKind))
def test_each_kind_is_retried_as_often_as_its_rule_says(floor, task, kind):
    only = task("only")
    floor.add(only)
    floor.ready()
    attempts = 0
    while floor.scheduler.state(only.id) is not TaskState.FAILED:
        attempts += 1
        floor.finish(floor.only(), kind, "again")
        floor.later(RULES[kind].longest_pause_s)
    assert attempts == RULES[kind].retries + 1


def test_pauses_double_up_to_a_limit():
    rule = RULES[FailureKind.TRANSIENT]
    pauses = [pause_us(FailureKind.TRANSIENT, failures) for failures in range(1, rule.retries + 2)]
    assert pauses == [1_000_000, 2_000_000, 4_000_000, 8_000_000, 16_000_000, None]


def test_a_paused_task_leaves_its_worker_to_others(floor_of, task):
    floor = floor_of(cpus=1)
    one, two = task("one"), task("two")
    floor.add(one, shot=1)
    floor.add(two, shot=2)
    floor.ready()
    floor.finish(floor.only(), FailureKind.TRANSIENT, "storage is away")
    assert floor.running[floor.only()].task == two
    assert floor.scheduler.wait_reason(one.id, floor.now_us) is WaitReason.BACKOFF
    floor.finish(floor.only())
    assert not floor.running
    floor.later(1.0)
    assert floor.running[floor.only()].task == one


def test_a_bug_is_tried_once_more_on_another_worker(floor, task):
    only, other = task("only"), task("other")
    floor.add(only, other)
    floor.ready()
    first, second = floor.running
    floor.finish(second)
    floor.finish(first, FailureKind.BUG, "KeyError")
    assert floor.running[second].task == only
    assert floor.running[second].attempt == 2


def test_a_lost_worker_is_replaced_and_its_task_runs_again(floor_of, task):
    floor = floor_of(cpus=1)
    only = task("only")
    floor.add(only)
    floor.ready()
    floor.lose(floor.only(), FailureKind.RECLAIMED)
    ended = [change for change in floor.ledger if isinstance(change, AttemptEnded)]
    assert ended[0].manifest.failure is FailureKind.RECLAIMED
    floor.ready()
    assert floor.running[floor.only()].attempt == 2


def test_a_take_that_kills_workers_is_given_up(floor_of, task):
    floor = floor_of(cpus=1)
    poison = task("poison")
    floor.add(poison)
    for _ in range(RULES[FailureKind.CRASHED].retries + 1):
        floor.ready()
        floor.lose(floor.only())
        floor.later(60)
    assert floor.scheduler.state(poison.id) is TaskState.FAILED


def test_a_lane_whose_workers_never_start_says_so(floor_of, task):
    floor = floor_of(cpus=1)
    only = task("only")
    floor.add(only)
    for _ in range(3):
        floor.lose(floor.started.pop(), FailureKind.BUG)
    assert "no worker of lane cpu starts: it died" in floor.scheduler.failure(only.id)[1]
    assert not floor.started


def test_a_task_no_worker_can_hold_fails_at_once(floor, task):
    big = task("big", gpus=8)
    floor.add(big)
    assert "8 GPUs" in floor.scheduler.failure(big.id)[1]


def test_lanes_share_nothing_but_the_machine(floor_of, task):
    floor = floor_of(cpus=1, gpus=4)
    floor.add(task("cpu"), *(task(f"gang{number}", gpus=2) for number in range(3)))
    assert len(floor.started) == 1 + 2


def test_a_late_attempt_changes_nothing(floor_of, task):
    floor = floor_of(cpus=1)
    only = task("only")
    floor.add(only)
    floor.ready()
    lost = floor.running[floor.only()]
    worker = floor.only()
    floor.lose(worker, FailureKind.RECLAIMED)
    before = len(floor.ledger)
    late = Manifest(task=only.id, attempt=lost.attempt, stage="score", state=AttemptState.DONE)
    floor.tell(AttemptFinished(worker, late))
    assert len(floor.ledger) == before
    assert floor.scheduler.state(only.id) is TaskState.WAITING


def test_stopping_cancels_what_runs_and_starts_nothing(floor, task):
    floor.add(task("one"), task("two"), task("three"))
    floor.ready()
    floor.tell(StopAsked())
    assert {cancel.worker for cancel in floor.cancels} == set(floor.running)
    for worker, run in list(floor.running.items()):
        floor.running.pop(worker)
        cancelled = Manifest(task=run.task.id, attempt=1, stage="score", state=AttemptState.CANCELLED)
        floor.tell(AttemptFinished(worker, cancelled))
    assert not floor.running
    assert not floor.settled
    assert floor.scheduler.unsettled == 3


def test_a_history_goes_on_where_it_stopped(floor, task):
    done, tried = task("done"), task("tried")
    after = task("after", done)
    floor.tell(TaskAdded(done, Rank(0, 0, 0), History(state=TaskState.DONE, attempts=1)))
    floor.tell(TaskAdded(tried, Rank(0, 0, 0), History(attempts=3, failures={FailureKind.BUG: 1})))
    floor.add(after)
    floor.ready()
    assert {run.task.id: run.attempt for run in floor.running.values()} == {tried.id: 4, after.id: 1}
    worker = next(worker for worker, run in floor.running.items() if run.task == tried)
    floor.finish(worker, FailureKind.BUG, "again")
    assert floor.scheduler.state(tried.id) is TaskState.FAILED


def test_the_winner_is_named_with_the_done_task(floor, task):
    floor.add(task("a"))
    floor.ready()
    floor.finish(floor.only())
    moved = floor.ledger[-1]
    assert isinstance(moved, TaskMoved)
    assert (moved.state, moved.winner) == (TaskState.DONE, 1)
