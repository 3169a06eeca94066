"""`farm drive` beside a real cluster, as people run it: a command takes a node out, and SIGTERM ends the driver."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest
import ray
from private_cluster import until

from farm.config import load_config
from farm.site import Site

pytestmark = pytest.mark.ray

GRACE_S = 25.0
"""What a driver may take to end; Kubernetes and others give 30 s."""


@pytest.fixture
def farm(cluster, tmp_path):
    """Runs `farm` on the cluster; what the driver says is in `driver.log`."""
    env = {
        **os.environ,
        "FARM_RAY": cluster.address,
        "FARM_STATE": str(tmp_path / "state"),
        "FARM_OUT": str(tmp_path / "out"),
        "FARM_SCRATCH": str(tmp_path / "scratch"),
        "FARM_METRICS": "off",
        "COLUMNS": "200",
    }

    def command(*words):
        return [sys.executable, "-m", "farm", *words]

    with (tmp_path / "driver.log").open("wb") as log:
        driver = subprocess.Popen(command("drive"), env=env, stdout=log, stderr=log)
    with Site(load_config(env), str(tmp_path / "out")).store() as store:
        yield (
            driver,
            store,
            lambda *words: subprocess.run(
                command(*words), env=env, capture_output=True, text=True, check=False, timeout=120
            ),
        )
    driver.kill()
    driver.wait()


def up(node):
    return any(known["NodeID"] == node.id and known["Alive"] for known in ray.nodes())


@pytest.fixture
def node(cluster):
    found = cluster.add(cpus=1)
    yield found
    cluster.kill(found)


def test_a_node_is_taken_out_and_then_the_driver_ends(farm, node, tmp_path):
    driver, store, say = farm

    def known() -> bool:
        assert driver.poll() is None, (tmp_path / "driver.log").read_text()
        pulse = store.last_pulse()
        return bool(pulse and pulse.leader) and node.id in {each["id"] for each in pulse.document["nodes"]}

    until(known)
    nobody = say("drain", "gpu-09")
    assert nobody.returncode == 1
    assert 'there is no node "gpu-09": there is ' in nobody.stderr
    done = say("drain", node.id[:12], "--within", "10m")
    assert done.returncode == 0, done.stderr
    assert "drains: nothing begins there, and it goes by " in done.stdout
    until(lambda: not up(node))
    until(lambda: {each["id"]: each["state"] for each in store.last_pulse().document["nodes"]}[node.id] == "lost")
    gone = say("drain", node.id[:12])
    assert "is gone already" in gone.stderr

    began_s = time.monotonic()
    driver.send_signal(signal.SIGTERM)
    assert driver.wait(120) == 0, (tmp_path / "driver.log").read_text()
    took_s = time.monotonic() - began_s
    print(f"farm drive: gone {took_s:.2f} s after SIGTERM")
    assert took_s < GRACE_S
    assert store.last_pulse().leader == ""
    assert "Traceback" not in (tmp_path / "driver.log").read_text()
