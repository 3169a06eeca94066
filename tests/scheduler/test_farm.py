"""What the scheduler decides about nodes, workers and lanes: placement, sizes, gangs, faults, drains, patience."""

from __future__ import annotations

import pytest

from farm.errors import FailureKind
from farm.scheduler.events import JobDropped, NodeDraining, NodeLost
from farm.scheduler.policy import NodeShape, Policy, Scaling
from farm.scheduler.waits import WaitReason
from farm.tasks import TaskState


def tasks_of(task, count, **terms):
    return [task(f"{terms.get('lane', 'cpu')}-{number}", **terms) for number in range(count)]


# -- placement --------------------------------------------------------------------------------------------------


def test_a_worker_lies_on_one_node_that_has_room_for_all_of_it(floor_of, task):
    floor = floor_of((8, 2), (8, 4))
    floor.add(task("gang", gpus=1, ranks=4))
    assert [start.node for start in floor.starting.values()] == ["n2"]


def test_the_node_with_the_fewest_gpus_to_spare_is_taken(floor_of, task):
    floor = floor_of((8, 4), (8, 1), (8, 2))
    floor.add(task("a", gpus=1))
    assert [start.node for start in floor.starting.values()] == ["n2"]


def test_a_lane_with_a_pool_goes_only_where_its_label_is(bare, task):
    floor = bare()
    floor.job()
    floor.node("n1", 8, 4)
    floor.node("n2", 8, 4, pools=["l40"])
    floor.add(task("a", gpus=1, pool="l40"))
    assert [start.node for start in floor.starting.values()] == ["n2"]


def test_work_without_gpus_leaves_a_cpu_for_every_gpu(floor_of, task):
    floor = floor_of((4, 2))
    floor.add(*tasks_of(task, 9))
    assert len(floor.starting) == 2
    floor.add(*tasks_of(task, 9, gpus=1, lane="model"))
    assert len(floor.starting) == 4


# -- no capable worker ------------------------------------------------------------------------------------------


def test_a_task_no_node_can_hold_fails_at_once(floor, task):
    big = task("big", gpus=8)
    floor.add(big)
    floor.tick()
    kind, message = floor.scheduler.failure(big.id)
    assert kind is FailureKind.INPUT
    assert message == "no capable worker: no node can take a worker of model (8 GPUs), the largest has 0 GPUs"


def test_a_farm_without_nodes_yet_waits_for_them(bare, task):
    floor = bare()
    floor.job()
    only = task("only")
    floor.add(only)
    floor.tick()
    assert floor.why(only) is WaitReason.INCAPABLE
    floor.node("n1", 1)
    floor.tick()
    floor.ready()
    assert floor.ran() == ["only"]


def test_a_lost_node_is_waited_for_and_then_given_up(floor_of, task):
    floor = floor_of((2, 0), (2, 1))
    only = task("only", gpus=1)
    floor.tell(NodeLost("n2"))
    floor.add(only)
    floor.tick()
    assert floor.why(only) is WaitReason.INCAPABLE
    floor.later(601)
    floor.tick()
    assert floor.state(only) is TaskState.FAILED


def test_a_lane_whose_workers_never_start_says_so(floor_of, task):
    floor = floor_of((1, 0))
    only = task("only")
    floor.add(only)
    for _ in range(3):
        (worker,) = floor.starting
        floor.lose(worker, FailureKind.BUG)
    floor.tick()
    kind, message = floor.scheduler.failure(only.id)
    assert kind is FailureKind.BUG
    assert message == "no capable worker is left for lane cpu: n1: no worker starts there: it died"
    assert not floor.starting


def test_a_node_where_no_worker_starts_is_left_for_another(floor_of, task):
    floor = floor_of((1, 0), (1, 0))
    floor.add(task("only"))
    tried = []
    for _ in range(6):
        (worker,) = floor.starting
        tried.append(floor.at(worker))
        floor.lose(worker, FailureKind.BUG)
    assert sorted(tried) == ["n1"] * 3 + ["n2"] * 3
    assert not floor.starting


def test_workers_that_die_together_count_once(floor_of, task):
    floor = floor_of((4, 0))
    floor.add(*tasks_of(task, 4))
    floor.now_us += 1_000_000
    for worker in list(floor.starting):
        floor.lose(worker, FailureKind.BUG)
    assert not floor.scheduler.lanes()[0].blocked


# -- sizes ------------------------------------------------------------------------------------------------------


