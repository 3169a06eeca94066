"""What Prometheus and Grafana are told."""

from __future__ import annotations

import shutil
import subprocess

import pytest
import yaml
from farm_chart import FOLDER, containers, documents, of_kind, pods

PROJECT = FOLDER.parents[1]

ALL = {"monitoring": {"podMonitors": True, "alerts": True, "dashboards": True}}


@pytest.fixture(scope="module")
def watched():
    return documents(ALL)


def test_monitors_ask_at_ports_that_there_are(watched):
    ports = {}
    for _, pod in pods(watched):
        component = pod["metadata"]["labels"].get("app.kubernetes.io/component")
        ports[component] = {port["name"] for container in containers(pod) for port in container.get("ports", [])}
    for monitor in of_kind(watched, "PodMonitor"):
        component = monitor["spec"]["selector"]["matchLabels"]["app.kubernetes.io/component"]
        assert {endpoint["port"] for endpoint in monitor["spec"]["podMetricsEndpoints"]} <= ports[component]


def test_every_source_of_metrics_is_asked(watched):
    asked = {
        monitor["metadata"]["name"]: [endpoint["port"] for endpoint in monitor["spec"]["podMetricsEndpoints"]]
        for monitor in of_kind(watched, "PodMonitor")
    }
    assert asked == {
        "studio-driver": ["farm-metrics"],
        "studio-head": ["metrics", "as-metrics", "dash-metrics"],
        "studio-workers": ["metrics"],
        "studio-serve": ["http"],
    }


def test_jobs_are_called_as_alerts_call_them_and_a_farms_own_job_stays_what_it_is(watched):
    """A shot list is the label `job` of some of the farm's metrics; `job` of all others is the monitor's to say."""
    called = {}
    for monitor in of_kind(watched, "PodMonitor"):
        for endpoint in monitor["spec"]["podMetricsEndpoints"]:
            (label,) = endpoint["relabelings"]
            called[endpoint["port"]] = (label["targetLabel"], label["replacement"], endpoint["honorLabels"])
    said = yaml.safe_load((PROJECT / "deploy" / "monitoring" / "prometheus.yml").read_text(encoding="utf-8"))
    honest = {scrape["job_name"]: scrape.get("honor_labels", False) for scrape in said["scrape_configs"]}
    assert called["farm-metrics"] == ("job", "farm", True)
    assert called["http"] == ("job", "farm-serve", True)
    assert called["metrics"] == ("job", "ray", True)
    assert honest["farm"] is True
    assert {job for _, job, _ in called.values()} == honest.keys()


def test_prometheus_gets_through_to_all_that_it_asks(watched):
    """The policy for all of the farm's pods lets the namespace of the monitoring in, at these ports."""
    (policy,) = [one for one in of_kind(watched, "NetworkPolicy") if one["metadata"]["name"] == "studio"]
    open_to = {port["port"] for rule in policy["spec"]["ingress"] for port in rule.get("ports", [])}
    numbers = {}
    for _, pod in pods(watched):
        component = pod["metadata"]["labels"].get("app.kubernetes.io/component")
        ports = [port for container in containers(pod) for port in container.get("ports", [])]
        numbers |= {(component, port["name"]): port["containerPort"] for port in ports}
    for monitor in of_kind(watched, "PodMonitor"):
        component = monitor["spec"]["selector"]["matchLabels"]["app.kubernetes.io/component"]
        for endpoint in monitor["spec"]["podMetricsEndpoints"]:
            assert numbers[component, endpoint["port"]] in open_to, endpoint["port"]


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed (Debian: prometheus)")
def test_prometheus_understands_the_alerts(watched, tmp_path):
    (rule,) = of_kind(watched, "PrometheusRule")
    file = tmp_path / "alerts.yaml"
    file.write_text(yaml.safe_dump(rule["spec"]), encoding="utf-8")
    done = subprocess.run(["promtool", "check", "rules", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def copies():
    """Files of the chart and what they are copies of: a chart is packed without what lies beside it."""
    yield FOLDER / "files" / "alerts.yaml", PROJECT / "deploy" / "monitoring" / "rules.yml"
    written = {file.name: file for file in (PROJECT / "dashboards" / "grafana").glob("*.json")}
    packed = {file.name: file for file in (FOLDER / "files" / "dashboards").glob("*.json")}
    for name in sorted(written.keys() | packed.keys()):
        yield FOLDER / "files" / "dashboards" / name, PROJECT / "dashboards" / "grafana" / name


@pytest.mark.parametrize(("copy", "original"), list(copies()), ids=lambda path: path.name)
def test_the_chart_packs_what_the_project_says(copy, original):
    here = str(copy.relative_to(PROJECT))
    assert original.exists(), f"git rm {here}"
    assert copy.exists() and copy.read_bytes() == original.read_bytes(), f"cp {original.relative_to(PROJECT)} {here}"  # noqa: PT018


def test_alerts_reach_prometheus_as_they_are_written(watched):
    (rule,) = of_kind(watched, "PrometheusRule")
    assert rule["spec"] == yaml.safe_load((FOLDER / "files" / "alerts.yaml").read_text(encoding="utf-8"))


def test_each_dashboard_is_a_config_map(watched):
    maps = [one for one in of_kind(watched, "ConfigMap") if one["metadata"]["labels"].get("grafana_dashboard") == "1"]
    texts = {name: text for one in maps for name, text in one["data"].items()}
    files = {file.name: file.read_text(encoding="utf-8") for file in (FOLDER / "files" / "dashboards").glob("*.json")}
    assert texts == files
