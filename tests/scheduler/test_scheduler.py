"""What the scheduler decides about tasks and jobs: order, dependencies, retries, sharing, limits."""

from __future__ import annotations

import pytest

from farm.changes import AttemptEnded, AttemptStarted, TaskMoved
from farm.errors import FailureKind
from farm.scheduler.events import (
    AttemptFinished,
    History,
    JobDropped,
    NodeUp,
    ProjectSpent,
    StopAsked,
    TaskAdded,
    WorkerReady,
)
from farm.scheduler.policy import Limits, Policy, Prices, ProjectPolicy
from farm.scheduler.retry import RULES, pause_us
from farm.scheduler.waits import WaitReason
from farm.tasks import AttemptState, Manifest, TaskState

HOURLY = Policy(prices=Prices(cpu_hour_micros=3600_000_000))  # a CPU-second costs 1.00


# -- workers and order ------------------------------------------------------------------------------------------


def test_workers_are_started_up_to_the_nodes_and_no_more(floor, task):
    floor.add(*(task(str(number)) for number in range(5)))
    assert len(floor.starting) == 2


def test_one_task_starts_one_worker(floor, task):
    floor.add(task("a"))
    assert len(floor.starting) == 1


def test_tasks_run_in_the_order_of_the_cut(floor_of, task):
    floor = floor_of((1, 0))
    floor.add(task("late"), shot=2)
    floor.add(task("early"), shot=1)
    floor.ready()
    assert floor.ran() == ["early"]


def test_the_more_urgent_job_runs_first(floor_of, task):
    floor = floor_of((1, 0))
    floor.job("urgent", priority=90)
    floor.add(task("one"))
    floor.add(task("two"), job="urgent")
    floor.ready()
    assert floor.ran() == ["two"]


def test_the_attempt_is_recorded_before_it_is_dispatched(floor, task):
    floor.add(task("a"))
    floor.ready()
    (started,) = floor.changes(AttemptStarted)
    assert (started.attempt, started.worker, started.node, started.job) == (1, floor.only(), "n1", "job")


def test_a_task_waits_for_its_inputs(floor, task):
    first = task("first")
    second = task("second", first)
    floor.add(first, second)
    floor.ready()
    assert floor.ran() == ["first"]
    wait = floor.scheduler.wait(second.id, 41_000_000)
    assert (wait.reason, wait.blocker) == (WaitReason.UPSTREAM, first.id)
    assert wait.message == "waits for score first, which runs on cpu-1 for 41 s"
    floor.finish(floor.only())
    assert floor.ran() == ["second"]


def test_the_last_task_may_use_the_whole_machine(floor, task):
    one, two = task("one"), task("two")
    floor.add(one, two, task("last", one, two))
    floor.ready()
    assert [run.alone for run in floor.running.values()] == [False, False]
    for worker in list(floor.running):
        floor.finish(worker)
    assert floor.running[floor.only()].alone


def test_the_winner_is_named_with_the_done_task(floor, task):
    floor.add(task("a"))
    floor.ready()
    floor.finish(floor.only())
    moved = floor.ledger[-1]
    assert isinstance(moved, TaskMoved)
    assert (moved.state, moved.winner) == (TaskState.DONE, 1)


# -- failures ---------------------------------------------------------------------------------------------------


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
    assert floor.state(second) is TaskState.FAILED


@pytest.mark.parametrize("kind", list(FailureKind))
def test_each_kind_is_retried_as_often_as_its_rule_says(floor_of, task, kind):
    floor = floor_of((1, 0))
    only = task("only")
    floor.add(only)
    attempts = 0
    while floor.state(only) is not TaskState.FAILED:
        floor.ready()
        attempts += 1
        floor.finish(floor.only(), kind, "again")
        floor.later(300)
        floor.later(300)
    assert attempts == RULES[kind].retries + 1


def test_pauses_double_up_to_a_limit():
    rule = RULES[FailureKind.TRANSIENT]
    pauses = [pause_us(FailureKind.TRANSIENT, failures) for failures in range(1, rule.retries + 2)]
    assert pauses == [1_000_000, 2_000_000, 4_000_000, 8_000_000, 16_000_000, None]


def test_a_paused_task_leaves_its_worker_to_others(floor_of, task):
    floor = floor_of((1, 0))
    one, two = task("one"), task("two")
    floor.add(one, shot=1)
    floor.add(two, shot=2)
    floor.ready()
    floor.finish(floor.only(), FailureKind.TRANSIENT, "storage is away")
    assert floor.ran() == ["two"]
    assert floor.why(one) is WaitReason.BACKOFF
    floor.finish(floor.only())
    assert not floor.running
    floor.tick()
    assert floor.scheduler.wake_us == 1_000_000
    floor.later(1.0)
    assert floor.ran() == ["one"]


