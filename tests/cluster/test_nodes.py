"""Nodes come, change, drain and die; the scheduler hears of each once."""

from __future__ import annotations

import time

import pytest
import ray
from hypothesis import given
from hypothesis import strategies as st
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from farm.cluster import nodes as watching
from farm.cluster.nodes import UNLIMITED_US, Census, NodeWatch, changed, node_up, take_census
from farm.scheduler.events import NodeDraining, NodeLost, NodeUp

BIG = NodeUp("a", cpus=8, gpus=4, pools=frozenset({"gpu-large"}), name="render-1", market="spot")
SMALL = NodeUp("b", cpus=2)


def row(cpus: float = 8, **changes) -> dict:
    """As `ray.nodes()` tells of a node."""
    node = {
        "NodeID": "a",
        "Alive": True,
        "NodeName": "render-1",
        "NodeManagerAddress": "10.0.0.7",
        "Labels": {"pool": "gpu-large", "market": "spot"},
        "Resources": {"CPU": cpus, "GPU": 4.0, "memory": 1e9},
    }
    return node | changes


# -- purely -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "events"),
    [
        ({}, {"a": BIG}, [BIG]),
        ({"a": BIG}, {"a": BIG}, []),
        ({"a": BIG}, {"a": SMALL}, [SMALL]),
        ({"a": BIG}, {}, [NodeLost("a")]),
        ({"a": BIG}, {"b": SMALL}, [NodeLost("a"), SMALL]),
    ],
    ids=["new", "as it was", "other resources", "gone", "one for another"],
)
def test_what_is_told_of_nodes(before, after, events):
    assert changed(Census(before), Census(after)) == events


@pytest.mark.parametrize(
    ("before", "after", "events"),
    [
        ({}, {"a": 5}, [NodeDraining("a", 5)]),
        ({"a": 5}, {"a": 5}, []),
        ({"a": 5}, {"a": 3}, [NodeDraining("a", 3)]),
    ],
    ids=["announced", "known", "sooner than said"],
)
def test_what_is_told_of_drains(before, after, events):
    assert changed(Census({"a": BIG}, before), Census({"a": BIG}, after)) == events


def test_a_node_that_comes_draining_is_up_first():
    assert changed(Census(), Census({"a": BIG}, {"a": 5})) == [BIG, NodeDraining("a", 5)]


NODES = st.dictionaries(st.sampled_from("abcd"), st.integers(1, 3)).map(
    lambda found: {name: NodeUp(name, cpus) for name, cpus in found.items()}
)


@given(st.lists(NODES, max_size=6))
def test_who_follows_the_events_knows_the_nodes(censuses):
    known: dict[str, NodeUp] = {}
    before = Census()
    for nodes in censuses:
        for event in changed(before, Census(nodes)):
            if isinstance(event, NodeUp):
                known[event.node] = event
            else:
                del known[event.node]
        before = Census(nodes)
        assert known == nodes


def test_a_row_becomes_a_node():
    assert node_up(row()) == BIG


def test_a_node_without_labels_and_name():
    bare = node_up(row(Labels={}, NodeName=""))
    assert (bare.pools, bare.name) == (frozenset(), "10.0.0.7")


@pytest.fixture
def said(monkeypatch):
    """What Ray says, to be filled in: its rows, and its drains."""
    rows: list[dict] = []
    drains: dict[str, int] = {}
    monkeypatch.setattr(ray, "nodes", lambda: rows)
    monkeypatch.setattr(watching, "_draining", lambda: drains)
    return rows, drains


def test_the_dead_and_the_head_are_no_nodes(said):
    rows, drains = said
    rows += [row(), row(NodeID="dead", Alive=False, Resources={}), row(NodeID="head", Resources={"memory": 1.0})]
    drains |= {"dead": 5, "head": 5}
    assert take_census(Census()) == Census({"a": BIG})


def test_a_drain_without_a_deadline_has_one_that_stays(said):
    rows, drains = said
    rows.append(row())
    drains["a"] = 0
    first = take_census(Census())
    assert first.deadlines_us["a"] == pytest.approx(time.time() * 1e6 + UNLIMITED_US, abs=10e6)
    assert take_census(first) == first


def test_a_watch_that_fails_says_so(said, monkeypatch, until):
    watch = NodeWatch(poll_s=0.01)

    def fail():
        raise RuntimeError("Ray is gone")

    monkeypatch.setattr(ray, "nodes", fail)
    until(lambda: watch._failure)
    with pytest.raises(RuntimeError, match="Ray is gone"):
        watch.changes()
    watch.close()


def test_hundreds_of_nodes_cost_little(said):
    rows, _ = said
    rows += [row(NodeID=str(n)) for n in range(800)]
    began_s = time.process_time()
    for _ in range(10):
        take_census(Census())
    assert (time.process_time() - began_s) / 10 < 0.05


# -- on Ray -------------------------------------------------------------------------------------------------------


@pytest.fixture
def watch(cluster):
    watching = NodeWatch(poll_s=0.1)
    watching.changes()
    yield watching
    watching.close()


@pytest.fixture
def hear(watch, until):
    """The first event of a kind that is told of a node."""

    def first(kind, node):
        heard = until(lambda: [e for e in watch.changes() if isinstance(e, kind) and e.node == node.id])
        return heard[0]

    return first


class Sitter:
    def here(self):
        return True


def sit(node):
    """An actor that keeps a node from being idle."""
    place = NodeAffinitySchedulingStrategy(node.id, soft=False)
    actor = ray.remote(Sitter).options(num_cpus=1, scheduling_strategy=place).remote()
    ray.get(actor.here.remote())
    return actor


@pytest.mark.ray
def test_a_node_comes_drains_and_dies(cluster, hear):
    node = cluster.add(cpus=2, gpus=4, labels={"pool": "gpu-large", "market": "spot"})
    up = hear(NodeUp, node)
    assert (up.cpus, up.gpus, up.pools) == (2, 4, {"gpu-large"})
    actor = sit(node)
    deadline_us = cluster.drain(node, deadline_s=60)
    assert hear(NodeDraining, node) == NodeDraining(node.id, deadline_us)
    assert ray.get(actor.here.remote())  # what runs on a draining node goes on
    cluster.kill(node)
    hear(NodeLost, node)


@pytest.mark.ray
def test_an_idle_node_that_is_drained_leaves_at_once(cluster, hear):
    node = cluster.add(cpus=3)
    hear(NodeUp, node)
    late = NodeWatch()
    ups = {event.node: event for event in late.changes() if isinstance(event, NodeUp)}
    late.close()
    assert ups[node.id].cpus == 3  # who begins to watch hears of every node,
    assert cluster.head.id not in ups  # but not of the head
    cluster.drain(node, deadline_s=60)
    hear(NodeLost, node)
