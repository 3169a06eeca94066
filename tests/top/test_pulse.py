"""A driver of another version may leave anything out, or say it otherwise: the rest is read all the same."""

from __future__ import annotations

import pytest
from farms import NOW_US, busy_document, lane, node, pulse

from farm.overview import pulse as said
from farm.overview.reader import Seen


@pytest.mark.parametrize("key", ["lanes", "nodes", "waits", "rates", "jobs", "open"])
def test_a_pulse_without_one_of_its_keys(see, draw, key):
    document = busy_document()
    del document[key]
    lines = draw(see(Seen(NOW_US, pulse(document))), 120, 40)
    there = {"lanes": "LANES", "nodes": "POOLS", "waits": "WAITING FOR", "rates": "tasks/min"}
    words = "\n".join(lines)
    assert [name for name, word in there.items() if word not in words] == [name for name in there if name == key]


@pytest.mark.parametrize("name", list(lane("a")) + list(node("a", "p", 1, 1)))
def test_lanes_and_nodes_without_one_of_their_keys(see, draw, name):
    document = {"lanes": [lane("one", busy=1)], "nodes": [node("gpu", "h100", 8, 3)]}
    for line in (*document["lanes"], *document["nodes"]):
        line.pop(name, None)
    draw(see(Seen(NOW_US, pulse(document))))
    assert len(said.lanes(document)) == (name not in {"name", "busy"})
    assert len(said.nodes(document)) == (name != "id")


@pytest.mark.parametrize("name", ["tasks_per_minute", "cost_per_hour", "steps_per_second"])
def test_rates_come_one_by_one(name):
    rates = busy_document()["rates"]
    assert getattr(said.rates({"rates": rates | {name: "a lot"}}), name) in (None, {})
    assert said.rates({"rates": rates | {name: "a lot"}}).takes_per_minute == 18.5
    assert said.rates({}).takes_per_minute is None


@pytest.mark.parametrize(
    "document",
    [
        {"lanes": 3, "nodes": None, "rates": [], "waits": {"job": 3}},
        {"lanes": ["x", {}, {"name": 7}], "nodes": [None], "waits": {"job": {"share": "many", "limit": -1, "held": 0}}},
    ],
    ids=["other kinds", "other values"],
)
def test_what_cannot_be_read_is_left_out(see, draw, document):
    view = see(Seen(NOW_US, pulse(document)))
    assert (view.lanes, view.pools, view.waits) == ((), (), ())
    draw(view)


def test_waits_are_added_up_over_jobs_and_what_comes_by_itself_is_last():
    found = said.waits({"waits": {"a": {"share": 2, "upstream": 50}, "b": {"share": 3, "no capable worker": 1}}})
    assert [(line.reason, line.tasks, list(line.jobs)) for line in found] == [
        ("no capable worker", 1, ["b"]),
        ("share", 5, ["b", "a"]),
        ("upstream", 50, ["a"]),
    ]


def test_pools_add_up_the_nodes_that_are_there():
    nodes = [node("a", "h100", 8, 3), node("b", "h100", 8, 8, state="draining"), node("c", "h100", 8, 8, state="lost")]
    crowded = node("d", "", 0, 0, cpus=4, free_cpus=-2)  # the cluster put more there than there was room for
    h100, rest = said.pools(said.nodes({"nodes": [*nodes, crowded]}))
    assert (h100.name, h100.gpus, h100.free_gpus, dict(h100.nodes)) == (
        "h100",
        16,
        11,
        {"up": 1, "draining": 1, "lost": 1},
    )
    assert (rest.name, rest.cpus, rest.free_cpus) == ("", 4, 0)


def test_lanes_that_have_nothing_to_say_are_not_shown():
    assert said.lanes({"lanes": [lane("gone"), lane("queue", queued=1), lane("idle", idle=1)]})[0].name == "idle"
    assert len(said.lanes({"lanes": [lane("gone")]})) == 0
