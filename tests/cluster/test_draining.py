"""`farm drain` on a real cluster: Ray is told, what runs may end, and the node leaves by itself."""

from __future__ import annotations

import time

import pytest
import ray
from driven_farm import drill, driven, submission
from private_cluster import runs, until

from farm.asking import new_request
from farm.cluster.draining import drain
from farm.errors import FailureKind, InputError
from farm.scheduler.policy import Policy
from farm.store.jobs import JobStore
from farm.store.records import JobState, RequestState, Verb
from farm.tasks import Lane, TaskState

pytestmark = pytest.mark.ray

OUT = Lane(name="out", pool="out")


@pytest.fixture
def store(tmp_path):
    store = JobStore.open(tmp_path / "state")
    yield store
    store.close()


@pytest.fixture
def pair(cluster):
    """Two nodes of one pool, which are gone after the test."""
    nodes = [cluster.add(cpus=1, labels={"pool": "out"}) for _ in range(2)]
    yield nodes
    for node in nodes:
        cluster.kill(node)


def ask(store, node, within_s):
    return store.ask(new_request(Verb.DRAIN, "", {"node": node.id[:12], "within_s": within_s})).id


def answered(store, request):
    return until(lambda: (found := store.request(request)) and found.state is not RequestState.PENDING and found)


def up(node):
    return any(known["NodeID"] == node.id and known["Alive"] for known in ray.nodes())


def of(node, store, tasks):
    """What runs on a node."""
    tried = store.attempts(task.id for task in tasks)
    return next(task for task in tasks if (last := tried[task.id][-1:]) and last[0].node == node.id)


def running(store, tasks):
    found = store.tasks(task.id for task in tasks)
    return len(found) == len(tasks) and all(record.state is TaskState.RUNNING for record in found.values())


def test_one_of_two_nodes_is_taken_out_while_both_are_at_work(pair, store, tmp_path):
    """GIVEN two busy nodes WHEN one is drained THEN its task may end there, the node leaves as soon as it has, well
    before its deadline, and the job is completed by the other.
    """
    signs = [tmp_path / "signs" / str(number) for number in (1, 2)]
    for folder in signs:
        folder.mkdir(parents=True)
    first, second = (drill("wait", number, folder=str(signs[number - 1]), lane=OUT) for number in (1, 2))
    later = [drill("noop", number, lane=OUT) for number in (3, 4)]
    with driven(tmp_path, store, Policy()):
        store.ask(submission("shots", [first, second, *later]))
        until(lambda: running(store, [first, second]))
        leaving = pair[0]
        its = of(leaving, store, [first, second])
        asked = answered(store, ask(store, leaving, within_s=600))
        assert asked.state is RequestState.APPLIED, asked.reason
        drains = answered(store, ask(store, leaving, within_s=900))
        assert "drains already, and goes in 10 min at the latest" in drains.reason
        assert up(leaving)
        assert running(store, [its])
        for folder in signs:
            (folder / "go").touch()
        let_go_s = time.monotonic()
        until(lambda: not up(leaving))
        print(f"the node left {time.monotonic() - let_go_s:.2f} s after its last task could end, of 600 s")
        until(lambda: not runs(leaving.raylet))
        until(lambda: (job := store.job("shots")) and job.state is JobState.DONE)
    found = store.tasks(task.id for task in (first, second, *later))
    assert not any(record.failures for record in found.values())
    assert found[its.id].manifest.node == leaving.id
    assert {found[task.id].manifest.node for task in later} == {pair[1].id}


def test_what_does_not_end_in_time_is_made_elsewhere_at_no_cost(pair, store, tmp_path):
    long = drill("work", 1, seconds=300.0, folder=str(tmp_path), lane=OUT)
    with driven(tmp_path, store, Policy()):
        store.ask(submission("shots", [long]))
        until(lambda: running(store, [long]) and store.attempts([long.id])[long.id][0].node)
        (attempt,) = store.attempts([long.id])[long.id]
        leaving = next(node for node in pair if node.id == attempt.node)
        asked = answered(store, ask(store, leaving, within_s=2))
        assert asked.state is RequestState.APPLIED, asked.reason
        until(lambda: not up(leaving))
        late_s = time.time() - asked.answer["deadline_us"] / 1e6
        print(f"the node left {late_s:.1f} s after its deadline")
        assert late_s >= 0
        until(lambda: len(store.attempts([long.id])[long.id]) == 2 and running(store, [long]))
        assert not runs(leaving.raylet)
        assert store.tasks([long.id])[long.id].failures == {FailureKind.RECLAIMED: 1}


def test_the_head_is_not_taken_out_and_a_node_that_is_idle_leaves_at_once(cluster, pair):
    deadline_us = time.time_ns() // 1000 + 600_000_000
    with pytest.raises(InputError, match="this node is the head"):
        drain(cluster.head.id, deadline_us)
    drain(pair[0].id, deadline_us)
    until(lambda: not up(pair[0]))
    assert up(cluster.head)
    assert up(pair[1])
