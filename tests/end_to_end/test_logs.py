"""What went wrong, as people ask: the command in a process of its own, the farm in others."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer
from talking import STAGES

from farm.changes import AttemptEnded, AttemptStarted, TaskMoved
from farm.cluster.attempt import Workplace, perform
from farm.config import load_config
from farm.site import Site
from farm.store.clips import ClipStore
from farm.store.records import Job
from farm.tasks import Task, TaskState, Work

PATIENCE_S = 300


@pytest.fixture
def bucket(monkeypatch):
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    access = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    for name, value in access.items():
        monkeypatch.setenv(name, value)
    boto3.client("s3").create_bucket(Bucket="farm")
    yield "s3://farm/show"
    server.stop()


@pytest.fixture(params=["folder", "bucket"])
def out(request, tmp_path):
    return request.getfixturevalue("bucket") if request.param == "bucket" else str(tmp_path / "out")


def test_a_log_is_followed_from_another_process_to_its_end(studio, out, tmp_path, monkeypatch):
    """GIVEN an attempt that runs here THEN `farm logs -f` shows there what it says, as it says it, and ends with it."""
    monkeypatch.setenv("FARM_STATE", studio.env["FARM_STATE"])
    task = Task.of(
        project="p",
        stage="talk",
        version=1,
        params={"words": "denoised step", "lines": 3, "folder": str(tmp_path), "fails": "bug"},
        shot="sh010",
        take=2,
    )
    place = Workplace("gpu-3", "node", ClipStore(out), tmp_path, threads=1, cores=1, stages=STAGES)
    with Site(load_config(), out).store() as store, store.lead() as lease:
        store.create_job(
            lease.epoch, Job(id="lake-1f2e3d", project="p", name="lake", out=out, document={}, created_us=1)
        )
        store.add_tasks(lease.epoch, "lake-1f2e3d", [task], 1)
        store.commit(lease.epoch, [AttemptStarted(task.id, 1, "gpu-3", "node", 10)])

        def attempt() -> None:
            manifest = perform(Work(task, 1), place, lambda fraction: None, threading.Event())
            moved = TaskMoved(task.id, TaskState.FAILED, 20, 0, manifest.failure, manifest.message)
            store.commit(lease.epoch, [AttemptEnded(manifest), moved])

        command = studio.command("logs", "lake", "sh010", "talk", "2", "-f", "--out", out)
        worker = threading.Thread(target=attempt)
        studio.env = {**os.environ, **studio.env}  # with the bucket's address
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=studio.env) as follower:
            assert follower.stdout is not None
            assert next(follower.stdout).startswith("talk sh010 take 2   attempt 1 of 1, on gpu-3, begun ")
            worker.start()
            told = [next(follower.stdout) for _ in range(3)]  # while it runs
            assert [line[9:] for line in told] == [f"warning: denoised step {number}\n" for number in range(3)]
            Path(tmp_path, "go").touch()
            rest = follower.stdout.read()
            assert follower.wait(PATIENCE_S) == 0
        worker.join()
    assert "error: KeyError: 'it cannot be done'" in rest
    assert rest.splitlines()[-1].startswith("attempt 1 failed after ")
    assert "denoised" not in rest, "nothing is said twice"
    again = studio.run(studio.command("logs", task.id[:8], "--json", "--out", out))
    assert again.returncode == 0, again.stderr
    lines = [json.loads(line) for line in again.stdout.splitlines()]
    lines = [line for line in lines if line["logger"].startswith("farm.")]  # the bucket's server is in this process
    assert [line["message"] for line in lines] == [
        *(f"denoised step {number}" for number in range(3)),
        "KeyError: 'it cannot be done'",
    ]
    assert {(line["shot"], line["take"], line["attempt"], line["worker"]) for line in lines} == {
        ("sh010", 2, 1, "gpu-3")
    }
    assert "attempt 1 failed" in again.stderr
    why = studio.run(studio.command("why", task.id[:8], "--out", out)).stdout
    assert "talk sh010 take 2 is failed: KeyError: 'it cannot be done'" in why
    assert f"farm logs {task.id[:8]}" in why
    assert "│ warning: denoised step 2" in why


@pytest.mark.ray
def test_a_shot_that_fails_says_why_at_once_and_in_full(studio):
    """GIVEN a still that is damaged after it was taken in THEN driver, status, watch, report and log tell of it."""
    studio.write(
        "sq010,sh010,stills/coffee.png,0.25,Slow push in,1", "sq010,sh020,stills/chelsea.png,0.25,Slow pan left,1"
    )
    env = {**studio.env, "FARM_OUT": str(studio.out), "COLUMNS": "120"}
    studio.env = env
    done = studio.run(studio.command("submit", str(studio.list), "--size", "128x72", "--json"))
    job = json.loads(done.stdout)["job"]
    unasked = studio.run(studio.command("logs", job))
    assert unasked.returncode == 2
    assert f"job {job} has no task yet" in unasked.stderr
    damaged = next(
        path for path in studio.out.glob("store/test/asset/*/*/still.png") if path.stat().st_size == smallest(studio)
    )
    damaged.chmod(0o644)
    damaged.write_bytes(b"\x89PNG\r\n\x1a\n" + b"\x00" * 4000)
    with (studio.folder / "up.log").open("wb") as log:
        driver = subprocess.Popen(studio.command("up"), stdout=log, stderr=log, env=env, start_new_session=True)
    try:
        deadline = time.monotonic() + PATIENCE_S
        while "driven by" not in studio.run(studio.command("jobs")).stdout:
            assert time.monotonic() < deadline
        watched = studio.run(studio.command("watch", job))
    finally:
        os.killpg(driver.pid, signal.SIGINT)
        driver.wait(PATIENCE_S)
    assert watched.returncode == 1
    assert "prepare sh0" in watched.stdout
    assert "farm logs " in watched.stdout

    drove = [json.loads(line) for line in (studio.folder / "up.log").read_text().splitlines()]
    (failed,) = (line for line in drove if line["level"] == "error")
    assert (failed["job"], failed["stage"], failed["project"]) == (job, "prepare", "test")
    told = [line["message"] for line in drove if line["logger"] == "farm.drivelog" and line["level"] == "info"]
    assert told == [f"{job} begins", f"{job} is failed"]

    log = studio.run(studio.command("logs", job, failed["shot"])).stdout
    assert log.startswith(f"prepare {failed['shot']}   attempt 1 of 1, on cpu-")
    assert "Traceback (most recent call last):" in log
    assert "attempt 1 failed" in log.splitlines()[-1]
    status = studio.run(studio.command("status", job)).stdout
    assert f"farm logs {failed['task'][:8]}" in status
    (report,) = studio.out.glob("publish/**/*.html")
    assert f"farm logs {failed['task'][:8]} --out {studio.out}" in report.read_text()
    made = studio.run(studio.command("logs", job, "sh010" if failed["shot"] == "sh020" else "sh020", "generate"))
    assert "frames of 128x72 in" in made.stdout
    assert "attempt 1 is done after" in made.stdout


def smallest(studio) -> int:
    """Bytes of the smallest still that was taken in."""
    return min(path.stat().st_size for path in studio.out.glob("store/test/asset/*/*/still.png"))
