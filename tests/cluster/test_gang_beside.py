"""Gangs at work on a real Ray: the ranks beside rank 0, a model on all of them, and what becomes of a broken gang."""

from __future__ import annotations

import os
import signal
import time

import gang_conformance
import psutil
import pytest
from private_cluster import until

from farm.driver.seams import Progress
from farm.errors import FailureKind
from farm.scheduler.events import AttemptFinished, WorkerLost
from farm.tasks import AttemptState, Lane, Work

pytestmark = [pytest.mark.ray, pytest.mark.timeout(600)]

DUO = Lane(name="duo", ranks=2)
LONG = 1_000_000
"""Steps."""
IMPORTING_S = 300.0
"""What a busy machine may take to import torch and diffusers."""


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    return str(tmp_path_factory.mktemp("weights"))


def processes(farm) -> list[int]:
    """Of the ranks, once they denoise; importing torch may take them long."""
    farm.until(lambda event: isinstance(event, Progress), IMPORTING_S)
    return [int(process) for process in farm.sign("denoising").split()]


def lost(farm, gang) -> FailureKind:
    """A spoilt gang's attempt and its loss are told in one breath."""
    return next(event.kind for event in farm.events(WorkerLost) if event.worker == gang)


def test_conformance(farm):
    gang = farm.worker(DUO)
    for check in gang_conformance.WELL:
        manifest = farm.do(gang, farm.work("conform", check=check))
        assert manifest.done, manifest.traceback


def test_a_spoilt_gang_ends_once_its_attempt_is_reported(farm):
    gang = farm.start(DUO)
    manifest = farm.do(gang, farm.work("conform", check="what_comes_of_another_is_told_by_it"))
    assert manifest.done, manifest.traceback
    assert lost(farm, gang) is FailureKind.RECLAIMED
    told = [type(event) for _, event in farm.heard if isinstance(event, AttemptFinished | WorkerLost)]
    assert told == [AttemptFinished, WorkerLost]


def test_torch_finds_the_others(patient):
    manifest = patient.do(patient.worker(DUO), patient.work("summed", n=10))
    assert manifest.facts == {"sums": [21, 21]}, manifest.message


def test_a_killed_rank_costs_the_gang_and_the_next_one_finishes(patient, weights):
    gang = patient.worker(DUO)  # the one of the test before, which has imported torch
    work = patient.run(gang, "denoise_later", weights=weights)
    old = [int(patient.sign(f"rank{rank}", IMPORTING_S)) for rank in (0, 1)]
    os.kill(old[1], signal.SIGKILL)
    assert patient.lost(gang).kind is FailureKind.CRASHED
    until(lambda: not any(psutil.pid_exists(process) for process in old))

    fresh = patient.start(DUO)
    patient.pool.run(fresh, Work(work.task, 2, {}))
    manifest = patient.until(lambda event: isinstance(event, AttemptFinished), IMPORTING_S).manifest
    assert manifest.done, manifest.traceback
    assert not set(manifest.facts["processes"]) & set(old)


def test_denoising_is_cancelled_stays_warm_and_tells_of_memory(patient, weights):
    gang = patient.worker(DUO)  # the one of the test before: it is warm
    work = patient.run(gang, "denoise", weights=weights, steps=LONG)
    first = processes(patient)
    asked_s = time.monotonic()
    patient.pool.cancel(gang, work.task.id, work.attempt)
    assert patient.finished(gang).manifest.state is AttemptState.CANCELLED
    assert time.monotonic() - asked_s < 15

    again = [patient.do(gang, patient.work("denoise", weights=weights)) for _ in range(2)]
    assert [manifest.facts.get("processes") for manifest in again] == [first, first], again[0].traceback
    assert again[0].facts["hash"] == again[1].facts["hash"]

    lacking = patient.do(gang, patient.work("lack", weights=weights))
    assert lacking.failure is FailureKind.OOM, lacking.traceback
    assert "did not fit" in lacking.message
    assert lost(patient, gang) is FailureKind.RECLAIMED