def test_an_idle_lane_goes_to_zero(floor, task):
    floor.add(task("a"))
    floor.ready()
    worker = floor.only()
    floor.finish(worker)
    floor.later(59)
    assert not floor.stopped
    floor.later(1)
    assert floor.stopped == [worker]


def test_an_idle_lane_makes_room_at_once(floor_of, task):
    floor = floor_of((2, 1))
    floor.add(task("a", gpus=1, lane="one"))
    floor.ready()
    floor.finish(floor.only())
    floor.add(task("b", gpus=1, lane="two"))
    assert floor.stopped == ["one-1"]
    assert list(floor.starting) == ["two-2"]


def test_a_worker_that_has_just_come_up_is_left_alone(floor_of, task):
    floor = floor_of((2, 1))
    floor.add(task("a", gpus=1, lane="one"))
    floor.now_us = 20_000_000
    floor.job(hold=WaitReason.PAUSED)
    floor.ready()
    floor.job("other")
    floor.add(task("b", gpus=1, lane="two"), job="other")
    assert not floor.stopped
    floor.later(20)
    assert floor.stopped == ["one-1"]


def test_models_change_as_seldom_as_they_can(floor_of, task):
    floor = floor_of((4, 2))
    for lane in ("a", "b", "c"):
        floor.add(*tasks_of(task, 20, gpus=1, lane=lane))
    while floor.scheduler.unsettled:
        floor.now_us += 20_000_000
        floor.ready()
        floor.now_us += 5_000_000
        for worker in list(floor.running):
            floor.finish(worker)
    assert floor.loads <= 4


def test_urgent_work_takes_a_worker_of_another_lane_between_two_tasks(floor_of, task):
    floor = floor_of((2, 1))
    floor.add(*tasks_of(task, 5, gpus=1, lane="slow"))
    floor.ready()
    floor.job("urgent", priority=90)
    floor.add(task("now", gpus=1, lane="fast"), job="urgent")
    assert floor.ran() == ["slow-0"], "what runs goes on"
    floor.finish(floor.only())
    floor.ready()
    assert floor.ran() == ["now"]


def test_another_project_gets_its_turn_after_ten_times_what_loading_takes(floor_of, task):
    floor = floor_of((2, 1))
    floor.job("other", project="q")
    floor.add(*tasks_of(task, 500, gpus=1, lane="mine"))
    floor.ready()
    floor.add(*tasks_of(task, 5, gpus=1, lane="yours", project="q"), job="other")
    waited_s = 0
    while "yours-2" not in floor.starting:
        floor.now_us += 10_000_000
        waited_s += 10
        floor.finish(floor.only())
    assert 300 <= waited_s <= 320


# -- demand for the autoscaler ----------------------------------------------------------------------------------

ELASTIC = Policy(elastic=(NodeShape(cpus=8, gpus=4, at_most=2),), scaling=Scaling(backlog_s=0.0))


def test_demand_that_fits_nowhere_is_shown_to_the_autoscaler(floor_of, task):
    floor = floor_of((2, 0), policy=ELASTIC)
    floor.add(*tasks_of(task, 20, gpus=1, lane="m"))
    assert [start.node for start in floor.starting.values()] == [None] * 8


def test_demand_is_no_more_than_the_work(floor_of, task):
    floor = floor_of((2, 0), policy=ELASTIC)
    only = task("a", gpus=1, lane="m")
    floor.add(only)
    assert len(floor.starting) == 1
    assert floor.why(only) is WaitReason.LOADING


def test_a_new_node_is_kept_for_the_workers_that_asked_for_it(floor_of, task):
    floor = floor_of((1, 0), policy=ELASTIC)
    floor.add(*tasks_of(task, 2, gpus=2, lane="m"))
    floor.node("new", 8, 4)
    floor.add(task("other", gpus=2, lane="other"))
    assert [start.node for start in floor.starting.values()] == [None, None, None]
    for worker in ("m-1", "m-2"):
        floor.come_up(worker, "new")
    assert len(floor.running) == 2


def test_demand_that_is_over_is_taken_back(floor_of, task):
    floor = floor_of((1, 0), policy=ELASTIC)
    floor.add(task("a", gpus=2, lane="m"))
    floor.job(hold=WaitReason.PAUSED)
    assert floor.stopped == ["m-1"]


# -- gangs ------------------------------------------------------------------------------------------------------


