"""The chart's worker groups under Ray's own autoscaler: up for a gang that waits, spot first, down when idle.

values ─▶ RayCluster ─▶ Ray's own conversion for KubeRay ─▶ autoscaler v2 ─▶ nodes of its imagination
"""

from __future__ import annotations

import pytest
import ray
from driven_farm import drill, driven, submission
from farm_chart import documents, of_kind
from ray.autoscaler._private.kuberay.autoscaling_config import _derive_autoscaling_config_from_ray_cr

from farm.config import load_config
from farm.driving import policy
from farm.store.jobs import JobStore
from farm.store.records import JobState
from farm.tasks import Lane, TaskState

QUARTET, QUARTET_TOO = (Lane(name=name, gpus=1, ranks=4, pool="gpu") for name in ("quartet", "quartet too"))
IDLE_S = 2
VALUES = {
    "workers": {
        "gpu-spot": {"cpus": 4, "gpus": 4, "maxReplicas": 1, "idleTimeoutSeconds": IDLE_S},
        "gpu-ondemand": {"cpus": 4, "gpus": 4, "maxReplicas": 1, "idleTimeoutSeconds": IDLE_S},
        "cpu": {"minReplicas": 0, "cpus": 2},
    },
    "settings": {"idle_stop_s": 1},
}


def elastic_nodes():
    """The nodes that can take work."""
    return [node for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU")]


@pytest.fixture(scope="module")
def found():
    return documents(VALUES)


@pytest.fixture(scope="module")
def configured(found):
    """By a function private to Ray, as its autoscaler beside KubeRay calls it: pinned by this test."""
    (cluster,) = of_kind(found, "RayCluster")
    return _derive_autoscaling_config_from_ray_cr({**cluster, "metadata": {"name": "studio", "namespace": "renders"}})


def test_ray_reads_the_groups_as_the_values_mean_them(configured):
    kinds = configured["available_node_types"]
    assert set(kinds) == {"headgroup", "gpu-spot", "gpu-ondemand", "post-gpu", "cpu"}
    assert kinds["headgroup"]["resources"]["CPU"] == 0
    spot, ondemand = kinds["gpu-spot"], kinds["gpu-ondemand"]
    assert spot["labels"] == {"pool": "gpu", "market": "spot"}
    assert (spot["resources"]["CPU"], spot["resources"]["GPU"], spot["max_workers"]) == (4, 4, 1)
    assert spot["priority"] > ondemand["priority"]
    assert spot["idle_timeout_s"] == IDLE_S


@pytest.mark.ray
def test_gangs_bring_nodes_spot_first_which_go_when_idle(found, configured, open_autoscaled, tmp_path, until):
    """GIVEN no nodes WHEN one gang is wanted THEN a spot node comes; WHEN two are THEN an on-demand node, too."""
    (settings,) = [one for one in of_kind(found, "ConfigMap") if one["metadata"]["name"] == "studio-settings"]
    path = tmp_path / "config.yaml"
    path.write_text(settings["data"]["config.yaml"], encoding="utf-8")
    store = JobStore.open(tmp_path / "state")

    def markets():
        return sorted(node["Labels"]["market"] for node in elastic_nodes())

    with open_autoscaled(configured), driven(tmp_path, store, policy(load_config({"FARM_CONFIG": str(path)}))):
        store.ask(submission("first", [drill("together", 1, lane=QUARTET)]))
        until(elastic_nodes)
        assert markets() == ["spot"]
        until(lambda: store.job("first").state is JobState.DONE)
        until(lambda: not elastic_nodes())
        more = {"seconds": 15.0, "folder": str(tmp_path)}
        both = [drill("long_together", n, lane=lane, **more) for n, lane in enumerate((QUARTET, QUARTET_TOO), 2)]
        store.ask(submission("second", both))
        until(lambda: markets() == ["on-demand", "spot"])
        until(lambda: store.job("second").state is JobState.DONE)
        assert {record.state for record in store.load("second")} == {TaskState.DONE}
        until(lambda: not elastic_nodes())
    store.close()
