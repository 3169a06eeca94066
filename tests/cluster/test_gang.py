"""Gangs on a real Ray: ranks come up together, work together, and end together."""

from __future__ import annotations

import time

import psutil
import pytest
import ray
from private_cluster import runs, until
from ray.util.placement_group import placement_group_table

from farm.cluster.gang import Farm as Owner
from farm.errors import FailureKind
from farm.logs.files import LogReader
from farm.scheduler.events import WorkerLost, WorkerReady
from farm.store.clips import ClipStore
from farm.tasks import Lane, log_prefix

pytestmark = pytest.mark.ray

DUO = Lane(name="duo", gpus=1, ranks=2)


def live_groups() -> list[str]:
    return [group["name"] for group in placement_group_table().values() if group["state"] != "REMOVED"]


def all_gpus_are_free() -> bool:
    return ray.available_resources().get("GPU", 0) == ray.cluster_resources()["GPU"]


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


def test_what_all_ranks_say_is_in_the_attempts_log(farm):
    gang = farm.worker(DUO)
    work = farm.work("speak", n=7)
    manifest = farm.do(gang, work)
    assert manifest.done, manifest.message
    reader = LogReader(ClipStore(farm.folder / "store"), log_prefix("p", work.task.id, 1))
    said = {(line.fields.get("rank"), line.logger, line.message.partition(" deprecated")[0]) for line in reader.more()}
    words = {("stdout", "7 printed"), ("a.library", "7 logged")}
    assert {(rank, *each) for rank in (None, 1) for each in words} <= said
    assert manifest.logged == sum(rank is None for rank, *_ in said)
    assert {line.fields["worker"] for line in LogReader(reader.storage, reader.prefix).more()} == {gang}


def test_a_gang_is_ready_once(farm):
    gang = farm.start(DUO)
    farm.do(gang, farm.work("noop"))
    assert [event.worker for event in farm.events(WorkerReady)] == [gang]


@pytest.mark.parametrize("rank", [0, 1])
def test_one_rank_lost_is_the_gang_lost(farm, rank):
    gang = farm.worker(DUO)
    farm.run(gang, "long_together", seconds=60)
    processes = [psutil.Process(int(farm.sign(name))) for name in ("rank0", "rank1")]
    start_s = time.monotonic()
    processes[rank].kill()
    assert farm.lost(gang).kind is FailureKind.CRASHED
    assert time.monotonic() - start_s < 8  # before its silence is noticed
    until(lambda: not any(runs(process) for process in processes))
    until(all_gpus_are_free)
    assert not [name for name in live_groups() if "/duo/" in name]
    farm.hear(0.5)
    assert len(farm.events(WorkerLost)) == 1


def test_a_stopped_gang_gives_back_everything(farm):
    gang = farm.worker(DUO)
    assert not all_gpus_are_free()
    farm.stop(gang)
    until(all_gpus_are_free)


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
            assert WorkerReady(worker, node.id) in farm.events(WorkerReady)
            farm.stop(worker)
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