def test_running_out_of_memory_is_tried_once_more_leaner(floor, task):
    floor.add(task("a"))
    floor.ready()
    floor.finish(floor.only(), FailureKind.OOM)
    assert floor.running[floor.only()].lean == 1


def test_a_bug_is_tried_once_more_on_another_worker(floor, task):
    floor.add(task("only"), task("other"))
    floor.ready()
    first, second = floor.running
    floor.finish(second)
    floor.finish(first, FailureKind.BUG, "KeyError")
    assert floor.running[second].attempt == 2


def test_a_failure_is_tried_elsewhere_on_another_node(floor_of, task):
    floor = floor_of((1, 0), (1, 0))
    floor.add(task("only"))
    floor.ready()
    first = floor.only()
    node = floor.at(first)
    floor.finish(first, FailureKind.BUG, "KeyError")
    floor.ready()
    assert floor.at(floor.only()) != node


def test_being_reclaimed_costs_none_of_the_other_retries(floor_of, task):
    floor = floor_of((1, 0))
    only = task("only")
    floor.add(only)
    for kind in [FailureKind.RECLAIMED] * 6 + [FailureKind.CRASHED] * RULES[FailureKind.CRASHED].retries:
        floor.ready()
        floor.lose(floor.only(), kind)
        floor.later(5)
    assert floor.state(only) is not TaskState.FAILED


def test_a_take_that_kills_workers_is_quarantined_and_says_so(floor_of, task):
    floor = floor_of((1, 0))
    poison = task("poison")
    floor.add(poison)
    for _ in range(3):
        floor.ready()
        floor.lose(floor.only())
        floor.later(5)
    assert floor.state(poison) is TaskState.FAILED
    assert floor.scheduler.failure(poison.id)[1] == "quarantined after it ended 3 workers: it died"


def test_a_late_attempt_changes_nothing(floor_of, task):
    floor = floor_of((1, 0))
    only = task("only")
    floor.add(only)
    floor.ready()
    worker = floor.only()
    floor.lose(worker, FailureKind.RECLAIMED)
    before = len(floor.ledger)
    floor.tell(AttemptFinished(worker, Manifest(task=only.id, attempt=1, stage="score", state=AttemptState.DONE)))
    assert len(floor.ledger) == before
    assert floor.state(only) is TaskState.WAITING


# -- jobs -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hold", [WaitReason.HELD, WaitReason.PAUSED])
def test_nothing_of_a_held_job_begins_and_what_runs_goes_on(floor_of, task, hold):
    floor = floor_of((1, 0))
    one, two = task("one"), task("two")
    floor.add(one, two)
    floor.ready()
    floor.job(hold=hold)
    floor.finish(floor.only())
    assert not floor.running
    assert floor.why(two) is hold
    floor.job()
    assert floor.ran() == ["two"]


def test_dropping_a_job_cancels_what_waits_at_once_and_what_runs_when_it_ends(floor_of, task):
    floor = floor_of((1, 0))
    one, two = task("one"), task("two")
    floor.add(one, two)
    floor.ready()
    worker = floor.only()
    floor.tell(JobDropped("job"))
    assert floor.settled == [two.id]
    assert [cancel.worker for cancel in floor.cancels] == [worker]
    floor.end(worker, AttemptState.CANCELLED)
    assert floor.state(one) is TaskState.CANCELLED


def test_what_finishes_after_its_job_let_go_is_done(floor, task):
    one = task("one")
    floor.add(one)
    floor.ready()
    floor.tell(JobDropped("job"))
    floor.finish(floor.only())
    assert floor.state(one) is TaskState.DONE


def test_a_task_two_jobs_want_goes_on_when_one_lets_go(floor_of, task):
    floor = floor_of((1, 0))
    floor.job("other", "q")
    shared = task("shared")
    floor.add(shared)
    floor.add(shared, job="other")
    floor.ready()
    floor.tell(JobDropped("job"))
    assert not floor.cancels
    floor.finish(floor.only())
    assert floor.state(shared) is TaskState.DONE
    assert len(floor.changes(AttemptStarted)) == 1


