"""What is read of Ray's source is what Ray exports."""

from __future__ import annotations

from prometheus_client import CollectorRegistry
from ray.autoscaler._private.prom_metrics import AutoscalerPrometheusMetrics
from ray_families import families


def test_the_autoscalers_families_are_those_it_makes():
    registry = CollectorRegistry()
    AutoscalerPrometheusMetrics(session_name="s", registry=registry)
    made = {family.name + ("_total" if family.type == "counter" else "") for family in registry.collect()}
    assert {name for name in families() if name.startswith("autoscaler_")} == made


def test_gauges_of_nodes_have_the_labels_of_nodes_and_of_gpus():
    found = families()
    assert {"ip", "RayNodeType"} <= found["ray_node_mem_used"]
    assert {"ip", "RayNodeType", "GpuIndex"} <= found["ray_node_gpus_utilization"]
    assert found["ray_cluster_active_nodes"] >= {"node_type"}
    assert found["autoscaler_pending_nodes"] == {"NodeType", "SessionName"}
