"""Gangs on a real Ray: ranks come up together, work together, and end together."""

from __future__ import annotations

import os
import signal
import time

import psutil
import pytest
import ray
from ray.util.placement_group import placement_group_table

from farm.cluster.gang import Farm as Owner
from farm.errors import FailureKind
from farm.scheduler.events import WorkerLost, WorkerReady
from farm.tasks import Lane

pytestmark = pytest.mark.ray

DUO = Lane(name="duo", gpus=1, ranks=2)


def live_groups() -> list[str]:
    return [group["name"] for group in placement_group_table().values() if group["state"] != "REMOVED"]


def lives(process: int) -> bool:
    try:
        return psutil.Process(process).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def free_gpus(within_s: float = 10) -> float:
    """GPUs that are free, once all are or time is up."""
    end_s = time.monotonic() + within_s
    while (free := ray.available_resources().get("GPU", 0)) < ray.cluster_resources()["GPU"]:
        if time.monotonic() > end_s:
            break
        time.sleep(0.1)
    return free


def test_every_rank_knows_its_place(farm, main):
    gang = farm.start(DUO, node=main.id)
    manifest = farm.do(gang, farm.work("together"))
    assert manifest.done, manifest.message
    first, second = manifest.facts["ranks"]
    assert manifest.facts["world"] == 2
    assert [first["rank"], second["rank"]] == [0, 1]
    assert first["pid"] != second["pid"]
    assert first["gpus"] == second["gpus"] == [0]
    for rank, said in enumerate((first, second)):
        assert (said["env"]["RANK"], said["env"]["WORLD_SIZE"]) == (str(rank), "2")
        assert said["env"]["MASTER_ADDR"]
        assert int(said["env"]["MASTER_PORT"])
    assert first["env"]["MASTER_PORT"] == second["env"]["MASTER_PORT"]
    assert first["env"]["CUDA_VISIBLE_DEVICES"] != second["env"]["CUDA_VISIBLE_DEVICES"]


def test_torch_finds_the_others(farm):
    gang = farm.start(Lane(name="cpus", ranks=2))
    manifest = farm.do(gang, farm.work("summed", n=10))
    assert manifest.facts == {"sums": [21, 21]}, manifest.message


def test_a_gang_is_ready_once(farm):
    gang = farm.start(DUO)
    farm.do(gang, farm.work("noop"))
    ready = [event for _, event in farm.heard if isinstance(event, WorkerReady)]
    assert [event.worker for event in ready] == [gang]


@pytest.mark.parametrize("rank", [0, 1])
def test_one_rank_lost_is_the_gang_lost(farm, rank):
    gang = farm.start(DUO)
    farm.run(gang, "long_together", seconds=60)
    processes = [int(farm.sign("rank0")), int(farm.sign("rank1"))]
    start_s = time.monotonic()
    os.kill(processes[rank], signal.SIGKILL)
    assert farm.lost(gang).kind is FailureKind.CRASHED
    assert time.monotonic() - start_s < 4
    deadline_s = time.monotonic() + 5
    while any(lives(process) for process in processes):
        assert time.monotonic() < deadline_s
        time.sleep(0.05)
    assert free_gpus() == 4
    assert not [name for name in live_groups() if name.startswith(farm.pool._farm.name)]
    farm.hear(0.5)
    assert len([event for _, event in farm.heard if isinstance(event, WorkerLost)]) == 1


def test_a_stopped_gang_gives_back_everything(farm):
    gang = farm.start(DUO)
    farm.pool.stop(gang)
    assert free_gpus() == 4


def test_a_gang_without_room_waits_and_is_demand(farm):
    farm.begin(Lane(name="huge", gpus=1, ranks=6))
    farm.hear(1.0)
    states = [group["state"] for group in placement_group_table().values() if "/huge/" in group["name"]]
    assert states[-1] == "PENDING"


def test_a_pools_label_is_where_its_lane_goes(farm, cluster):
    node = cluster.add(cpus=2, labels={"pool": "big"})
    try:
        single = Lane(name="single", pool="big")
        both = Lane(name="both", pool="big", ranks=2)
        for lane in (single, both):
            worker = farm.start(lane)
            (ready,) = [event for _, event in farm.heard if isinstance(event, WorkerReady) and event.worker == worker]
            assert ready.node == node.id
            farm.pool.stop(worker)
    finally:
        cluster.kill(node)


@pytest.mark.parametrize(
    ("name", "older"),
    [
        ("show/3/cpu/1", True),
        ("show/4/cpu/1", False),
        ("show/11/cpu/1", False),
        ("show2/1/cpu/1", False),
        ("other/1/cpu/1", False),
        ("show/x/cpu/1", False),
    ],
)
def test_older_epochs_are_told_by_name(name, older):
    assert Owner("show", 4).older(name) is older


def test_actors_are_named_by_farm_epoch_lane_and_number():
    owner = Owner("show", 4)
    assert owner.actor(Lane(), "cpu-17", 0) == "show/4/cpu/17"
    assert owner.actor(DUO, "duo-2", 1) == "show/4/duo/2.1"