@pytest.mark.parametrize(
    ("priorities", "payer"),
    [
        pytest.param((50, 90), "b", id="the more urgent"),
        pytest.param((90, 50), "a", id="also when it came first"),
        pytest.param((None, 10), "b", id="not one that is held"),
    ],
)
def test_a_shared_task_runs_in_the_name_of_the_best_live_job(bare, task, priorities, payer):
    floor = bare()
    floor.node("n1", 1)
    for job, priority in zip("ab", priorities, strict=True):
        floor.job(job, priority=priority or 50, hold=None if priority else WaitReason.HELD)
    shared = task("shared")
    for job in "ab":
        floor.add(shared, job=job)
    floor.ready()
    assert floor.changes(AttemptStarted)[0].job == payer


def test_asking_again_for_a_failed_task_starts_it_over(floor_of, task):
    floor = floor_of((1, 0))
    first = task("first")
    second = task("second", first)
    floor.add(first, second)
    floor.ready()
    floor.finish(floor.only(), FailureKind.INPUT, "no")
    floor.add(first, second)
    assert floor.running[floor.only()].attempt == 2
    assert floor.why(second) is WaitReason.UPSTREAM
    floor.finish(floor.only())
    assert floor.ran() == ["second"]


def test_asking_again_for_what_is_done_makes_it_anew_and_what_waits_below_waits_again(floor_of, task):
    floor = floor_of((1, 0))
    first = task("first")
    done, queued = task("done", first), task("queued", first)
    floor.add(first, done, queued)
    floor.ready()
    floor.finish(floor.only())
    floor.finish(floor.only())
    assert floor.ran() == ["queued"]
    later = task("later", first)
    floor.add(later)
    assert floor.why(later) is WaitReason.CAPACITY
    floor.add(first)
    assert floor.changes(TaskMoved)[-1] == TaskMoved(first.id, TaskState.WAITING, 0)
    assert (floor.state(done), floor.why(later)) == (TaskState.DONE, WaitReason.UPSTREAM)
    assert floor.scheduler.unsettled == floor.scheduler.open_tasks("job") == 3
    floor.finish(floor.only())
    assert floor.running[floor.only()].task.id == first.id
    assert floor.running[floor.only()].attempt == 2
    floor.finish(floor.only())
    floor.finish(floor.only())
    assert floor.scheduler.unsettled == 0


def test_an_attempt_that_runs_while_its_input_is_made_anew_is_tried_again_behind_it(floor_of, task):
    floor = floor_of((2, 0))
    first = task("first")
    below = task("below", first)
    floor.add(first, below)
    floor.ready()
    floor.finish(floor.only())
    (reader,) = floor.running
    floor.add(first)
    floor.finish(reader, FailureKind.TRANSIENT, "its input is gone")
    assert floor.why(below) is WaitReason.UPSTREAM
    floor.ready()
    floor.finish(floor.only())
    assert floor.ran() == ["below"]


def test_what_runs_while_its_input_fails_anew_fails_with_it_only_when_it_needs_it_again(floor_of, task):
    floor = floor_of((2, 0))
    first = task("first")
    reads, fails = task("reads", first), task("fails", first)
    floor.add(first, reads, fails)
    floor.ready()
    floor.finish(next(iter(floor.running)))
    floor.ready()
    assert floor.ran() == ["reads", "fails"]
    reader, failing = floor.running
    floor.add(first)
    floor.tell(NodeUp("n2", 1, name="n2"))
    floor.ready()
    (maker,) = (name for name in floor.running if name not in (reader, failing))
    floor.finish(maker, FailureKind.INPUT, "not any more")
    floor.finish(reader)
    floor.finish(failing, FailureKind.TRANSIENT, "its input is gone")
    assert (floor.state(reads), floor.state(fails)) == (TaskState.DONE, TaskState.FAILED)
    assert floor.scheduler.failure(fails.id) == (FailureKind.INPUT, "not any more")


def test_a_project_at_its_cap_by_ended_jobs_starts_nothing(bare, task):
    capped = ProjectPolicy(limits=Limits(cost_micros=100))
    floor = bare(Policy(projects={"p": capped}))
    floor.tell(ProjectSpent("p", {"old": 95}))
    floor.node("n1", 2)
    floor.job()
    paid = task("paid", price=10)
    floor.add(paid)
    wait = floor.scheduler.wait(paid.id, 0)
    assert (wait.reason, wait.numbers["spent"]) == (WaitReason.LIMIT, 95)


