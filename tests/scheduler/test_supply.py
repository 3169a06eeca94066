"""Nodes that may come: how many are asked for, of which kind, and what is done when they do not come."""

from __future__ import annotations

from dataclasses import replace

import pytest

from farm.errors import FailureKind
from farm.scheduler.events import JobDropped
from farm.scheduler.policy import SPOT, NodeShape, Policy, Scaling
from farm.scheduler.waits import WaitReason

DEMAND = "on-demand"
CHEAP = NodeShape(cpus=4, gpus=1, at_most=8, market=SPOT, hour_micros=1_000_000, start_s=100.0)
DEAR = NodeShape(cpus=4, gpus=1, at_most=4, market=DEMAND, hour_micros=3_000_000, start_s=100.0)
EAGER = Scaling(backlog_s=0.0)
BOTH = Policy(elastic=(DEAR, CHEAP), scaling=EAGER)
PLAIN = Policy()


@pytest.fixture
def farm(bare, task):
    """A farm without nodes and with one job; `queue(n)` hands in so many takes."""

    def build(policy: Policy):
        floor = bare(policy)
        floor.job()
        return floor

    return build


def takes(task, count: int, lane: str = "m", **more):
    return [task(f"{lane}{number}", gpus=1, lane=lane, **more) for number in range(count)]


def markets(floor) -> list[str]:
    return [start.market for start in floor.starting.values() if start.node is None]


def arrive(floor, worker: str) -> str:
    """The node that a worker waits for comes."""
    node = f"node of {worker}"
    floor.node(node, 4, 1, market=floor.starting[worker].market)
    return node


# -- which kind -------------------------------------------------------------------------------------------------


def test_spot_nodes_are_asked_for_first_and_others_beyond_what_there_may_be_of_them(farm, task):
    floor = farm(BOTH)
    floor.add(*takes(task, 20))
    assert markets(floor) == [SPOT] * 8 + [DEMAND] * 4


def test_of_one_market_the_kind_that_is_cheapest_for_a_worker_comes_first(farm, task):
    large = NodeShape(cpus=16, gpus=8, at_most=1, market="large", hour_micros=7_000_000)
    small = NodeShape(cpus=4, gpus=1, at_most=1, market="small", hour_micros=1_000_000)
    floor = farm(Policy(elastic=(small, large), scaling=EAGER))
    floor.add(*takes(task, 9))
    assert markets(floor) == ["large"] * 8 + ["small"]


def test_a_kind_that_a_worker_does_not_fit_on_is_not_asked_for(farm, task):
    floor = farm(BOTH)
    pair = task("pair", gpus=1, ranks=2, lane="pair")
    floor.add(pair)
    floor.tick()
    assert not floor.starting
    floor.later(601)
    floor.tick()
    assert floor.scheduler.failure(pair.id)[0] is FailureKind.INPUT


def test_free_room_is_taken_before_a_node_is_asked_for(farm, task):
    floor = farm(BOTH)
    floor.node("here", 4, 2)
    floor.add(*takes(task, 3))
    assert [(start.node, start.market) for start in floor.starting.values()] == [("here", "")] * 2 + [(None, SPOT)]


def test_room_elsewhere_is_taken_by_a_worker_that_waits_for_a_node(farm, task):
    floor = farm(BOTH)
    floor.add(*takes(task, 1))
    floor.node("by chance", 4, 1, market=DEMAND)
    assert floor.stopped == ["m-1"]
    assert [start.node for start in floor.starting.values()] == ["by chance"]


def test_a_node_of_its_kind_is_for_the_worker_that_waits_for_it(farm, task):
    floor = farm(BOTH)
    floor.add(*takes(task, 1))
    arrive(floor, "m-1")
    assert floor.stopped == []
    assert list(floor.starting) == ["m-1"]


# -- how many ---------------------------------------------------------------------------------------------------


def paced(backlog_s: float) -> Policy:
    return Policy(elastic=(replace(CHEAP, at_most=100),), scaling=Scaling(backlog_s=backlog_s))


def test_a_backlog_is_asked_as_many_nodes_for_as_have_done_it_in_time(farm, task):
    floor = farm(paced(600))
    floor.add(*takes(task, 95))  # of a minute each, as long as nothing is known
    floor.later(6)
    assert len(floor.starting) == 10


def test_a_single_take_is_asked_a_node_for(farm, task):
    floor = farm(paced(3600))
    floor.add(*takes(task, 1))
    assert len(floor.starting) == 1


