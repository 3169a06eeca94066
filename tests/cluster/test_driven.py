"""The farm driven for real: nodes that are taken back, nodes that stand still, leaders that stand still."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import drill_driver
import psutil
import pytest
from driven_farm import drill, driven, submission
from private_cluster import runs, until
from ray.util import list_named_actors

from farm.errors import FailureKind
from farm.scheduler.policy import Policy
from farm.store.clips import ClipStore
from farm.store.jobs import JobStore
from farm.store.records import JobState
from farm.tasks import AttemptState, Lane, TaskState, manifest_key

pytestmark = pytest.mark.ray

TAKEOVER_S = 30.0


@pytest.fixture
def store(tmp_path):
    store = JobStore.open(tmp_path / "state")
    yield store
    store.close()


@pytest.fixture
def node(cluster):
    """Adds nodes, which are gone after the test."""
    added = []

    def add(**what):
        added.append(cluster.add(**what))
        return added[-1]

    yield add
    for one in added:
        cluster.kill(one)


def actors(farm: Path, epoch: int = 1) -> set[str]:
    """The names of a farm's workers that live."""
    names = {actor["name"] for actor in list_named_actors(all_namespaces=True)}
    return {name for name in names if name.startswith(f"{farm.name}/{epoch}/")}


def state(store, task):
    found = store.tasks([task.id])
    return found[task.id].state if task.id in found else None


def running(store, *tasks):
    return all(state(store, task) is TaskState.RUNNING for task in tasks)


def ended(store, *jobs):
    found = [store.job(job) for job in jobs]
    return all(job and job.state is JobState.DONE for job in found)


def test_a_spot_node_is_left_in_time(cluster, node, store, tmp_path):
    """GIVEN a busy node WHEN it is to be taken away THEN nothing new goes there, idle workers leave, what ends in time
    counts, and what does not is made elsewhere without costing the task anything.
    """
    spot = Lane(name="spot", pool="spot")
    quick, brief = drill("noop", 1, lane=spot), drill("wait", 2, folder=str(tmp_path), lane=spot)
    long, late = drill("linger", 3, seconds=60.0, lane=spot), drill("noop", 4, lane=spot)
    first = node(cpus=3, labels={"pool": "spot"})
    with driven(tmp_path, store, Policy(idle_stop_s=60.0)):
        store.ask(submission("early", [quick, brief, long]))
        until(lambda: state(store, quick) is TaskState.DONE and running(store, brief, long))
        assert len(actors(tmp_path)) == 3
        cluster.drain(first, deadline_s=600.0)
        store.ask(submission("late", [late]))
        until(lambda: len(actors(tmp_path)) == 2)
        (tmp_path / "go").touch()
        until(lambda: state(store, brief) is TaskState.DONE and state(store, late) is TaskState.WAITING)
        assert running(store, long)
        deadline_s = cluster.drain(first, deadline_s=1.0) / 1e6  # it is wanted back sooner
        until(lambda: state(store, long) is TaskState.WAITING)
        assert state(store, late) is TaskState.WAITING
        assert time.time() >= deadline_s
        cluster.kill(first)
        second = node(cpus=3, labels={"pool": "spot"})
        until(lambda: ended(store, "early", "late"))
    found = store.tasks(task.id for task in (quick, brief, long, late))
    assert {record.winner for record in found.values()} == {1, 2}
    assert found[long.id].failures == {FailureKind.RECLAIMED: 1}
    assert not any(record.failures for name, record in found.items() if name != long.id)
    nodes = {name: record.manifest.node for name, record in found.items()}
    assert nodes == {quick.id: first.id, brief.id: first.id, long.id: second.id, late.id: second.id}


LINGERS_S = 14.0
"""Longer than it takes until a frozen raylet is read as dead."""


