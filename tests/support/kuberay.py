"""What KubeRay makes of a RayCluster's groups: the command and the environment of Ray's own container.

The rule is that of the operator at commit feeaf72facab4881ba2b179248bb67315634e229 (2026-08-19), file
ray-operator/controllers/ray/common/pod.go: `setMissingRayStartParams`, `updateRayStartParamsLabels`,
`generateRayStartCommand`, `convertParamMap`, `BuildPod`, `setContainerEnvVars`, `SetContainerTokenAuthEnvVars`; for the
parts that this chart's clusters reach.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PORT = "6379"
UNITS = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
WITH_A_VALUE = {"log-color", "include-dashboard", "include-log-monitor"}
"""Flags of `ray start` that take "true" or "false" as a word."""


def head_service(cluster: Mapping[str, Any]) -> str:
    """The name by which workers reach the head."""
    metadata = cluster["metadata"]
    return f"{metadata['name']}-head-svc.{metadata.get('namespace', 'default')}.svc.cluster.local"


def command(cluster: Mapping[str, Any], group: str) -> list[str]:
    """What the container of the head ("headgroup") or of a worker group runs."""
    is_head = group == "headgroup"
    spec = _group(cluster, group)
    params = {"metrics-export-port": "8080", "dashboard-agent-listen-port": "52365"}
    if is_head:
        params |= {"dashboard-host": "0.0.0.0"}  # noqa: S104 - what the operator says
        if cluster["spec"].get("enableInTreeAutoscaling"):
            params["no-monitor"] = "true"
    else:
        params["address"] = f"{head_service(cluster)}:{PORT}"
    params |= spec["rayStartParams"]
    if labels := spec.get("labels"):
        params["labels"] = ",".join(f"{name}={labels[name]}" for name in sorted(labels))
    limits = spec["template"]["spec"]["containers"][0]["resources"]["limits"]
    params.setdefault("num-cpus", str(-(-float(limits["cpu"]) // 1)).removesuffix(".0"))
    params.setdefault("memory", str(_bytes(limits["memory"])))
    if gpus := limits.get("nvidia.com/gpu"):
        params.setdefault("num-gpus", gpus)
    params["block"] = "true"
    start = f"ray start {'--head ' if is_head else ''}{_flags(params)}"
    return ["/bin/bash", "-c", "--", f"ulimit -n ${{RAY_START_ULIMIT_OPEN_FILES:-65536}}; {start}"]


def environment(cluster: Mapping[str, Any], group: str, pod: str) -> list[dict[str, Any]]:
    """What is added to the variables of Ray's container in the pod of that name."""
    is_head = group == "headgroup"
    name, address = cluster["metadata"]["name"], "127.0.0.1" if is_head else head_service(cluster)
    plain = {
        "RAY_CLUSTER_NAME": name,
        "RAY_CLUSTER_NAMESPACE": cluster["metadata"].get("namespace", "default"),
        "RAY_CLOUD_INSTANCE_ID": pod,
        "RAY_NODE_TYPE_NAME": group,
        "RAY_PORT": PORT,
        "RAY_ADDRESS": f"{address}:{PORT}",
        "RAY_USAGE_STATS_KUBERAY_IN_USE": "1",
        "RAY_DASHBOARD_ENABLE_K8S_DISK_USAGE": "1",
    }
    if is_head and cluster["spec"]["autoscalerOptions"]["version"] == "v2":
        plain["RAY_enable_autoscaler_v2"] = "true"
    if not is_head:
        plain |= {"FQ_RAY_IP": address, "RAY_IP": address.partition(".")[0]}
    auth = cluster["spec"]["authOptions"]
    token = {"secretKeyRef": {"name": auth.get("secretName", name), "key": "auth_token"}}
    return [
        *({"name": key, "value": value} for key, value in plain.items()),
        {"name": "RAY_AUTH_MODE", "value": auth["mode"]},
        {"name": "RAY_AUTH_TOKEN", "valueFrom": token},
    ]


def _group(cluster: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    if name == "headgroup":
        return cluster["spec"]["headGroupSpec"]
    return next(group for group in cluster["spec"]["workerGroupSpecs"] if group["groupName"] == name)


def _flags(params: Mapping[str, str]) -> str:
    flags: list[str] = []
    for name, value in sorted(params.items()):
        if value.lower() not in {"true", "false"} or name in WITH_A_VALUE:
            flags.append(f" --{name}={value} ")
        elif value.lower() == "true":
            flags.append(f" --{name} ")
    return "".join(flags)


def _bytes(amount: str) -> int:
    return int(float(amount[:-2]) * UNITS[amount[-2:]]) if amount[-2:] in UNITS else int(amount)