def test_a_backlog_that_grows_is_asked_more_for(farm, task):
    floor = farm(paced(600))
    floor.add(*takes(task, 20))
    floor.later(6)
    assert len(floor.starting) == 2
    floor.add(*[task(f"late{number}", gpus=1, lane="m") for number in range(60)])
    floor.later(6)
    assert len(floor.starting) == 8


def test_what_takes_longer_than_was_thought_is_asked_more_for(farm, task):
    floor = farm(paced(600))
    floor.add(*takes(task, 40))
    floor.later(6)
    assert len(floor.starting) == 4
    for worker in list(floor.starting):
        floor.come_up(worker, arrive(floor, worker))
    floor.now_us += 600_000_000
    floor.finish(next(iter(floor.running)))
    floor.later(6)
    assert len(floor.starting) == 35 - 4


def test_urgent_takes_are_asked_a_node_each_for(farm, task):
    floor = farm(paced(3600))
    floor.job("now", priority=90)
    floor.add(*takes(task, 30))
    urgent = [task(f"now{number}", gpus=1, lane="m") for number in range(5)]
    floor.add(*urgent, job="now")
    floor.later(6)
    assert len(floor.starting) == 5 + 1


def test_nodes_cost_no_more_in_an_hour_than_they_may(farm, task):
    floor = farm(replace(BOTH, scaling=replace(EAGER, hour_micros=6_500_000)))
    floor.add(*takes(task, 20))
    assert markets(floor) == [SPOT] * 6
    floor = farm(
        replace(BOTH, elastic=(replace(CHEAP, at_most=3), DEAR), scaling=replace(EAGER, hour_micros=6_500_000))
    )
    floor.add(*takes(task, 20))
    assert markets(floor) == [SPOT] * 3 + [DEMAND]


def test_nodes_that_are_there_count_towards_what_an_hour_may_cost(farm, task):
    floor = farm(replace(BOTH, scaling=replace(EAGER, hour_micros=2_500_000)))
    floor.add(*takes(task, 20))
    for worker in list(floor.starting):
        floor.come_up(worker, arrive(floor, worker))
    assert len(floor.running) == 2
    floor.later(60)
    assert not floor.starting


# -- what does not come -----------------------------------------------------------------------------------------


def test_where_no_spot_node_comes_another_is_asked_for(farm, task):
    floor = farm(BOTH)
    floor.add(*takes(task, 2))
    floor.later(299)
    assert markets(floor) == [SPOT] * 2
    floor.later(2)
    assert markets(floor) == [DEMAND] * 2


def test_a_kind_is_asked_for_again_after_a_while(farm, task):
    floor = farm(replace(BOTH, scaling=replace(EAGER, dry_s=1000)))
    floor.add(*takes(task, 1))
    floor.later(301)
    floor.add(*takes(task, 1, "soon"))
    assert markets(floor) == [DEMAND] * 2
    floor.later(1001)
    floor.add(*takes(task, 1, "late"))
    assert markets(floor)[-1] == SPOT


def test_a_kind_is_asked_for_again_when_a_node_of_it_comes(farm, task):
    floor = farm(BOTH)
    floor.add(*takes(task, 1))
    floor.later(301)
    floor.node("late", 4, 1, market=SPOT)
    floor.add(*takes(task, 1, "next"))
    assert SPOT in markets(floor)


def test_the_only_kind_is_waited_for(farm, task):
    floor = farm(Policy(elastic=(CHEAP,), scaling=EAGER))
    floor.add(*takes(task, 1))
    floor.later(5000)
    assert markets(floor) == [SPOT]
    assert floor.stopped == []


# -- who takes the node that came -------------------------------------------------------------------------------


def test_a_node_is_for_the_worker_that_waits_for_its_market_and_not_for_an_older_one(farm, task):
    """That is where the cluster puts it: another that was started there would wait for its end."""
    floor = farm(replace(BOTH, elastic=(replace(CHEAP, at_most=1), DEAR)))
    floor.add(*takes(task, 2))
    assert markets(floor) == [SPOT, DEMAND]
    arrive(floor, list(floor.starting)[1])
    assert markets(floor) == [SPOT, DEMAND]
    assert floor.stopped == []


