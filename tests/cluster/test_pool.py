"""The pool on a real Ray: commands are carried out, and each loss becomes the right event at the right time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid

import boto3
import psutil
import pytest
from moto.server import ThreadedMotoServer
from private_cluster import until
from ray._common.utils import get_system_memory
from ray._private.utils import get_used_memory
from ray.util import list_named_actors

import farm as package
from farm.driver.seams import Progress
from farm.errors import FailureKind
from farm.scheduler.events import AttemptFinished, NodeLost, NodeUp, WorkerFreed, WorkerLost, WorkerReady
from farm.store.clips import ClipStore
from farm.tasks import AttemptState, Lane, Manifest, manifest_key

pytestmark = pytest.mark.ray


def kill(process: str | int) -> None:
    os.kill(int(process), signal.SIGKILL)


# -- work -------------------------------------------------------------------------------------------------------


def test_an_attempt_runs_and_its_manifest_is_told(farm, main):
    worker = farm.worker()
    work = farm.work("noop", n=7)
    manifest = farm.do(worker, work)
    assert (manifest.state, manifest.facts, manifest.worker) == (AttemptState.DONE, {"n": 7}, worker)
    assert manifest.node == main.id


def test_every_node_is_told_of_first(open_farm, main):
    told = open_farm().until(lambda event: isinstance(event, NodeUp) and event.node == main.id)
    assert told.cpus == 8


def test_a_worker_can_be_pinned_to_a_node(farm, main):
    worker = farm.start(node=main.id)
    (ready,) = farm.events(WorkerReady)
    assert (ready.worker, ready.node) == (worker, main.id)


def test_progress_comes_at_once_and_then_every_two_seconds(farm):
    """A busy machine tells of it later, never sooner, and never more often."""
    worker = farm.worker()
    work = farm.run(worker, "work", seconds=3.0)
    farm.sign("began")
    began_s = time.monotonic()
    farm.finished(worker)
    told = [(at_s - began_s, event) for at_s, event in farm.heard if isinstance(event, Progress)]
    assert [(event.worker, event.task, event.attempt) for _, event in told] == [(worker, work.task.id, 1)] * 2
    (first_s, first), (second_s, second) = told
    assert first_s < second_s - 1.5
    assert first.fraction < 0.3 < 0.6 < second.fraction < 1.0


def test_a_cancelled_attempt_stops_soon(farm):
    worker = farm.worker()
    work = farm.run(worker, "work", seconds=60)
    farm.sign("began")
    asked_s = time.monotonic()
    farm.pool.cancel(worker, work.task.id, work.attempt)
    assert farm.finished(worker).manifest.state is AttemptState.CANCELLED
    assert time.monotonic() - asked_s < 8.0


def test_a_cancel_that_overtakes_its_attempt_is_heard(farm):
    worker = farm.worker()
    first, second = farm.work("work", seconds=0.5), farm.work("work", seconds=60)
    farm.pool.run(worker, first)
    farm.pool.run(worker, second)
    farm.pool.cancel(worker, second.task.id, second.attempt)
    assert farm.finished(worker).manifest.state is AttemptState.DONE
    assert farm.finished(worker).manifest.state is AttemptState.CANCELLED


def is_freed(event) -> bool:
    return isinstance(event, WorkerFreed)


def test_a_worker_is_free_while_its_attempt_is_written(farm):
    worker = farm.worker()
    first = farm.run(worker, "hand_over")
    freed = farm.until(is_freed)
    assert (freed.worker, freed.task, freed.attempt) == (worker, first.task.id, 1)
    second = farm.run(worker, "noop")
    assert farm.finished(worker).manifest.task == second.task.id
    (farm.folder / "signs" / "go").touch()
    assert farm.finished(worker).manifest.task == first.task.id


def test_the_next_waits_for_what_is_written_before_it_frees_the_worker_too(farm):
    worker = farm.worker()
    first = farm.run(worker, "hand_over")
    farm.until(is_freed)
    second = farm.run(worker, "hand_over")
    (farm.folder / "signs" / "go").touch()
    ended = [farm.finished(worker).manifest.task for _ in range(2)]
    assert ended == [first.task.id, second.task.id]


def test_what_is_written_is_lost_with_its_worker(farm):
    worker = farm.worker()
    first = farm.run(worker, "hand_over")
    farm.until(is_freed)
    farm.run(worker, "crash")
    assert farm.lost(worker).kind is FailureKind.CRASHED
    assert not farm.events(AttemptFinished)
    assert not ClipStore(str(farm.folder / "store")).exists(manifest_key("p", first.task.id, 1))


def test_a_worker_whose_outcome_cannot_be_written_is_well(open_farm, tmp_path):
    farm = open_farm(url=str(tmp_path / "broken"))
    worker = farm.worker()
    (tmp_path / "broken").write_text("this is no folder")
    manifest = farm.do(worker, farm.work("noop"))
    assert manifest.failure in {FailureKind.TRANSIENT, FailureKind.INPUT}
    (tmp_path / "broken").unlink()
    assert farm.do(worker, farm.work("noop")).done


# -- losses -----------------------------------------------------------------------------------------------------


def test_a_crash_is_told_at_once(farm):
    worker = farm.worker()
    farm.run(worker, "crash")
    start_s = time.monotonic()
    assert farm.lost(worker).kind is FailureKind.CRASHED
    assert time.monotonic() - start_s < 8.0  # before its silence is noticed


def test_an_idle_worker_that_dies_is_told(farm):
    worker = farm.worker()
    farm.do(worker, farm.work("work", seconds=0))
    kill(farm.sign("began"))
    assert farm.lost(worker).kind is FailureKind.CRASHED
    assert len(farm.events(WorkerLost)) == 1


def test_what_a_lost_worker_had_finished_is_finished(farm):
    worker = farm.worker()
    work = farm.run(worker, "work", seconds=60)
    process = farm.sign("began")
    manifest = Manifest(task=work.task.id, attempt=1, stage="work", state=AttemptState.DONE, worker=worker)
    key = manifest_key("p", work.task.id, 1)
    ClipStore(farm.folder / "store").put_bytes(key, manifest.model_dump_json().encode())
    kill(process)
    lost = farm.lost(worker)
    assert farm.events(AttemptFinished) == [AttemptFinished(worker, manifest)]
    assert lost.kind is FailureKind.RECLAIMED


def test_a_worker_that_cannot_come_up_is_lost_with_the_reason(open_farm, tmp_path):
    (tmp_path / "taken").write_text("a file where the workers' folder should be")
    farm = open_farm(scratch=str(tmp_path / "taken"))
    worker = farm.begin()
    lost = farm.lost(worker)
    assert lost.kind is FailureKind.BUG
    assert "taken" in lost.message


def test_a_worker_of_another_version_is_refused(farm, monkeypatch):
    monkeypatch.setattr(package, "__version__", "99.1")
    worker = farm.begin()
    assert "99.1" in farm.lost(worker).message
    assert not farm.events(WorkerReady)


def test_a_stopped_worker_is_not_told_of(farm):
    worker = farm.worker()
    farm.run(worker, "work", seconds=60)
    process = psutil.Process(int(farm.sign("began")))
    farm.stop(worker)
    process.wait(30)
    assert farm.do(farm.worker(), farm.work("noop")).done
    assert not farm.events(WorkerLost)


def test_the_death_of_a_node_is_told_at_once_but_its_workers_only_after_their_silence(hasty, cluster):
    node = cluster.add(cpus=2)
    worker = hasty.start(node=node.id)
    hasty.run(worker, "work", seconds=60)
    process = psutil.Process(int(hasty.sign("began")))
    cluster.kill(node)
    lost = hasty.lost(worker)
    (node_lost,) = (place for place, (_, event) in enumerate(hasty.heard) if event == NodeLost(node.id))
    (worker_lost,) = (place for place, (_, event) in enumerate(hasty.heard) if event == lost)
    assert lost.kind is FailureKind.RECLAIMED
    assert node_lost < worker_lost
    assert hasty.heard[worker_lost][0] - hasty.heard[node_lost][0] > 1.0
    assert not process.is_running()


def test_out_of_memory_is_told_as_such(patient, cluster, monkeypatch):
    limit, spare = get_system_memory(), 3 << 30  # more than what tests beside this one take meanwhile
    monkeypatch.setenv("RAY_memory_usage_threshold", str((get_used_memory() + spare) / limit))
    monkeypatch.setenv("RAY_memory_monitor_refresh_ms", "100")
    node = cluster.add(cpus=1)
    try:
        worker = patient.start(node=node.id)
        patient.run(worker, "eat", bytes=2 * spare, seconds=20)
        assert patient.lost(worker).kind is FailureKind.OOM
    finally:
        cluster.kill(node)


def test_a_worker_that_was_to_come_up_on_a_dead_node_is_lost(hasty, cluster):
    node = cluster.add(cpus=1)
    hasty.start(node=node.id)
    waiting = hasty.begin(node=node.id)
    cluster.kill(node)
    assert hasty.lost(waiting).kind is FailureKind.RECLAIMED


# -- across attempts and epochs ------------------------------------------------------------------------------------


def test_an_intent_in_the_journal_outlives_the_attempt_that_died(farm):
    worker = farm.worker()
    work = farm.run(worker, "note")
    farm.lost(worker)
    manifest = farm.do(farm.worker(), farm.work("note", attempt=2, n=work.task.params["n"]))
    assert manifest.done
    assert list(manifest.facts["stands"]) == ["bought by"]


def test_what_a_killed_worker_left_on_disk_goes_with_the_next_start(farm):
    worker = farm.worker()
    farm.run(worker, "hoard", seconds=60)
    kill(farm.sign("began"))
    farm.lost(worker)
    (left,) = farm.folder.glob("scratch/*/hoard-*/scratch/hoarded")
    farm.start()
    assert not left.exists()


def test_a_new_leader_ends_the_workers_of_older_epochs_only(open_farm):
    open_farm("show", epoch=3).start(Lane(name="duo", ranks=2))
    open_farm("show2", epoch=1).start()
    open_farm("show", epoch=4).begin()
    until(lambda: not any(name.startswith("show/3/") for name in names()))
    assert {"show2/1/cpu/1", "show/4/cpu/1"} <= names()


def names() -> set[str]:
    return {actor["name"] for actor in list_named_actors(all_namespaces=True)}


# -- storage that is far away --------------------------------------------------------------------------------------


@pytest.fixture
def bucket():
    """A bucket of a real S3 server: its client, its name, and the options that lead there."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        region_name="us-east-1",
    )
    name = f"clips-{uuid.uuid4().hex}"
    client.create_bucket(Bucket=name)
    options = {
        "endpoint_url": endpoint,
        "key": "test",
        "secret": "test",
        "client_kwargs": {"region_name": "us-east-1"},
    }
    yield client, name, options
    server.stop()


