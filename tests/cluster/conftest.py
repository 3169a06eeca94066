"""Private Ray clusters, and pools of workers on them.

    cluster     a head without CPUs, to which this process is attached; nodes are added, drained, frozen and killed
    main        the cluster's node on which most workers come up
    farm        a pool on the cluster, and what it says; `open_farm` for others, `hasty` where silence is what is tried
    autoscaled  a head whose autoscaler adds and removes nodes of one kind

What takes longest is to start a cluster, then to start a worker. So one cluster stands until the session ends, in each
process that runs tests; modules attach to it one after the other, and their tests share workers that are well.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Any, TypeAlias

import private_cluster
import pytest
from autoscaled_cluster import AUTOSCALER, AutoscaledCluster, one_kind
from drill import STAGES
from gang_stages import STAGES as GANG_STAGES
from private_cluster import QUIET, Node, PrivateCluster
from tried_pool import HASTY_S, PATIENT_S, TriedPool

from farm.cluster.nodes import NodeWatch
from farm.cluster.pool import RayPool
from farm.cluster.setup import WorkerSetup

TESTS = Path(__file__).parents[1]
IMPORTED = {
    "PYTHONPATH": os.pathsep.join([str(TESTS.parent), str(TESTS / "support"), os.environ.get("PYTHONPATH", "")])
}
"""Workers, and drivers in processes of their own, import this farm and the drills."""

FARMS = count(1)


@pytest.fixture(scope="session")
def until() -> Callable[..., Any]:
    return private_cluster.until


@contextmanager
def environment(more: dict[str, str]) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (QUIET | IMPORTED | more).items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="session")
def stands() -> Iterator[PrivateCluster]:
    with environment({}):
        cluster = PrivateCluster()
    yield cluster
    cluster.close()


@pytest.fixture(scope="module")
def cluster(stands: PrivateCluster) -> Iterator[PrivateCluster]:
    """A private cluster, to which this process is attached."""
    with environment({}), stands.attached():
        yield stands


@pytest.fixture(scope="session")
def main(stands: PrivateCluster) -> Node:
    """The node that most workers come up on."""
    with environment({}):
        return stands.add(cpus=8, gpus=4)


@contextmanager
def autoscaling(configured: Mapping[str, Any]) -> Iterator[PrivateCluster]:
    with environment(AUTOSCALER):
        cluster = AutoscaledCluster(configured)
        try:
            with cluster.attached():
                yield cluster
        finally:
            cluster.close()


@pytest.fixture(scope="module")
def autoscaled() -> Iterator[PrivateCluster]:
    """A private cluster that grows, and shrinks after a second without work, by nodes with 4 CPUs and 4 GPUs in the
    pool `gpu-large`.
    """
    with autoscaling(one_kind(cpus=4, gpus=4, labels={"pool": "gpu-large"}, most=2, idle_s=1.0)) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def open_autoscaled() -> Callable[[Mapping[str, Any]], AbstractContextManager[PrivateCluster]]:
    """Opens clusters whose autoscaler is configured otherwise."""
    return autoscaling


OpenFarm: TypeAlias = Callable[..., TriedPool]


@contextmanager
def farms(folder: Path) -> Iterator[OpenFarm]:
    """Opens pools, each a farm of its own unless named, on a store in a folder."""
    with ExitStack() as opened:

        def open_one(name: str = "", epoch: int = 1, **setup: Any) -> TriedPool:
            setup = {"url": str(folder / "store"), "scratch": str(folder / "scratch"), "silence_s": PATIENT_S} | setup
            name = name or f"farm{os.getpid()}-{next(FARMS)}"
            nodes = opened.enter_context(closing(NodeWatch(poll_s=0.1)))
            pool = opened.enter_context(
                closing(RayPool(WorkerSetup(stages=STAGES | GANG_STAGES, **setup), name, epoch, nodes))
            )
            return TriedPool(pool, folder)

        yield open_one


@pytest.fixture
def open_farm(cluster: PrivateCluster, main: Node, tmp_path: Path) -> Iterator[OpenFarm]:
    with farms(tmp_path) as open_one:
        yield open_one


@pytest.fixture(scope="module")
def shared(cluster: PrivateCluster, main: Node, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TriedPool]:
    with farms(tmp_path_factory.mktemp("farm")) as open_one:
        yield open_one()


@pytest.fixture(scope="module")
def hurried(cluster: PrivateCluster, main: Node, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TriedPool]:
    with farms(tmp_path_factory.mktemp("hasty")) as open_one:
        yield open_one(silence_s=HASTY_S)


@pytest.fixture
def hasty(hurried: TriedPool) -> Iterator[TriedPool]:
    """A pool whose workers are soon given up."""
    yield hurried
    hurried.settle()


@pytest.fixture(scope="module")
def patient(cluster: PrivateCluster, main: Node, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TriedPool]:
    """A pool that a module's tests share, for workers that import for long on a busy machine."""
    with farms(tmp_path_factory.mktemp("patient")) as open_one:
        yield open_one(silence_s=60.0)


@pytest.fixture
def farm(shared: TriedPool) -> Iterator[TriedPool]:
    """A pool that a module's tests share."""
    yield shared
    shared.settle()