def test_a_job_dropped_and_submitted_again_gets_its_tasks_anew(floor_of, task):
    floor = floor_of((1, 0))
    one = task("one")
    floor.add(one)
    floor.tell(JobDropped("job"))
    floor.job()
    floor.add(one)
    floor.ready()
    assert floor.ran() == ["one"]


def test_settled_tasks_nobody_wants_are_forgotten(floor, task):
    one = task("one")
    floor.add(one)
    floor.tell(JobDropped("job"))
    assert floor.state(one) is TaskState.CANCELLED
    floor.tick()
    with pytest.raises(KeyError):
        floor.state(one)


def test_a_history_goes_on_where_it_stopped(floor, task):
    done, tried = task("done"), task("tried")
    after = task("after", done)
    floor.tell(TaskAdded("job", done, history=History(state=TaskState.DONE, attempts=1)))
    floor.tell(TaskAdded("job", tried, history=History(attempts=3, failures={FailureKind.BUG: 1})))
    for name in (done, tried):
        floor.standings.pop(name.id, None)
    decision = floor.scheduler.handle(TaskAdded("job", after), 0)
    assert not decision.changes
    runs = {}
    for worker in ("cpu-1", "cpu-2"):
        for command in floor.scheduler.handle(WorkerReady(worker, "n1"), 0).commands:
            runs[command.task.id] = (command.worker, command.attempt)
    assert {name: attempt for name, (_, attempt) in runs.items()} == {tried.id: 4, after.id: 1}
    failed = Manifest(task=tried.id, attempt=4, stage="score", state=AttemptState.FAILED, failure=FailureKind.BUG)
    floor.scheduler.handle(AttemptFinished(runs[tried.id][0], failed), 0)
    assert floor.state(tried) is TaskState.FAILED


def test_stopping_cancels_what_runs_and_starts_nothing(floor, task):
    three = task("three")
    floor.add(task("one"), task("two"), three)
    floor.ready()
    floor.tell(StopAsked())
    assert {cancel.worker for cancel in floor.cancels} == set(floor.running)
    for worker in list(floor.running):
        floor.end(worker, AttemptState.CANCELLED)
    assert not floor.running
    assert not floor.settled
    assert floor.scheduler.unsettled == 3
    assert floor.why(three) is WaitReason.PAUSED


# -- money and limits -------------------------------------------------------------------------------------------


def test_an_attempt_costs_its_workers_time_and_its_own_price(floor_of, task):
    floor = floor_of((1, 0), policy=HOURLY)
    floor.add(task("a", price=500_000))
    floor.ready()
    assert floor.scheduler.reserved("job") == 60_500_000  # a minute, as nothing is known yet
    floor.now_us += 4_000_000
    floor.finish(floor.only())
    (ended,) = floor.changes(AttemptEnded)
    assert ended.cost_micros == floor.scheduler.spent("job") == 4_500_000
    assert floor.scheduler.reserved("job") == 0


def test_a_job_at_its_cost_limit_waits_and_says_with_which_numbers(floor_of, task):
    floor = floor_of((2, 0), policy=HOURLY)
    floor.job(limits=Limits(cost_micros=100_000_000))
    one, two = task("one"), task("two")
    floor.add(one, two)
    floor.ready()
    assert floor.ran() == ["one"]
    wait = floor.scheduler.wait(two.id, 0)
    assert wait.reason is WaitReason.LIMIT
    assert wait.message == "job job may cost 100.00: 0.00 are spent, 60.00 reserved, and this asks for 60.00"
    floor.finish(floor.only())
    assert floor.ran() == ["two"]


def test_a_raised_limit_lets_work_begin(floor_of, task):
    floor = floor_of((1, 0), policy=HOURLY)
    floor.job(limits=Limits(cost_micros=1))
    floor.add(task("one"))
    assert not floor.starting, "no worker is started for what may not run"
    floor.job()
    floor.ready()
    assert floor.ran() == ["one"]


def test_gpu_limits_hold_for_jobs_and_for_their_project(floor_of, task):
    policy = Policy(projects={"p": ProjectPolicy(limits=Limits(gpus=3))})
    floor = floor_of((16, 8), policy=policy)
    floor.job(limits=Limits(gpus=2))
    floor.job("other", limits=Limits(gpus=2))
    for job in ("job", "other"):
        floor.add(*(task(f"{job}{number}", gpus=1) for number in range(4)), job=job)
    floor.ready()
    assert len(floor.running) == 3
    assert len(floor.starting) == 0
    assert floor.scheduler.waits(0) == {"job": {WaitReason.LIMIT: 2}, "other": {WaitReason.LIMIT: 3}}