@pytest.fixture
def busy_farm(floor_of, task):
    """Two nodes of two GPUs, full of small work of known length, and much more of it waiting."""
    floor = floor_of((4, 2), (4, 2))
    floor.add(*tasks_of(task, 60, gpus=1, lane="small"))
    floor.ready()
    for worker in list(floor.running):
        floor.now_us += 10_000_000
        floor.finish(worker)
    return floor


def test_a_gang_has_one_node_kept_free_and_small_work_goes_on(busy_farm, task):
    floor = busy_farm
    gang = task("gang", gpus=1, ranks=2, lane="gang")
    floor.add(gang)
    assert floor.why(gang) is WaitReason.RESERVED
    (kept,) = [node.id for node in floor.scheduler.nodes() if node.reserved_for]
    for worker in list(floor.running):
        floor.now_us += 1_000_000
        floor.finish(worker)
    assert [floor.at(worker) for worker in floor.starting] == [kept]
    assert {floor.at(worker) for worker in floor.running} == {"n1", "n2"} - {kept}
    floor.ready()
    assert "gang" in floor.ran()


def test_short_work_still_runs_where_a_node_is_kept_free(busy_farm, task):
    floor = busy_farm
    for number in range(8):
        floor.add(task(f"short{number}", gpus=1, lane="small", shape="short"), shot=-1)
    for _ in range(3):
        for worker in list(floor.running):
            floor.now_us += 10_000
            floor.finish(worker)
    floor.add(task("gang", gpus=1, ranks=2, lane="gang"))
    for number in range(8):
        floor.add(task(f"more{number}", gpus=1, lane="small", shape="short"), shot=-1)
    (kept,) = [node.id for node in floor.scheduler.nodes() if node.reserved_for]
    first, second = (worker for worker in floor.running if floor.at(worker) == kept)
    floor.finish(first)
    assert floor.running[first].task.shape == "short"
    assert second in floor.running


# -- faults -----------------------------------------------------------------------------------------------------


def test_a_node_that_fails_what_succeeds_elsewhere_is_blocked_for_the_lane(floor_of, task):
    floor = floor_of((1, 0), (1, 0))
    floor.add(*tasks_of(task, 12))
    floor.ready()
    while floor.scheduler.unsettled and not floor.scheduler.lanes()[0].blocked:
        for worker in list(floor.running):
            floor.finish(worker, FailureKind.BUG if floor.at(worker) == "n1" else None, "driver mismatch")
        floor.now_us += 1_000_000
    assert list(floor.scheduler.lanes()[0].blocked) == ["n1"]
    while floor.running:
        floor.finish(next(iter(floor.running)))
    assert floor.scheduler.unsettled == 0
    assert {floor.scheduler.state(name) for name in floor.standings} == {TaskState.DONE}


def test_what_failed_for_good_on_a_bad_node_only_is_tried_again_with_all_below(floor_of, task):
    floor = floor_of((1, 0))
    early = task("early")
    below = task("below", early)
    floor.add(early, below)
    for _ in range(2):
        floor.ready()
        floor.finish(floor.only(), FailureKind.BUG, "driver mismatch")
    assert floor.state(below) is TaskState.FAILED
    floor.node("n2", 1)
    floor.add(*tasks_of(task, 8))
    for _ in range(20):
        floor.ready()
        for worker in list(floor.running):
            floor.finish(worker, FailureKind.BUG if floor.at(worker) == "n1" else None, "driver mismatch")
        floor.later(1)
    assert floor.state(early) is TaskState.DONE
    assert floor.state(below) is TaskState.DONE


def test_a_node_that_comes_back_starts_anew(floor_of, task):
    floor = floor_of((1, 0))
    floor.add(task("only"))
    for _ in range(3):
        (worker,) = floor.starting
        floor.lose(worker, FailureKind.BUG)
    floor.tell(NodeLost("n1"))
    floor.node("n1", 1)
    assert len(floor.starting) == 1


def test_a_lane_in_which_everything_crashes_pauses_instead_of_failing_everything(floor_of, task):
    floor = floor_of((8, 0))
    tasks = tasks_of(task, 40)
    floor.add(*tasks)
    floor.ready()
    for worker in list(floor.running):
        floor.lose(worker)
    floor.ready()
    floor.later(1.5)
    assert not floor.running
    assert floor.why(tasks[-1]) is WaitReason.BACKOFF
    floor.later(5)
    assert len(floor.running) == 1, "one worker finds out whether it is over"
    floor.finish(floor.only())
    assert len(floor.running) == 2
    assert all(floor.state(each) is not TaskState.FAILED for each in tasks)


