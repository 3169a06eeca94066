"""What pods may do, how they end, and what they are told."""

from __future__ import annotations

import json
import re

import pytest
from farm_chart import containers, documents, named, of_kind, pods

HARDENED = {
    "runAsNonRoot": True,
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}
SHARED_WITH_RAY = {"ray-logs": "/tmp/ray", "shared-mem": "/dev/shm"}  # noqa: S108 - of a container
"""Volumes, called as KubeRay calls its own, and where they are mounted."""
SECRET_NAMES = re.compile(r"password|secret|token|database_url|access_key", re.IGNORECASE)


def test_every_container_may_do_only_its_work(found, ray):
    seen = [container for _, pod in pods(found) for container in containers(pod)]
    assert {container["name"] for container in seen} >= {
        "migrate",
        "driver",
        "ray-head",
        "ray-worker",
        "serve",
        "ready",
    }
    for container in [*seen, {"name": "autoscaler", **ray["autoscalerOptions"]}]:
        assert container["securityContext"] == HARDENED, container["name"]
        assert container["resources"]["limits"] == container["resources"]["requests"], container["name"]


PROBED_BY_THE_OPERATOR = {"ray-head", "ray-worker"}
"""KubeRay injects the probes of Ray's own containers: over HTTP, by `rayVersion`."""


def test_whatever_stays_is_asked_whether_it_lives(found, ray):
    for name, pod in pods(found):
        if pod["spec"].get("restartPolicy") == "Never":
            continue
        stays = [one for one in pod["spec"].get("initContainers", []) if one.get("restartPolicy") == "Always"]
        for container in [*stays, *pod["spec"]["containers"]]:
            probed = container["name"] in PROBED_BY_THE_OPERATOR
            assert ("livenessProbe" in container) != probed, (name, container["name"])
    assert ray["rayVersion"]


def test_every_pod_runs_as_somebody_without_rights(found):
    for name, pod in pods(found):
        context = pod["spec"]["securityContext"]
        assert context["runAsNonRoot"], name
        assert context["runAsUser"] > 0, name
        assert context["fsGroup"] > 0, name


def test_only_the_head_may_talk_to_kubernetes(found):
    for name, pod in pods(found):
        assert (pod["spec"].get("automountServiceAccountToken") is False) == (name != "head"), name


def test_what_is_written_lies_on_a_volume(found):
    for name, pod in pods(found):
        volumes = {volume["name"] for volume in pod["spec"].get("volumes", [])}
        for container in containers(pod):
            mounted = {mount["name"] for mount in container.get("volumeMounts", [])}
            claimed = {"data"} if name.startswith("StatefulSet") else set()
            assert mounted <= volumes | claimed, (name, container["name"])


def test_the_driver_is_on_the_head_and_sees_its_ray(ray):
    pod = ray["headGroupSpec"]["template"]["spec"]
    assert pod["shareProcessNamespace"] is True
    assert [container["name"] for container in pod["initContainers"]] == ["migrate", "driver"]
    driver, head = pod["initContainers"][1], pod["containers"][0]
    for volume, path in SHARED_WITH_RAY.items():
        mount = {"name": volume, "mountPath": path}
        assert mount in driver["volumeMounts"]
        assert mount in head["volumeMounts"]
    assert driver["restartPolicy"] == "Always"
    assert ray["headGroupSpec"]["rayStartParams"]["num-cpus"] == "0"


def test_pods_of_ray_have_time_to_drain(found):
    """GIVEN Ray lets what runs go on for so long THEN Kubernetes waits longer."""
    for name, pod in pods(found):
        drains = [
            env for container in pod["spec"]["containers"] for env in container.get("env", []) if "DRAIN" in env["name"]
        ]
        for env in drains:
            assert pod["spec"]["terminationGracePeriodSeconds"] >= float(env["value"]) + 30, name
        assert drains or not any(container["name"].startswith("ray-") for container in pod["spec"]["containers"])


