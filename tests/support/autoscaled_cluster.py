"""A private Ray cluster whose autoscaler brings nodes, of its imagination, and takes them away.

head ─▶ its address ─▶ configuration ─▶ autoscaler ── what waits ──▶ a node joins ── idle ──▶ it goes
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import psutil
import ray
from private_cluster import OBJECT_STORE_BYTES, PrivateCluster, end
from ray.autoscaler._private.fake_multi_node.node_provider import (
    FAKE_HEAD_NODE_ID,
    FAKE_HEAD_NODE_TYPE,
    FakeMultiNodeProvider,
)

AUTOSCALER = {
    "AUTOSCALER_UPDATE_INTERVAL_S": "1",
    "AUTOSCALER_METRIC_PORT": "-1",
    "RAY_FAKE_CLUSTER": "1",
    "RAY_enable_autoscaler_v2": "1",
}
UNUSED = (
    "cluster_synced_files",
    "initialization_commands",
    "setup_commands",
    "head_setup_commands",
    "worker_setup_commands",
    "head_start_ray_commands",
    "worker_start_ray_commands",
)
"""What the autoscaler's configuration must have, and a provider on one machine does not heed."""


def one_kind(*, cpus: int, gpus: int, labels: dict[str, str], most: int, idle_s: float) -> dict[str, Any]:
    """A configuration of the autoscaler with nodes of one kind."""
    node = {"resources": {"CPU": cpus, "GPU": gpus}, "labels": labels, "node_config": {}, "max_workers": most}
    return {
        "cluster_name": "fake",
        "max_workers": most,
        "idle_timeout_minutes": idle_s / 60,
        "available_node_types": {"node": node},
        "auth": {},
        "file_mounts": {},
        **{name: [] for name in UNUSED},
    }


AUTOSCALED_HEAD = {
    "RAY_OVERRIDE_NODE_ID_FOR_TESTING": FAKE_HEAD_NODE_ID,
    "RAY_CLOUD_INSTANCE_ID": FAKE_HEAD_NODE_ID,
    "RAY_NODE_TYPE_NAME": FAKE_HEAD_NODE_TYPE,
}


class AutoscaledCluster(PrivateCluster):
    """A head whose autoscaler, so configured, adds nodes for what waits, and takes idle ones away.

    Its head and its provider are put into the configuration here. Ray's own `AutoscalingCluster` wants port 6379 and
    ends every Ray on the machine. Here the autoscaler starts after the head, once the address that the nodes are to
    join is known.
    """

    def __init__(self, configured: Mapping[str, Any]) -> None:
        super().__init__(no_monitor=True, env_vars=AUTOSCALED_HEAD)
        kinds = dict(configured["available_node_types"])
        kinds.pop(configured.get("head_node_type"), None)
        for kind in kinds.values():  # memory that this machine has not is of no use to its nodes
            kind["resources"] = {**kind["resources"], "object_store_memory": OBJECT_STORE_BYTES}
            kind["resources"].pop("memory", None)
        kinds[FAKE_HEAD_NODE_TYPE] = {"resources": {}, "node_config": {}, "max_workers": 0}
        provider = {
            "type": "external",  # "fake_multinode" reads defaults from a file that the wheel lacks
            "module": f"{FakeMultiNodeProvider.__module__}.{FakeMultiNodeProvider.__qualname__}",
            "gcs_address": self.address,
            "head_node_id": FAKE_HEAD_NODE_ID,
            "launch_multiple": True,
        }
        config = self.folder / "autoscaler.json"
        own = {"provider": provider, "available_node_types": kinds, "head_node_type": FAKE_HEAD_NODE_TYPE}
        config.write_text(json.dumps({**configured, **own}))
        head = self._cluster.head_node
        head._ray_params.autoscaling_config = str(config)
        head.start_monitor()
        self._monitor = psutil.Process(head.all_processes["monitor"][0].process.pid)

    def close(self) -> None:
        ray.shutdown()
        end(self._monitor)  # and its children, the nodes
        super().close()
