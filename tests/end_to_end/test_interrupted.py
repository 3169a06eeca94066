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

ROWS = tuple(
    f'sq010,sh{number:02d}0,stills/{still}.png,1,"Slow pan left",2'
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
    """Until `count` generations are complete; the render must not have ended before."""
    deadline = time.monotonic() + 120
    while sum(said.stage == "generate" and said.done for said in manifests(studio.out).values()) < count:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        os.sched_yield()


def check_whole(studio, summary: dict, late: int = 0) -> None:
    """Every clip is whole, every manifest's files are there, no finished generation was made twice."""
    for shot in summary["shots"]:
        assert probe(studio.out / shot["clips"]["review"]).frames == 24
    assert probe(studio.out / summary["animatic"]).frames == 4 * 24
    done = [said for said in manifests(studio.out).values() if said.done]
    assert len(done) - len({said.task for said in done}) <= late, "a finished task was done again"
    for said in done:
        for file in said.files.values():
            assert (studio.out / file.key).stat().st_size == file.size


def test_sigkill_midway_loses_nothing_and_doubles_nothing(studio):
    studio.write(*ROWS)
    process = start(studio)
    wait_for_takes(studio, process, 2)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    before = {path: said for path, said in manifests(studio.out).items() if said.done}
    summary = studio.rendered()
    assert before.items() <= manifests(studio.out).items()
    assert summary["reused"] >= 2
    assert not [path for path in (studio.out / "publish").rglob("*") if path.name.startswith(".")]
    check_whole(studio, summary)


def test_ctrl_c_stops_cleanly_and_the_same_command_goes_on(studio):
    studio.write(*ROWS)
    process = start(studio)
    wait_for_takes(studio, process, 1)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 130, err
    assert "goes on from here" in err
    kept = json.loads(out)["rendered"]
    assert kept >= 1
    summary = studio.rendered()
    assert summary["reused"] >= kept
    check_whole(studio, summary)


def test_a_second_farm_at_one_output_is_told_that_another_leads(studio):
    studio.write(*ROWS)
    with Site(load_config(studio.env), str(studio.out)).store() as store, store.lead():
        second = studio.render()
    assert second.returncode == 1
    assert "another process leads here and does not take the list, which is queued" in second.stderr
    assert not studio.made()


def test_a_worker_that_is_killed_costs_its_take_one_more_attempt(studio):
    studio.write(*ROWS)
    process = start(studio)
    wait_for_takes(studio, process, 1)
    workers = [child for child in psutil.Process(process.pid).children(recursive=True) if is_worker(child)]
    workers[0].kill()
    out, err = process.communicate(timeout=500)
    assert process.returncode == 0, err
    check_whole(studio, json.loads(out), late=1)  # it may have died between its manifest and its reply


def is_worker(process: psutil.Process) -> bool:
    try:
        return process.name().startswith("ray::Worker")
    except psutil.NoSuchProcess:
        return False
