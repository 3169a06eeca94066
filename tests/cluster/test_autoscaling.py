"""What waits brings a node up, and idleness takes it away: Ray's autoscaler on nodes of its imagination."""

from __future__ import annotations

import pytest
import ray
from ray.util.placement_group import placement_group, remove_placement_group


def workers():
    """The nodes that can take work."""
    return [node for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU")]


@pytest.mark.ray
def test_a_gang_that_waits_brings_a_node_which_goes_when_idle(autoscaled, until):
    assert not workers()
    gang = placement_group([{"CPU": 1, "GPU": 1}] * 4, strategy="STRICT_PACK")
    ray.get(gang.ready(), timeout=40)
    (node,) = workers()
    assert node["Labels"]["pool"] == "gpu-large"
    remove_placement_group(gang)
    until(lambda: not workers(), within_s=40)