def test_a_quota_makes_the_whole_lane_back_off(floor_of, task):
    floor = floor_of((4, 0))
    tasks = tasks_of(task, 8)
    floor.add(*tasks)
    floor.ready()
    floor.finish(next(iter(floor.running)), FailureKind.QUOTA, "10 a minute")
    assert len(floor.running) == 3
    wait = floor.scheduler.wait(tasks[-1].id, floor.now_us)
    assert (wait.reason, wait.message) == (WaitReason.BACKOFF, "lane cpu backs off for another 5 s: 10 a minute")


# -- drains and losses ------------------------------------------------------------------------------------------


def test_idle_workers_leave_a_draining_node_at_once_and_nothing_new_goes_there(floor_of, task):
    floor = floor_of((2, 0))
    floor.add(task("a"), task("b"))
    floor.ready()
    floor.node("n2", 2)
    first, second = floor.running
    floor.finish(first)
    floor.tell(NodeDraining("n1", 100_000_000))
    assert floor.stopped == [first]
    floor.add(*tasks_of(task, 3))
    assert {start.node for start in floor.starting.values()} == {"n2"}
    floor.finish(second)
    assert floor.stopped == [first, second]


def test_what_still_runs_at_the_deadline_is_reclaimed_and_costs_no_retry(floor_of, task):
    floor = floor_of((1, 0), (1, 0))
    floor.add(task("a"))
    floor.ready()
    floor.tell(NodeDraining("n1", 100_000_000))
    floor.tick()
    assert floor.scheduler.wake_us <= 100_000_000
    floor.later(100)
    assert floor.stopped == ["cpu-1"]
    assert floor.ledger[1].manifest.failure is FailureKind.RECLAIMED
    floor.ready()
    assert floor.at(floor.only()) == "n2"


def test_a_lost_nodes_attempt_is_rebooked_only_when_its_worker_is_known_to_be_gone(floor_of, task):
    floor = floor_of((1, 0), (1, 0))
    only = task("a")
    floor.add(only)
    floor.ready()
    floor.tell(NodeLost("n1"))
    assert floor.state(only) is TaskState.RUNNING
    assert not floor.starting
    floor.lose(floor.only(), FailureKind.RECLAIMED)
    assert [start.node for start in floor.starting.values()] == ["n2"]


# -- patience ---------------------------------------------------------------------------------------------------


def test_an_attempt_without_end_is_given_up_and_its_worker_stopped(floor_of, task):
    floor = floor_of((1, 0))
    only = task("a")
    floor.add(only)
    floor.ready()
    floor.later(600 * 24)
    assert floor.stopped == ["cpu-1"]
    ended = floor.ledger[1].manifest
    assert (ended.failure, ended.message) == (FailureKind.CRASHED, "no end after 14400 s")


def test_a_worker_that_does_not_come_up_is_stopped(floor_of, task):
    floor = floor_of((1, 0))
    floor.add(task("a"))
    floor.later(1800)
    assert floor.stopped == ["cpu-1"]
    assert list(floor.starting) == ["cpu-2"]


def test_a_cancelled_attempt_that_goes_on_is_ended(floor_of, task):
    floor = floor_of((1, 0))
    only = task("a")
    floor.add(only)
    floor.ready()
    floor.tell(JobDropped("job"))
    floor.later(60)
    assert floor.stopped == ["cpu-1"]
    assert floor.settled == [only.id]


# -- reasons ----------------------------------------------------------------------------------------------------


def test_work_behind_another_projects_waits_for_its_share(floor_of, task):
    floor = floor_of((1, 0))
    floor.job("other", project="q")
    floor.add(task("theirs", project="q"), job="other")
    floor.ready()
    mine = task("mine")
    floor.add(mine)
    wait = floor.scheduler.wait(mine.id, 0)
    assert (wait.reason, wait.blocker) == (WaitReason.SHARE, "q")
    assert wait.message == "the only worker of lane cpu is busy: 1 at work for q"


def test_work_behind_its_own_projects_waits_for_capacity(floor_of, task):
    floor = floor_of((1, 0))
    last = task("c")
    floor.add(task("a"), shot=1)
    floor.add(task("b"), shot=2)
    floor.add(last, shot=3)
    floor.ready()
    wait = floor.scheduler.wait(last.id, 0)
    assert wait.reason is WaitReason.CAPACITY
    assert (
        wait.message
        == "the only worker of lane cpu is busy with work of its own project, and 1 task will run before it"
    )
