"""Killed, stopped, full or forbidden: what is finished is kept, and the same command goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from farm.config import load_config
from farm.media import probe
from farm.site import Site
from farm.tasks import Manifest

pytestmark = pytest.mark.ray

FRAMES = 12
ROWS = tuple(
    f'sq010,sh{number:02d}0,stills/{still}.png,0.5,"Slow pan left",2'
    for number, still in enumerate(("coffee", "chelsea", "rocket", "astronaut"), 1)
)


def manifests(out: Path) -> dict[str, Manifest]:
    found = out.glob("store/*/manifest/*/*/*/manifest.json")
    return {str(path): Manifest.model_validate_json(path.read_bytes()) for path in found}


def start(studio) -> subprocess.Popen[str]:
    command = studio.command("render", str(studio.list), "--out", str(studio.out), "--json")
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=studio.env, start_new_session=True
    )


def wait_for_takes(studio, process: subprocess.Popen[str], count: int) -> None:
    """Until `count` generations are complete, and workers of this render are there: those of one that was killed may
    finish what they were at. It must not have ended before."""
    deadline = time.monotonic() + 120
    while takes(studio) < count or not workers_of(process):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)


def done(studio) -> dict[str, Manifest]:
    return {path: said for path, said in manifests(studio.out).items() if said.done}


def takes(studio) -> int:
    return sum(said.stage == "generate" for said in done(studio).values())


def check_whole(studio, summary: dict) -> None:
    """Every clip is whole, every manifest's files are there, no finished generation was made twice."""
    for shot in summary["shots"]:
        assert probe(studio.out / shot["clips"]["review"]).frames == FRAMES
    assert probe(studio.out / summary["animatic"]).frames == len(ROWS) * FRAMES
    found = done(studio).values()
    twice = len(found) - len({said.task for said in found})
    assert twice <= 1, "a finished task was done again"  # a killed worker may have died between manifest and reply
    for said in found:
        for file in said.files.values():
            assert (studio.out / file.key).stat().st_size == file.size


def test_killed_stopped_and_short_of_a_worker_the_same_command_loses_nothing_and_doubles_nothing(studio):
    """One output for all of it: what it costs is starting Ray."""
    studio.write(*ROWS)
    killed = start(studio)
    wait_for_takes(studio, killed, 2)
    killed.kill()
    killed.communicate()
    before = done(studio)

    stopped = start(studio)
    wait_for_takes(studio, stopped, takes(studio) + 1)
    os.killpg(stopped.pid, signal.SIGINT)
    out, err = stopped.communicate(timeout=300)
    assert stopped.returncode == 130, err
    assert "goes on from here" in err
    assert json.loads(out)["rendered"] >= 1
    assert before.items() <= done(studio).items()
    before, made = done(studio), takes(studio)
    assert not [path for path in (studio.out / "publish").rglob("*") if path.name.startswith(".")]

    last = start(studio)
    wait_for_takes(studio, last, made + 1)
    workers_of(last)[0].kill()
    out, err = last.communicate(timeout=500)
    assert last.returncode == 0, err
    assert before.items() <= done(studio).items()
    summary = json.loads(out)
    assert summary["reused"] >= made
    check_whole(studio, summary)


def workers_of(render: subprocess.Popen[str]) -> list[psutil.Process]:
    try:
        return [child for child in psutil.Process(render.pid).children(recursive=True) if is_worker(child)]
    except psutil.NoSuchProcess:
        return []


def is_worker(process: psutil.Process) -> bool:
    try:
        return process.name().startswith("ray::Worker")
    except psutil.NoSuchProcess:
        return False


def test_a_second_farm_at_one_output_is_told_that_another_leads(studio):
    studio.write(*ROWS)
    with Site(load_config(studio.env), str(studio.out)).store() as store, store.lead():
        second = studio.render()
    assert second.returncode == 1
    assert "another process leads here and does not take the list, which is queued" in second.stderr
    assert not studio.made()
