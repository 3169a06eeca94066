"""Silence on a real Ray: whoever may still be at work keeps its task until it has ended itself."""

from __future__ import annotations

import time

import psutil
import pytest

from farm.driver.seams import Progress
from farm.errors import FailureKind
from farm.scheduler.events import AttemptFinished, NodeLost, WorkerLost
from farm.store.clips import ClipStore
from farm.tasks import manifest_key

pytestmark = pytest.mark.ray

SILENCE_S = 3.0


def ends(process: psutil.Process, within_s: float) -> bool:
    try:
        process.wait(within_s)
    except psutil.TimeoutExpired:
        return process.status() == psutil.STATUS_ZOMBIE
    return True


def test_a_worker_without_a_driver_ends_itself_and_its_children(farm):
    worker = farm.start()
    farm.run(worker, "family", seconds=60)
    processes = [psutil.Process(int(process)) for process in farm.sign("began").split()]
    farm.pool._heartbeat.close()  # as a stopped driver's
    assert all(ends(process, SILENCE_S + 3) for process in processes)


def test_a_driver_that_is_busy_elsewhere_keeps_its_workers(farm):
    idle, worker = farm.begin(), farm.start()
    work = farm.run(worker, "work", seconds=SILENCE_S + 1)
    time.sleep(SILENCE_S + 1.5)  # nobody calls `wait` meanwhile
    assert farm.finished(worker).manifest.task == work.task.id
    assert farm.do(idle, farm.work("noop")).done
    assert not [event for _, event in farm.heard if isinstance(event, WorkerLost)]


def test_a_worker_whose_control_path_hangs_is_lost(farm):
    worker = farm.start()
    farm.run(worker, "hog", seconds=60)
    process = psutil.Process(int(farm.sign("began")))
    lost = farm.lost(worker)
    assert (lost.kind, "nothing heard" in lost.message) == (FailureKind.CRASHED, True)
    assert ends(process, 5)


def test_a_frozen_worker_is_told_of_when_it_has_to_have_stopped_and_stops_when_it_thaws(farm, tmp_path):
    worker = farm.start()
    work = farm.run(worker, "work", seconds=4)
    process = psutil.Process(int(farm.sign("began")))
    process.suspend()
    frozen_s = time.monotonic()
    farm.lost(worker)
    assert time.monotonic() - frozen_s > SILENCE_S
    time.sleep(max(0.0, frozen_s + 4.5 - time.monotonic()))  # its work is due the moment it thaws
    if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        process.resume()
    assert ends(process, 5)
    assert not ClipStore(tmp_path / "store").exists(manifest_key("p", work.task.id, 1))


def test_behind_a_frozen_raylet_no_late_attempt_counts(farm, cluster, tmp_path):
    node = cluster.add(cpus=1)
    worker = farm.start(node=node.id)
    work = farm.run(worker, "work", seconds=12)
    process = psutil.Process(int(farm.sign("began")))
    cluster.freeze(node)
    try:
        lost = farm.lost(worker)
        at_s = {type(event): at_s for at_s, event in farm.heard if not isinstance(event, Progress)}
        assert lost.kind is FailureKind.RECLAIMED
        assert at_s[WorkerLost] - at_s[NodeLost] > SILENCE_S / 2
        assert ends(process, 0.5), "it may still write, and was told lost"
    finally:
        cluster.thaw(node)
        cluster.kill(node)
    assert not ClipStore(tmp_path / "store").exists(manifest_key("p", work.task.id, 1))
    assert not [event for _, event in farm.heard if isinstance(event, AttemptFinished)]
