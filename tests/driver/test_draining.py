"""A node is taken out by hand: which one is meant, until when, and what is said where that cannot be."""

from __future__ import annotations

import pytest

from farm.driver.draining import LONGEST_S, checked_within, meant
from farm.errors import FailureKind, InputError, StorageError
from farm.scheduler.events import NodeUp
from farm.scheduler.views import NodeView
from farm.store.records import JobState, RequestState, Verb
from farm.tasks import TaskState

MINUTE_S = 60


def node(identity: str, name: str = "", state: str = "up") -> NodeView:
    return NodeView(identity, name, state, 8, 2, 8, 2, 0, "", 0)


NODES = (
    node("aa11", "gpu-01"),
    node("aa22", "gpu-02"),
    node("bb11", "10.0.0.7"),
    node("bb22", "10.0.0.7"),
    node("cc11", "spot-1", "lost"),
    node("cc22", "spot-1"),
    node("dd11", "spot-2", "lost"),
    node("ee11", state="draining"),
)


@pytest.mark.parametrize(
    ("named", "identity"),
    [("gpu-01", "aa11"), ("aa2", "aa22"), ("bb22", "bb22"), ("spot-1", "cc22"), ("e", "ee11")],
    ids=["by name", "by the beginning of its id", "one of a name", "not the one that is gone", "one that drains"],
)
def test_the_node_that_is_meant(named, identity):
    assert meant(named, NODES).id == identity


THOSE = "there is ee11, 10.0.0.7 (bb11), 10.0.0.7 (bb22), gpu-01, gpu-02, spot-1"


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("gpu", f'there is no node "gpu": {THOSE}'),
        ("", f'there is no node "": {THOSE}'),
        ("10.0.0.7", '2 nodes go by "10.0.0.7": bb11, bb22 (name one by the beginning of its id)'),
        ("aa", '2 nodes go by "aa": aa11, aa22 (name one by the beginning of its id)'),
        ("spot-2", "node spot-2 is gone already"),
    ],
    ids=["none", "no name", "one name of two", "one beginning of two", "gone"],
)
def test_a_name_that_is_not_one_node(named, said):
    with pytest.raises(InputError) as refused:
        meant(named, NODES)
    assert str(refused.value) == said


def test_hundreds_of_nodes_are_not_all_named():
    with pytest.raises(InputError, match=r"n000, .* n011 and 388 more$"):
        meant("x", [node(f"{number:04}", f"n{number:03}") for number in range(400)])


def test_a_farm_without_nodes_says_so():
    with pytest.raises(InputError, match='there is no node "gpu-01": none is up'):
        meant("gpu-01", ())


@pytest.mark.parametrize("asked", [-1, LONGEST_S + 1, 1.5, True, "30m", None])
def test_how_long_a_node_may_not_take(asked):
    with pytest.raises(InputError, match="a node drains within 0 s to 7 d 0 h"):
        checked_within(asked)


# -- driven -------------------------------------------------------------------------------------------------------

HERE, THERE = NodeUp("node-1", 2, name="gpu-01"), NodeUp("node-2", 2, name="gpu-02")


def drain(house, named: str, within_s: object = MINUTE_S) -> str:
    return house.ask(Verb.DRAIN, body={"node": named, "within_s": within_s})


def states(house) -> dict[str, str]:
    return {line["name"]: line["state"] for line in house.store.last_pulse().document["nodes"]}


def test_what_runs_on_it_may_end_and_nothing_new_begins_there(house, task):
    house.play_on(HERE)
    house.pool.waits |= {"a", "b", "c"}
    job = house.submit("shots", task("a"), task("b"), task("c"))
    asked = []

    def play() -> bool:
        if not asked and len(house.pool.running) == 2:
            asked.append(drain(house, "gpu-01"))
        elif asked and house.answer(asked[0]).state is RequestState.APPLIED and house.pool.running:
            house.pool.finish(next(iter(house.pool.running.values())).task.params["name"])
        return False

    house.drive(20, until=play)
    answer = house.answer(asked[0])
    assert (answer.answer["node"], answer.answer["id"], answer.answer["workers"]) == ("gpu-01", "node-1", 2)
    assert answer.answer["deadline_us"] == pytest.approx(answer.decided_us + MINUTE_S * 1e6, abs=1e6)
    assert states(house) == {"gpu-01": "draining"}
    assert house.pool.ran == ["a", "b"]
    assert [record.state for record in house.store.load(job)] == [TaskState.DONE, TaskState.DONE, TaskState.WAITING]


def test_what_does_not_end_in_time_is_made_elsewhere_at_no_cost(house, task):
    house.play_on(HERE)
    house.pool.waits.add("a")
    job = house.submit("shots", task("a"))
    asked = []

    def play() -> bool:
        if house.pool.running and not asked:
            asked.append(drain(house, "node-1", 5))
        elif asked and not house.pool.running and THERE not in house.pool.events:
            house.pool.waits.clear()
            house.pool.events.append(THERE)
        return bool(house.store.job(job)) and house.store.job(job).state is JobState.DONE

    house.drive(60, until=play)
    (record,) = house.store.load(job)
    assert (record.state, record.winner) == (TaskState.DONE, 2)
    assert record.failures == {FailureKind.RECLAIMED: 1}


def test_one_that_drains_already_is_told_until_when_and_may_go_sooner(house):
    house.play_on(HERE)
    asked = [drain(house, "gpu-01", 600)]

    def play() -> bool:
        if len(asked) == 1 and (pulse := house.store.last_pulse()) and pulse.document["nodes"][0]["state"] != "up":
            asked.extend([drain(house, "gpu-01", 1200), drain(house, "gpu-01", 300)])
        return False

    house.drive(10, until=play)
    assert house.answer(asked[0]).state is RequestState.APPLIED
    assert "node gpu-01 drains already, and goes in 10 min at the latest" in house.refused(asked[1])
    sooner = house.answer(asked[2])
    (line,) = house.store.last_pulse().document["nodes"]
    assert line["deadline_us"] == sooner.answer["deadline_us"]


@pytest.mark.parametrize(
    ("named", "within_s", "said"),
    [
        ("gpu-09", 60, 'there is no node "gpu-09": there is gpu-01, gpu-02'),
        ("node-", 60, '2 nodes go by "node-": node-1, node-2'),
        ("gpu-01", "soon", "a node drains within 0 s to 7 d 0 h, not soon"),
    ],
)
def test_what_is_refused(house, named, within_s, said):
    house.play_on(HERE, THERE)
    request = drain(house, named, within_s)
    house.drive(3)
    assert said in house.refused(request)
    assert states(house) == {"gpu-01": "up", "gpu-02": "up"}


def test_what_the_pool_says_of_a_node_is_the_reason(house):
    house.play_on(HERE)
    house.pool.refuses.append(InputError("this farm has only this machine"))
    request = drain(house, "gpu-01")
    house.drive(3)
    assert house.refused(request) == "this farm has only this machine"


def test_a_drain_that_nobody_hears_of_is_asked_for_again(house):
    house.play_on(HERE)
    house.pool.refuses.append(StorageError("Ray's head does not answer"))
    request = drain(house, "gpu-01")
    house.drive(5)
    assert house.answer(request).state is RequestState.APPLIED
    assert states(house) == {"gpu-01": "draining"}
