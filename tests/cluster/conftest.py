"""Private Ray clusters of several nodes on this machine, and what befalls nodes.

    cluster     one head without CPUs, to which this process is attached; nodes are added, drained, frozen and killed
    autoscaled  a head whose autoscaler adds and removes nodes of one kind
    farm        a pool of workers on the cluster's main node, and what it says; `open_farm` for others

Every port is Ray's free choice, every cluster has a session folder of its own, and what ends is ended by process id:
several may stand on a machine side by side.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import psutil
import pytest
import ray
from private_cluster import OBJECT_STORE_BYTES, QUIET, Node, PrivateCluster, end, until
from ray.autoscaler._private.fake_multi_node.node_provider import (
    FAKE_HEAD_NODE_ID,
    FAKE_HEAD_NODE_TYPE,
    FakeMultiNodeProvider,
)

from farm.cluster.pool import RayPool
from farm.cluster.worker import WorkerSetup
from farm.driver.seams import Progress
from farm.scheduler.events import AttemptFinished, Event, NodeLost, NodeUp, WorkerLost, WorkerReady
from farm.tasks import Lane, Manifest, Task, Work

FARM = Path(__file__).parents[2]
FARMS = count(1)

DRILLS = "noop write read work hoard eat crash note hog family together summed long_together"
STAGES = {name: f"drill:{name.upper()}" for name in DRILLS.split()}
"""Those of `drill`, which workers import."""

ENVIRONMENT = QUIET | {
    "PYTHONPATH": os.pathsep.join([str(FARM), str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]),
}

AUTOSCALER = {
    "AUTOSCALER_UPDATE_INTERVAL_S": "1",
    "AUTOSCALER_METRIC_PORT": "-1",
    "RAY_FAKE_CLUSTER": "1",
    "RAY_enable_autoscaler_v2": "1",
}
AUTOSCALED_HEAD = {
    "RAY_OVERRIDE_NODE_ID_FOR_TESTING": FAKE_HEAD_NODE_ID,
    "RAY_CLOUD_INSTANCE_ID": FAKE_HEAD_NODE_ID,
    "RAY_NODE_TYPE_NAME": FAKE_HEAD_NODE_TYPE,
}


class AutoscaledCluster(PrivateCluster):
    """A head whose autoscaler adds nodes of one kind for what waits, and takes idle ones away.

    Ray's own `AutoscalingCluster` wants port 6379 and ends every Ray on the machine. Here the autoscaler starts after
    the head, once the address that the nodes are to join is known.
    """

    def __init__(self, *, cpus: int, gpus: int, labels: dict[str, str], most: int, idle_s: float) -> None:
        super().__init__(no_monitor=True, env_vars=AUTOSCALED_HEAD)
        resources = {"CPU": cpus, "GPU": gpus, "object_store_memory": OBJECT_STORE_BYTES}
        kinds = {
            FAKE_HEAD_NODE_TYPE: {"resources": {}, "node_config": {}, "max_workers": 0},
            "node": {"resources": resources, "labels": labels, "node_config": {}, "max_workers": most},
        }
        provider = {
            "type": "external",  # "fake_multinode" reads defaults from a file that the wheel lacks
            "module": f"{FakeMultiNodeProvider.__module__}.{FakeMultiNodeProvider.__qualname__}",
            "gcs_address": self.address,
            "head_node_id": FAKE_HEAD_NODE_ID,
            "launch_multiple": True,
        }
        config = self.folder / "autoscaler.json"
        config.write_text(json.dumps({
            "cluster_name": "fake",
            "max_workers": most,
            "idle_timeout_minutes": idle_s / 60,
            "provider": provider,
            "available_node_types": kinds,
            "head_node_type": FAKE_HEAD_NODE_TYPE,
            **dict.fromkeys(("file_mounts", "auth"), {}),
            **dict.fromkeys((
                "cluster_synced_files", "initialization_commands", "setup_commands", "head_setup_commands",
                "worker_setup_commands", "head_start_ray_commands", "worker_start_ray_commands",
            ), []),
        }))  # fmt: skip
        head = self._cluster.head_node
        head._ray_params.autoscaling_config = str(config)
        head.start_monitor()
        self._monitor = psutil.Process(head.all_processes["monitor"][0].process.pid)

    def close(self) -> None:
        ray.shutdown()
        end(self._monitor)  # and its children, the nodes
        super().close()


@pytest.fixture(name="until", scope="session")
def _until() -> Callable[..., Any]:
    return until


@pytest.fixture(scope="module")
def cluster() -> Iterator[PrivateCluster]:
    """A private cluster without nodes, to which this process is attached."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        made = PrivateCluster()
        try:
            made.attach()
            yield made
        finally:
            made.close()


