"""The files under deploy/monitoring are what their programs read, and point at what is there."""

from __future__ import annotations

import shutil
import socket
import subprocess
from pathlib import Path

import pytest
import ray._private.ray_constants as ray_constants
import yaml
from monitoring_rules import ROOT
from prometheus_server import NOT_INSTALLED, PROMETHEUS, PROMTOOL

from farm.config import Config

HERE = ROOT / "deploy" / "monitoring"
AMTOOL = shutil.which("amtool")


def read(name: str) -> dict:
    return yaml.safe_load((HERE / name).read_text(encoding="utf-8"))


@pytest.mark.skipif(not PROMTOOL, reason=NOT_INSTALLED)
def test_prometheus_can_be_configured_so():
    done = subprocess.run(
        [PROMTOOL, "check", "config", HERE / "prometheus.yml"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(not AMTOOL, reason="amtool is not installed (Debian: apt-get install prometheus-alertmanager)")
def test_alertmanager_can_be_configured_so():
    done = subprocess.run(
        [AMTOOL, "check-config", HERE / "alertmanager.yml"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_asks_where_the_driver_answers_by_itself():
    (targets,) = read("targets/farm.yml")
    assert targets["targets"] == [str(Config().metrics)]


def test_ray_is_found_where_a_head_writes_its_nodes():
    (ray_job,) = (job for job in read("prometheus.yml")["scrape_configs"] if job["job_name"] == "ray")
    (file,) = ray_job["file_sd_configs"][0]["files"]
    assert Path(file).name == ray_constants.PROMETHEUS_SERVICE_DISCOVERY_FILE


def test_the_farms_own_word_job_is_left_alone():
    (farm_job,) = (job for job in read("prometheus.yml")["scrape_configs"] if job["job_name"] == "farm")
    assert farm_job["honor_labels"] is True


def test_grafana_asks_as_often_as_prometheus_does():
    (source,) = read("grafana/provisioning/datasources/prometheus.yml")["datasources"]
    assert source["jsonData"]["timeInterval"] == read("prometheus.yml")["global"]["scrape_interval"]


def test_where_things_run_in_containers_each_target_has_its_like():
    """GIVEN the folder `containers` in the place of `targets` THEN Prometheus finds the files that it looks for."""
    here, there = (sorted(file.name for file in (HERE / name).iterdir()) for name in ("targets", "containers"))
    assert here == there
    told = yaml.safe_dump(read("prometheus.yml"))
    assert all(f"targets/{name}" in told for name in here)


@pytest.mark.skipif(not PROMETHEUS, reason=NOT_INSTALLED)
def test_a_port_in_use_is_said_as_the_how_to_quotes_it(tmp_path):
    page = (ROOT / "docs" / "how-to" / "monitoring.md").read_text(encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [
                PROMETHEUS,
                f"--config.file={HERE / 'prometheus.yml'}",
                f"--storage.tsdb.path={tmp_path / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode != 0
    said = f"listen tcp 127.0.0.1:{port}: bind: address already in use"
    assert said in done.stderr
    assert said.replace(str(port), "9090") in page