def test_nor_for_an_older_one_of_a_lane_that_comes_first(farm, task):
    floor = farm(replace(BOTH, elastic=(replace(CHEAP, at_most=1), DEAR)))
    floor.job("urgent", priority=90)
    floor.add(*takes(task, 1, "first"), job="urgent")
    floor.add(*takes(task, 1, "second"))
    assert markets(floor) == [SPOT, DEMAND]
    arrive(floor, list(floor.starting)[1])
    assert floor.stopped == []


def test_workers_that_come_up_on_each_others_nodes_change_places(farm, task):
    floor = farm(BOTH)
    floor.add(*takes(task, 3))
    first, second, third = floor.starting
    one, other = arrive(floor, first), arrive(floor, second)
    floor.come_up(second, one)
    assert all(start.node is None for start in floor.starting.values()), "nobody is sent where nothing is free"
    floor.come_up(first, other)
    assert {node.id: node.free_gpus for node in floor.scheduler.nodes()} == {one: 0, other: 0}
    floor.come_up(third, arrive(floor, third))
    assert len(floor.running) == 3


def test_who_was_promised_a_node_that_another_came_up_on_waits_again(farm, task):
    """Else it would load when the other is gone, though nobody needs it any more."""
    floor = farm(BOTH)
    floor.add(*takes(task, 2))
    older, younger = floor.starting
    floor.come_up(younger, arrive(floor, older))
    floor.finish(younger)
    floor.finish(floor.only())
    floor.later(61)
    assert set(floor.stopped) == {older, younger}


# -- what was reclaimed -----------------------------------------------------------------------------------------


def reclaim(floor) -> None:
    (worker,) = floor.running
    floor.lose(worker, FailureKind.RECLAIMED)


def started(floor) -> str:
    """The one worker that was asked for comes up, and so does its node, if need be; gives the node's market."""
    (worker,) = floor.starting
    node = floor.starting[worker].node or arrive(floor, worker)
    floor.come_up(worker, node)
    return {each.id: each.market for each in floor.scheduler.nodes()}[node]


def test_a_take_that_was_reclaimed_twice_runs_on_no_spot_node(farm, task):
    floor = farm(BOTH)
    floor.add(*takes(task, 1))
    found = []
    for _ in range(3):
        found.append(started(floor))
        worker = floor.only()
        node = floor.at(worker)
        reclaim(floor)
        floor.lost_node(node)
    assert found == [SPOT, SPOT, DEMAND]


def test_it_does_not_take_an_idle_worker_on_a_spot_node(farm, task):
    floor = farm(BOTH)
    only, *others = takes(task, 3)
    floor.add(only)
    for _ in range(2):
        started(floor)
        reclaim(floor)
    floor.add(*others)
    while only.id not in {run.task.id for run in floor.running.values()}:
        worker = next(iter(floor.starting))
        floor.come_up(worker, floor.starting[worker].node or arrive(floor, worker))
        for busy, run in list(floor.running.items()):
            if run.task.id != only.id:
                floor.finish(busy)
    (worker,) = floor.running
    assert floor.running[worker].task.id == only.id
    assert {node.id: node.market for node in floor.scheduler.nodes()}[floor.at(worker)] == DEMAND


def test_where_there_are_spot_nodes_only_it_runs_there_all_the_same(farm, task):
    floor = farm(Policy(elastic=(CHEAP,), scaling=EAGER))
    floor.add(*takes(task, 1))
    for _ in range(4):
        assert started(floor) == SPOT
        node = floor.at(floor.only())
        reclaim(floor)
        floor.lost_node(node)


# -- where to ---------------------------------------------------------------------------------------------------


def test_a_worker_goes_where_its_weights_lie(farm, task):
    floor = farm(PLAIN)
    for name in ("a", "b", "c"):
        floor.node(name, 4, 2)
    floor.add(task("first", gpus=2, lane="m", weights="wan"))
    (worker,) = floor.starting
    here = floor.starting[worker].node
    floor.come_up(worker, here, "wan")
    floor.finish(worker)
    floor.later(61)
    assert floor.stopped == [worker]
    floor.add(task("other", gpus=1, lane="other"))  # without this it would go to the first node of all
    floor.add(task("again", gpus=1, lane="fast", weights="wan"))
    assert [start.node for start in floor.starting.values() if start.lane.weights] == [here]


