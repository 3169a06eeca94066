"""Workers bring their lane's model to their machine's own disk before they are ready, and say what lies there."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path

import pytest
from kept_models import keep
from private_cluster import until
from tiny_weights import wan
from tried_pool import HASTY_S

from farm.errors import FailureKind
from farm.models.diffusion.installed import installed
from farm.scheduler.events import WorkerLost, WorkerReady
from farm.tasks import Lane

pytestmark = [pytest.mark.ray, pytest.mark.timeout(600)]

TINY = Lane(name="tiny-fast", weights="tiny")
GANG = Lane(name="tiny-tp2", weights="tiny", ranks=2)


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A models folder with two models."""
    for name, width in (("tiny", 8), ("other", 16)):
        keep(tmp_path / "shared", name, wan(width=width), like="wan22-5b")
    return tmp_path / "shared"


@pytest.fixture
def brought(open_farm, models, tmp_path):
    """A farm whose machine has a cache of models."""
    return open_farm(models=str(models), model_cache=str(tmp_path / "node"))


def said(farm, worker: str) -> frozenset[str]:
    """What it told of its machine's disk when it was ready."""
    (ready,) = [event for event in farm.events(WorkerReady) if event.worker == worker]
    return ready.cached


def test_a_worker_is_ready_when_its_model_is_here_and_tells_all_that_is(brought, models, tmp_path):
    first = brought.start(TINY)
    assert said(brought, first) == {"tiny"}
    (here,) = installed(tmp_path / "node")
    (there,) = [record for record in installed(models) if record.name == "tiny"]
    assert here.fingerprint == there.fingerprint
    assert (here.folder / "vae/config.json").read_bytes() == (there.folder / "vae/config.json").read_bytes()
    second = brought.start(Lane(name="other", weights="other"))
    assert said(brought, second) == {"tiny", "other"}
    assert said(brought, brought.start(Lane())) == {"tiny", "other"}


def test_the_ranks_of_a_gang_bring_it_once(brought, tmp_path):
    gang = brought.start(GANG)
    assert said(brought, gang) == {"tiny"}
    assert [record.name for record in installed(tmp_path / "node")] == ["tiny"]


def test_a_worker_whose_model_cannot_be_brought_says_why(brought, models):
    unknown = brought.lost(brought.begin(Lane(name="unknown", weights="unknown")))
    assert unknown.kind is FailureKind.INPUT
    assert "has no unknown (installed: other, tiny;" in unknown.message
    config = models / "tiny" / "weights" / "vae" / "config.json"
    config.write_text(config.read_text().replace("Auto", "Otto"))
    damaged = brought.lost(brought.begin(TINY))
    assert damaged.kind is FailureKind.TRANSIENT
    assert f"{config} is not what the record of tiny says" in damaged.message


def test_without_a_cache_nothing_is_told_of(open_farm, models):
    farm = open_farm(models=str(models))
    assert said(farm, farm.start(TINY)) == frozenset()


def test_a_worker_is_heard_while_its_model_comes(open_farm, models, tmp_path):
    """Its source stands still for longer than a worker may be silent: a pipe that nobody writes to."""
    farm = open_farm(models=str(models), model_cache=str(tmp_path / "node"), silence_s=HASTY_S)
    slow = models / "tiny" / "weights" / "vae" / "config.json"
    body = slow.read_bytes()
    slow.unlink()
    os.mkfifo(slow)
    worker = farm.begin(TINY)
    writer = open_when_read(slow)
    until_s = time.monotonic() + 3 * HASTY_S
    while time.monotonic() < until_s:
        assert not [event for event in farm.hear(0.5) if isinstance(event, WorkerLost | WorkerReady)]
    with os.fdopen(writer, "wb") as pipe:
        pipe.write(body)
    farm.until(lambda event: isinstance(event, WorkerReady) and event.worker == worker)
    assert said(farm, worker) == {"tiny"}


def open_when_read(pipe: Path) -> int:
    """A descriptor to write to it, once somebody has it open for reading."""
    found: list[int] = []

    def opened() -> bool:
        try:
            found.append(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
        return bool(found)

    until(opened)
    return found[0]
