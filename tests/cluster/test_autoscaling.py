"""What waits brings a node up, and idleness takes it away: Ray's autoscaler on nodes of its imagination."""

from __future__ import annotations

import pytest
import ray
from driven_farm import drill, driven, submission

from farm.scheduler.policy import NodeShape, Policy
from farm.store.jobs import JobStore
from farm.store.records import JobState
from farm.tasks import Lane, TaskState

LARGE = "gpu-large"
QUARTET = Lane(name="quartet", gpus=1, ranks=4, pool=LARGE)
POLICY = Policy(elastic=(NodeShape(cpus=4, gpus=4, pool=LARGE, at_most=2),), idle_stop_s=0.5)


def elastic_nodes():
    """The nodes that can take work."""
    return [node for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU")]


@pytest.mark.ray
def test_a_gang_that_waits_brings_a_node_which_goes_when_idle(autoscaled, tmp_path, until):
    """GIVEN a farm without nodes WHEN a gang's task is wanted THEN a node comes for it, and goes when it is done."""
    store = JobStore.open(tmp_path / "state")
    task = drill("together", 1, lane=QUARTET)
    assert not elastic_nodes()
    with driven(tmp_path, store, POLICY):
        store.ask(submission("job", [task]))
        (node,) = until(elastic_nodes)
        assert node["Labels"]["pool"] == LARGE
        until(lambda: store.job("job").state is JobState.DONE)
        (record,) = store.load("job")
        assert (record.state, record.attempts, record.failures) == (TaskState.DONE, 1, {})
        assert [rank["rank"] for rank in record.manifest.facts["ranks"]] == [0, 1, 2, 3]
        assert record.manifest.node == node["NodeID"]
        until(lambda: not elastic_nodes())
    store.close()