def test_a_node_that_is_gone_has_no_weights(farm, task):
    floor = farm(PLAIN)
    floor.node("a", 4, 2)
    floor.add(task("first", gpus=1, lane="m", weights="wan"))
    floor.come_up(next(iter(floor.starting)), "a", "wan")
    floor.finish(floor.only())
    floor.lost_node("a")
    floor.node("b", 4, 2)
    floor.add(task("again", gpus=1, lane="fast", weights="wan"))
    assert "b" in [start.node for start in floor.starting.values()]


def test_cheap_room_is_taken_before_dear_room(farm, task):
    floor = farm(PLAIN)
    floor.node("dear", 4, 1, market=DEMAND)
    floor.node("cheap", 4, 2, market=SPOT)
    floor.add(*takes(task, 2))
    assert [start.node for start in floor.starting.values()] == ["cheap", "cheap"]


# -- what stays warm --------------------------------------------------------------------------------------------


@pytest.fixture
def rested(farm, task):
    """A farm whose two workers have done what there was to do, for a job of that priority."""

    def build(priority: int = 50, **terms: bool):
        floor = farm(Policy(scaling=Scaling(warm_s=900)))
        floor.node("n", 4, 2)
        floor.job(priority=priority, **terms)
        floor.add(*takes(task, 2))
        floor.ready()
        for worker in list(floor.running):
            floor.finish(worker)
        assert len(floor.idle) == 2
        return floor

    return build


def test_without_a_reason_no_worker_stays(rested):
    floor = rested()
    floor.later(61)
    assert not floor.idle


@pytest.mark.parametrize(("priority", "awaited"), [(90, False), (50, True)])
def test_the_last_worker_stays_for_urgent_work_and_for_a_persons_choice(rested, priority, awaited):
    floor = rested(priority, awaited=awaited)
    for _ in range(14):
        floor.later(60)
    assert len(floor.idle) == 1
    for _ in range(3):
        floor.later(60)
    assert not floor.idle


def test_a_worker_that_came_up_for_nothing_is_left_alone_as_long_as_its_model_took_to_load(farm, task):
    floor = farm(PLAIN)
    floor.node("n", 4, 1)
    floor.add(*takes(task, 1))
    floor.later(300)
    (worker,) = floor.starting
    floor.job(hold=WaitReason.PAUSED)
    floor.come_up(worker, "n")
    floor.later(290)
    assert floor.idle
    floor.later(11)
    assert not floor.idle


def test_an_urgent_job_that_has_ended_keeps_its_lane_warm(rested):
    floor = rested(90)
    floor.tell(JobDropped("job"))
    floor.later(120)
    assert len(floor.idle) == 1


def test_a_choice_that_was_made_lets_the_worker_go(rested):
    floor = rested(awaited=True)
    floor.later(120)
    floor.job()
    floor.later(61)
    assert not floor.idle


def test_a_warm_worker_gives_way_to_work_of_another_lane(rested, task):
    floor = rested(awaited=True)
    floor.later(120)
    floor.node("n", 2, 1)
    floor.add(task("other", gpus=1, lane="other"))
    assert "other" in {start.lane.name for start in floor.starting.values()}


def test_the_reason_of_a_task_that_waits_for_a_node_is_loading(farm, task):
    floor = farm(BOTH)
    only = task("a", gpus=1, lane="m")
    floor.add(only)
    assert floor.why(only) is WaitReason.LOADING
    floor.later(40)
    wait = floor.scheduler.wait(only.id, floor.now_us)
    assert wait.message == (
        "a node (spot) for a worker of m (1 GPU) was asked for 40 s ago; one usually takes 100 s to come"
    )


# -- what is gone -----------------------------------------------------------------------------------------------


def test_lost_nodes_are_forgotten_after_a_while_but_for_one_of_each_kind(farm):
    floor = farm(PLAIN)
    for number in range(20):
        floor.node(f"spot{number}", 4, 1, market=SPOT)
        floor.lost_node(f"spot{number}")
    floor.node("dear", 4, 1, market=DEMAND)
    floor.lost_node("dear")
    floor.later(3590)
    assert len(floor.scheduler.nodes()) == 21
    floor.later(20)
    assert sorted(node.market for node in floor.scheduler.nodes()) == [DEMAND, SPOT]


def test_a_node_that_came_back_is_not_forgotten(farm):
    floor = farm(PLAIN)
    floor.node("a", 4, 1)
    floor.node("b", 4, 1)
    floor.lost_node("a")
    floor.later(60)
    floor.node("a", 4, 1)
    floor.later(3700)
    assert {node.id for node in floor.scheduler.nodes()} == {"a", "b"}
