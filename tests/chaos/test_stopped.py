"""What stands still is replaced, and what it does when it goes on changes nothing."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from audit import Audit
from chaos_driver import SUPERSEDED
from house import SILENCE_S, House, house
from mischief import Drivers, nothing_left
from private_cluster import until
from show import Reel

from farm.clock import now_us
from farm.errors import FailureKind
from farm.store.records import JobState, Request, Verb
from farm.tasks import AttemptState, TaskState

pytestmark = [pytest.mark.ray, pytest.mark.timeout(600)]

FROZEN_S = float(os.environ.get("CHAOS_FROZEN_S", "12"))
"""How long a raylet stands still; `make chaos` takes a minute."""
TAKEOVER_S = 10.0
"""For the lead to change hands; then the new leader joins Ray, which a busy machine gives it twice as long for."""
REEL = Reel(0, clips=1)


def submit(there: House) -> None:
    body = {"number": REEL.number, "clips": REEL.clips}
    request = Request(id=f"submit {REEL.name}", verb=Verb.SUBMIT, principal="ann", at_us=now_us(), body=body)
    there.store.ask(request)


def is_done(there: House) -> bool:
    return any(job.state is JobState.DONE for job in there.store.jobs())


def at_work(there: House) -> psutil.Process:
    """The process of the worker that generates, once one does."""

    def found() -> list[int]:
        records = there.store.tasks([REEL.members[0].generate.id]).values()
        runs = any(record.state is TaskState.RUNNING for record in records)
        return [actor["Pid"] for actor in there.cluster.actors()] if runs and (there.folder / "first").exists() else []

    (pid,) = until(found)
    return psutil.Process(pid)


def epoch_of(there: House) -> int:
    pulse = there.store.last_pulse()
    return pulse.epoch if pulse else 0


def audited(there: House) -> Audit:
    audit = Audit(there.folder, there.store, [REEL])
    assert audit.findings() == []
    return audit


@pytest.fixture
def sqlite_house(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path, 1, weather=0.0, first_s=100.0) as there:
        yield there


@pytest.fixture
def postgresql_house(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path, 1, weather=0.0, first_s=100.0, postgresql=True) as there:
        yield there


@pytest.fixture
def drivers(request: pytest.FixtureRequest) -> Iterator[list[Drivers]]:
    """Drivers that a test starts; none outlives it."""
    started: list[Drivers] = []
    yield started
    for each in started:
        each.process.kill()
        each.process.wait()


def test_behind_a_frozen_raylet_a_late_attempt_changes_nothing_and_its_worker_ends_itself(
    sqlite_house, drivers
) -> None:
    """GIVEN an attempt on a node WHEN its raylet freezes THEN another node does it, and the worker ends, unasked."""
    there = sqlite_house
    frozen = there.cluster.add(cpus=1)
    drivers.append(Drivers(there.folder, os.environ))
    submit(there)
    worker = at_work(there)
    there.cluster.freeze(frozen)
    thaw_s = now_us() / 1e6 + FROZEN_S
    there.cluster.add(cpus=2)
    worker.wait(timeout=FROZEN_S)
    assert frozen.raylet.status() == psutil.STATUS_STOPPED
    until(lambda: is_done(there))
    until(lambda: now_us() / 1e6 > thaw_s, within_s=FROZEN_S + 1)
    there.cluster.thaw(frozen)
    assert drivers[0].stop() == 0
    nothing_left(there.cluster.folder, within_s=2 * SILENCE_S)
    audit = audited(there)
    first, *_ = audit.attempts[REEL.members[0].generate.id]
    assert (first.state, first.manifest.failure) == (AttemptState.FAILED, FailureKind.RECLAIMED)


def test_a_stopped_leader_is_replaced_with_its_workers_and_commits_nothing_any_more(postgresql_house, drivers) -> None:
    """GIVEN a leader under SIGSTOP while an attempt runs THEN the next leads in time, ends that worker, and goes on."""
    there = postgresql_house
    there.cluster.add(cpus=2)
    drivers.append(Drivers(there.folder, os.environ))
    old = drivers[0].process
    submit(there)
    worker = at_work(there)
    drivers.append(Drivers(there.folder, os.environ))
    until(lambda: "standing by" in (there.folder / "driver.log").read_text())
    old.send_signal(signal.SIGSTOP)
    stopped_us = now_us()
    until(lambda: epoch_of(there) == 2)
    assert there.store.last_pulse().at_us - stopped_us < 3 * TAKEOVER_S * 1e6
    assert not [actor for actor in there.cluster.actors() if actor["Name"].startswith("drill/1/")]
    worker.wait(timeout=10)
    until(lambda: is_done(there))
    before = there.store.snapshot(live_only=False)
    old.send_signal(signal.SIGCONT)
    assert old.wait(timeout=60) == SUPERSEDED
    assert there.store.snapshot(live_only=False) == before
    assert drivers[1].stop() == 0
    assert len(audited(there).attempts[REEL.members[0].generate.id]) == 2