def test_a_hop_on_one_machine_reads_no_remote_storage(open_farm, bucket):
    client, name, options = bucket
    farm = open_farm(url=f"s3://{name}/farm", storage=options)
    maker, reader = farm.begin(), farm.begin()
    for _ in range(2):
        farm.until(lambda event: getattr(event, "worker", "") in {maker, reader})
    made = farm.do(maker, farm.work("write", bytes=1000)).files["made"]
    client.delete_object(Bucket=name, Key=f"farm/{made.key}")  # nobody can read it there any more
    manifest = farm.do(reader, farm.work("read", inputs={"clip": made.key}))
    assert manifest.facts == {"bytes": {"clip": 1000}}, manifest.message
    assert manifest.worker == reader


def test_what_the_machine_lacks_is_read_once(open_farm, bucket):
    client, name, options = bucket
    farm = open_farm(url=f"s3://{name}/farm", storage=options)
    client.put_object(Bucket=name, Key="farm/store/p/asset/still.png", Body=b"x" * 500)
    worker = farm.worker()
    inputs = {"still": "store/p/asset/still.png"}
    assert farm.do(worker, farm.work("read", inputs=inputs)).done
    client.delete_object(Bucket=name, Key="farm/store/p/asset/still.png")
    assert farm.do(worker, farm.work("read", inputs=inputs)).done


# -- beside a cluster that stands ----------------------------------------------------------------------------------

JOIN = """
import sys
from farm.cluster.local import attach
with attach(sys.argv[1]):
    import ray
    sys.stderr.write(f"{len(ray.nodes())} nodes")
"""


def test_a_driver_joins_the_cluster_beside_it(cluster, main):
    command = [sys.executable, "-c", JOIN, cluster.address]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "nodes" in done.stderr
    assert done.stdout == ""
