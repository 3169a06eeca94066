"""Silence on a real Ray: whoever may still be at work keeps its task until it has ended itself."""

from __future__ import annotations

import time

import psutil
import pytest
from private_cluster import runs, until
from tried_pool import HASTY_S

from farm.errors import FailureKind
from farm.scheduler.events import WorkerLost
from farm.store.clips import ClipStore
from farm.tasks import manifest_key

pytestmark = pytest.mark.ray


def test_a_worker_without_a_driver_ends_itself_and_its_children(open_farm):
    farm = open_farm(silence_s=HASTY_S)
    worker = farm.start()
    farm.run(worker, "family", seconds=60)
    processes = [psutil.Process(int(process)) for process in farm.sign("began").split()]
    farm.pool._heartbeat.close()  # as a stopped driver's
    until(lambda: not any(runs(process) for process in processes), within_s=HASTY_S + 10)


def test_a_driver_that_is_busy_elsewhere_keeps_its_workers(hasty):
    idle, worker = hasty.start(), hasty.start()
    work = hasty.run(worker, "work", seconds=HASTY_S + 1)
    time.sleep(HASTY_S + 1.5)  # nobody calls `wait` meanwhile
    assert hasty.finished(worker).manifest.task == work.task.id
    assert hasty.do(idle, hasty.work("noop")).done
    assert not hasty.events(WorkerLost)


def test_a_worker_whose_control_path_hangs_is_lost(hasty):
    worker = hasty.worker()
    hasty.run(worker, "hog", seconds=60)
    process = psutil.Process(int(hasty.sign("began")))
    lost = hasty.lost(worker)
    assert (lost.kind, "nothing heard" in lost.message) == (FailureKind.CRASHED, True)
    until(lambda: not runs(process))


def test_a_frozen_worker_is_told_of_when_it_has_to_have_stopped_and_stops_when_it_thaws(hasty):
    worker = hasty.worker()
    work = hasty.run(worker, "work", seconds=HASTY_S + 1)
    process = psutil.Process(int(hasty.sign("began")))
    process.suspend()
    frozen_s = time.monotonic()
    hasty.lost(worker)
    assert time.monotonic() - frozen_s > HASTY_S
    time.sleep(max(0.0, frozen_s + HASTY_S + 1.5 - time.monotonic()))  # its work is due the moment it thaws
    if runs(process):
        process.resume()
    until(lambda: not runs(process))
    assert not ClipStore(hasty.folder / "store").exists(manifest_key("p", work.task.id, 1))