def test_secrets_are_named_and_never_told(found):
    """Only in the secret of the database that comes along is a secret to be found."""
    for _, pod in pods(found):
        for container in containers(pod):
            plain = {env["name"]: env["value"] for env in container.get("env", []) if "value" in env}
            assert not [name for name in plain if SECRET_NAMES.search(name)]
            assert not [value for value in plain.values() if "@" in value]
    for document in of_kind(found, "ConfigMap"):
        assert "postgresql://" not in json.dumps(document), named(document)
    assert {named(document) for document in of_kind(found, "Secret")} <= {"Secret/studio-database"}


def test_workers_have_no_access_to_the_database(found):
    (cluster,) = of_kind(found, "RayCluster")
    assert "FARM_DATABASE" not in json.dumps(cluster["spec"]["workerGroupSpecs"])
    assert "FARM_DATABASE" in json.dumps(cluster["spec"]["headGroupSpec"]["template"]["spec"]["initContainers"])


def test_the_password_of_the_database_that_comes_along_is_made_at_installation_only():
    first, second = [of_kind(documents({}), "Secret")[0] for _ in range(2)]
    assert first["metadata"]["annotations"]["helm.sh/hook"] == "pre-install"
    assert len(first["stringData"]["password"]) == 32
    assert first["stringData"]["password"] in first["stringData"]["url"]
    assert first["stringData"] != second["stringData"]


def test_selectors_find_the_pods_they_are_for(found):
    """Of budgets, policies, monitors, services: each names labels that some pod has."""
    labels = {name: pod["metadata"].get("labels", {}) | {"ray.io/group": name} for name, pod in pods(found)}
    selecting = ("PodDisruptionBudget", "NetworkPolicy", "PodMonitor", "Service", "Deployment", "StatefulSet")
    for document in [one for kind in selecting for one in of_kind(found, kind)]:
        spec = document["spec"]
        selector = spec.get("podSelector") or spec["selector"]
        wanted = selector.get("matchLabels", selector).items()
        assert [name for name, has in labels.items() if wanted <= has.items()], named(document)


def test_groups_differ_by_what_their_values_say(ray, values):
    groups = {group["groupName"]: group for group in ray["workerGroupSpecs"]}
    for name, group in groups.items():
        limits = group["template"]["spec"]["containers"][0]["resources"]["limits"]
        gpus = int(limits.get("nvidia.com/gpu", 0))
        image = group["template"]["spec"]["containers"][0]["image"]
        assert not gpus or image.endswith("-cuda"), name
        tolerated = [each.get("key") for each in group["template"]["spec"]["tolerations"]]
        assert ("nvidia.com/gpu" in tolerated) == (gpus > 0), name
    if {"gpu-spot", "gpu-ondemand"} <= groups.keys():
        spot, ondemand = groups["gpu-spot"], groups["gpu-ondemand"]
        assert spot["priority"] > ondemand["priority"] > 0
        assert (spot["labels"]["market"], ondemand["labels"]["market"]) == ("spot", "on-demand")
        assert spot["labels"]["pool"] == ondemand["labels"]["pool"]


def test_pods_reach_dns_where_the_network_is_closed(found):
    policies = of_kind(found, "NetworkPolicy")
    for policy in [one for one in policies if "Egress" in one["spec"]["policyTypes"]]:
        open_to_all = [rule for rule in policy["spec"]["egress"] if "to" not in rule]
        ports = {(port["protocol"], port["port"]) for rule in open_to_all for port in rule["ports"]}
        assert {("UDP", 53), ("TCP", 53), ("TCP", 443)} <= ports


@pytest.mark.parametrize("component", ["head", "serve"])
def test_a_drain_of_nodes_leaves_somebody(found, component):
    budgets = {one["metadata"]["name"]: one["spec"] for one in of_kind(found, "PodDisruptionBudget")}
    assert budgets[f"studio-{component}"]["selector"]["matchLabels"]["app.kubernetes.io/component"] == component
