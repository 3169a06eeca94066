"""A private Ray of several nodes on this machine, and pools of workers on it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import ray
from ray.cluster_utils import Cluster

from farm.cluster.pool import RayPool
from farm.cluster.worker import WorkerSetup
from farm.driver.seams import Progress
from farm.scheduler.events import AttemptFinished, Event, NodeLost, NodeUp, WorkerLost, WorkerReady
from farm.tasks import Lane, Manifest, Task, Work

HERE = Path(__file__).parent
FARMS = count()
STAGES = {name: f"drill:{name.upper()}" for name in (
    "noop", "write", "read", "work", "hoard", "eat", "crash", "note", "hog", "family", "together", "summed", "long_together",
)}  # fmt: skip
"""Those of `drill`, which workers import."""

HEALTH = {
    "health_check_initial_delay_ms": 0,
    "health_check_period_ms": 500,
    "health_check_timeout_ms": 500,
    "health_check_failure_threshold": 3,
}


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


class Nodes:
    """The cluster's nodes, and how to add and lose some."""

    def __init__(self) -> None:
        self.cluster = Cluster(
            initialize_head=True,
            head_node_args={
                "num_cpus": 0,
                "include_dashboard": False,
                "object_store_memory": 80 << 20,
                "_system_config": HEALTH,
            },
        )
        self.main = self.add(num_cpus=8, num_gpus=4)

    def add(self, **options: Any) -> Any:
        return self.cluster.add_node(object_store_memory=80 << 20, **options)

    def close(self) -> None:
        self.cluster.shutdown()


@pytest.fixture(scope="session")
def nodes() -> Iterator[Nodes]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([str(HERE), str(HERE.parents[1]), os.environ.get("PYTHONPATH", "")]))
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_enable_metrics_collection", "0")
        patch.setenv("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        made = Nodes()
        ray.init(address=made.cluster.address, log_to_driver=False)
        yield made
        ray.shutdown()
        made.close()


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
def open_farm(nodes: Nodes, tmp_path: Path) -> Iterator[Callable[..., Farm]]:
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