@pytest.fixture(scope="module")
def autoscaled() -> Iterator[AutoscaledCluster]:
    """A private cluster that grows by nodes with four CPUs and four GPUs in the pool `gpu-large`."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (ENVIRONMENT | AUTOSCALER).items():
            patch.setenv(name, value)
        made = AutoscaledCluster(cpus=4, gpus=4, labels={"pool": "gpu-large"}, most=2, idle_s=3.0)
        try:
            made.attach()
            yield made
        finally:
            made.close()


@pytest.fixture(scope="module")
def main(cluster: PrivateCluster) -> Node:
    """The node that most workers of a module's tests come up on."""
    return cluster.add(cpus=8, gpus=4)


class PolledNodes:
    """Ray's nodes as events."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._due_s = 0.0

    def changes(self) -> Sequence[Event]:
        if time.monotonic() < self._due_s:
            return ()
        self._due_s = time.monotonic() + 0.2
        alive = {node["NodeID"]: node for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU")}
        gone, new = self._known - alive.keys(), alive.keys() - self._known
        self._known = set(alive)
        ups = [NodeUp(node, int(alive[node]["Resources"]["CPU"])) for node in new]
        return [*ups, *(NodeLost(node) for node in gone)]


class Farm:
    """A pool under test, and what it has said."""

    def __init__(self, pool: RayPool, folder: Path) -> None:
        self.pool = pool
        self.folder = folder
        self.heard: list[tuple[float, Event | Progress]] = []
        self._workers = count(1)
        self._tasks = count(1)

    def start(self, lane: Lane | None = None, node: str | None = None) -> str:
        """A worker, once it is ready."""
        worker = self.begin(lane, node)
        self.until(lambda event: isinstance(event, WorkerReady) and event.worker == worker)
        return worker

    def begin(self, lane: Lane | None = None, node: str | None = None) -> str:
        lane = lane or Lane()
        worker = f"{lane.name}-{next(self._workers)}"
        self.pool.start(worker, lane, node)
        return worker

    def work(self, stage: str, attempt: int = 1, inputs: dict[str, str] | None = None, **params: Any) -> Work:
        params = {"n": next(self._tasks), "folder": str(self.folder)} | params
        return Work(Task.of(project="p", stage=stage, version=1, params=params), attempt, inputs or {})

    def run(self, worker: str, stage: str, **params: Any) -> Work:
        work = self.work(stage, **params)
        self.pool.run(worker, work)
        return work

    def do(self, worker: str, work: Work) -> Manifest:
        self.pool.run(worker, work)
        return self.finished(worker).manifest

    def finished(self, worker: str) -> AttemptFinished:
        return self.until(lambda event: isinstance(event, AttemptFinished) and event.worker == worker)

    def lost(self, worker: str) -> WorkerLost:
        return self.until(lambda event: isinstance(event, WorkerLost) and event.worker == worker)

    def until(self, wanted: Callable[[Any], bool], within_s: float = 30.0) -> Any:
        """The first event that is wanted."""
        end_s = time.monotonic() + within_s
        while time.monotonic() < end_s:
            for event in self.hear(0.2):
                if wanted(event):
                    return event
        raise AssertionError(f"not heard within {within_s} s; heard {self.heard[-10:]}")

    def hear(self, timeout_s: float) -> Sequence[Event | Progress]:
        told = self.pool.wait(timeout_s)
        self.heard += [(time.monotonic(), event) for event in told]
        return told

    def sign(self, name: str) -> str:
        """What a stage left in the folder, once it is there."""
        path = self.folder / name
        end_s = time.monotonic() + 30
        while not path.exists():
            assert time.monotonic() < end_s, f"no {name}; heard {self.heard[-10:]}"
            self.hear(0.05)
        text = path.read_text()
        path.unlink()
        return text


@pytest.fixture
def open_farm(main: Node, tmp_path: Path) -> Iterator[Callable[..., Farm]]:
    """Opens pools, each a farm of its own unless named, on a store in a folder."""
    pools: list[RayPool] = []

    def open_one(name: str = "", epoch: int = 1, **setup: Any) -> Farm:
        setup = {"url": str(tmp_path / "store"), "scratch": str(tmp_path / "scratch"), "silence_s": 3.0} | setup
        name = name or f"farm{os.getpid()}-{next(FARMS)}"
        pools.append(RayPool(WorkerSetup(stages=STAGES, **setup), name, epoch, PolledNodes()))
        (tmp_path / "signs").mkdir(exist_ok=True)
        return Farm(pools[-1], tmp_path / "signs")

    yield open_one
    for pool in pools:
        pool.close()


@pytest.fixture
def farm(open_farm: Callable[..., Farm]) -> Farm:
    return open_farm()