def test_behind_a_frozen_raylet_no_late_attempt_counts(cluster, node, store, tmp_path):
    """GIVEN an attempt on a node whose raylet stands still THEN its worker ends itself before the task is made again,
    and nothing of it is left when the raylet goes on.
    """
    cold = Lane(name="cold", pool="cold")
    task = drill("linger", 1, seconds=LINGERS_S, folder=str(tmp_path), lane=cold)
    first = node(cpus=1, labels={"pool": "cold"})
    with driven(tmp_path, store, Policy()):
        store.ask(submission("job", [task]))
        until((tmp_path / "began").exists)
        until(lambda: running(store, task))
        worker = psutil.Process(int((tmp_path / "began").read_text()))
        cluster.freeze(first)
        frozen_s = time.monotonic()
        until(lambda: state(store, task) is TaskState.WAITING)
        assert not runs(worker), "it may still write, and its task is given to another"
        node(cpus=1, labels={"pool": "cold"})
        until(lambda: ended(store, "job"))
        until(lambda: time.monotonic() - frozen_s > LINGERS_S)  # by now the first would have been done
        cluster.thaw(first)
        until(lambda: not runs(first.raylet))
    one, two = store.attempts([task.id])[task.id]
    assert (one.state, two.state) == (AttemptState.FAILED, AttemptState.DONE)
    assert store.load("job")[0].failures == {FailureKind.RECLAIMED: 1}
    assert not ClipStore(tmp_path / "out").exists(manifest_key("p", task.id, 1))


# -- leaders ------------------------------------------------------------------------------------------------------


@pytest.fixture
def start_driver(cluster, tmp_path, postgres_url):
    """Starts drivers in processes of their own; what they say is in `driver.log`."""
    started = []

    def start():
        command = [sys.executable, drill_driver.__file__, str(tmp_path), postgres_url, cluster.address]
        with (tmp_path / "driver.log").open("ab") as log:
            started.append(subprocess.Popen(command, stdout=log, stderr=log))
        return started[-1]

    yield start
    (tmp_path / "stop").touch()
    for process in started:
        process.kill()
        process.wait()


def test_a_leader_that_stands_still_in_a_transaction_is_replaced(main, start_driver, postgres_url, tmp_path):
    """GIVEN a leader stopped inside an open transaction while attempts run THEN another leads within ten seconds, ends
    its workers and finishes the jobs, and the first can change nothing when it goes on.
    """
    store = JobStore.connect(postgres_url)
    signs = [tmp_path / "signs" / str(n) for n in (1, 2)]
    for folder in signs:
        folder.mkdir(parents=True)
    long = [drill("linger", n, seconds=120.0, folder=str(folder)) for n, folder in enumerate(signs)]
    more = [drill("noop", n) for n in range(3, 9)]
    old = start_driver()
    store.ask(submission("long", long))
    until(lambda: all((folder / "began").exists() for folder in signs))
    new = start_driver()
    until(lambda: "another farm leads" in (tmp_path / "driver.log").read_text())
    workers = [psutil.Process(int((folder / "began").read_text())) for folder in signs]

    (tmp_path / "stall").touch()
    store.ask(submission("more", more))
    until((tmp_path / "stalled").exists)
    until((tmp_path / "leads-2").exists, within_s=TAKEOVER_S)
    assert (tmp_path / "leads-2").read_text() == str(new.pid)
    until(lambda: not any(runs(worker) for worker in workers))
    until(lambda: not actors(tmp_path, epoch=1))
    until(lambda: ended(store, "long", "more"))

    def books():
        return store.attempts(task.id for task in (*long, *more)), store.jobs()

    before = books()
    old.send_signal(signal.SIGCONT)
    assert old.wait(30) == drill_driver.SUPERSEDED, (tmp_path / "driver.log").read_text()
    assert books() == before
    done = [attempt.task for tried in before[0].values() for attempt in tried if attempt.state is AttemptState.DONE]
    assert sorted(done) == sorted(task.id for task in (*long, *more))
    (tmp_path / "stop").touch()
    assert new.wait(30) == 0, (tmp_path / "driver.log").read_text()
    store.close()
