"""The verbs as people type them, one driver beside them in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SIZE = ("--size", "128x72")
ROWS = (
    'sq010,sh010,stills/coffee.png,0.25,"Slow push in",2',
    'sq010,sh020,stills/chelsea.png,0.25,"Slow pan left",1',
)
PATIENCE_S = 300


class Farm:
    """The `farm` command at one studio."""

    def __init__(self, studio) -> None:
        self.studio = studio
        self.env = studio.env
        self.env |= {"FARM_OUT": str(studio.out), "COLUMNS": "120"}

    def run(self, *words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        done = self.studio.say(*words, cwd=cwd)
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def said(self, *words: str, code: int = 0, cwd: Path | None = None) -> str:
        """What a command says to people."""
        done = self.run(*words, cwd=cwd)
        assert done.returncode == code, done.stderr + done.stdout
        return done.stdout + done.stderr

    def told(self, *words: str, code: int = 0):
        """What a command says to scripts."""
        done = self.run(*words, "--json")
        assert done.returncode == code, done.stderr + done.stdout
        return json.loads(done.stdout)

    def submit(self, *words: str, cwd: Path | None = None) -> str:
        """The id of a job that was handed in."""
        done = self.run("submit", str(self.studio.list), *SIZE, *words, "--json", cwd=cwd)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)["job"]

    def state(self, job: str) -> str:
        return self.told("status", job)["job"]["state"]

    @contextmanager
    def up(self) -> Iterator[subprocess.Popen[bytes]]:
        """While inside, a driver of its own process group leads."""
        with (self.studio.folder / "up.log").open("wb") as log:
            driver = subprocess.Popen(
                self.studio.command("up"), stdout=log, stderr=log, env=self.env, start_new_session=True
            )
            try:
                self.wait_for("driven by process")
                yield driver
            finally:
                end(driver, signal.SIGINT)

    def wait_for(self, words: str) -> None:
        """Until `farm jobs` says so."""
        deadline = time.monotonic() + PATIENCE_S
        while words not in (said := self.said("jobs")):
            assert time.monotonic() < deadline, said
            time.sleep(0.2)


def end(driver: subprocess.Popen[bytes], number: signal.Signals) -> None:
    if driver.poll() is None:
        os.killpg(driver.pid, number)
        driver.wait(timeout=120)


@pytest.fixture
def farm(studio):
    studio.write(*ROWS)
    return Farm(studio)


@pytest.fixture(scope="module")
def one_request(shared_studio):
    """A farm of which one thing was asked, and its job's id."""
    shared_studio.write(*ROWS)
    (shared_studio.folder / "empty.csv").write_text("Shot,Still,Duration\n")
    farm = Farm(shared_studio)
    return farm, farm.submit()


def database(farm: Farm) -> Path:
    (found,) = (farm.studio.folder / "state").glob("*/farm.sqlite")
    return found


# -- without a driver -----------------------------------------------------------------------------


def test_what_is_asked_while_nobody_leads_is_queued_and_said_so(farm):
    assert "queued, no driver has run here yet" in farm.said("submit", str(farm.studio.list), *SIZE)
    (line,) = farm.told("jobs")
    assert (line["state"], line["message"], line["priority"]) == ("pending", "waits for a driver", 50)
    said = farm.said("pause", line["id"])
    assert "queued, no driver has run here yet" in said
    assert "no driver has run here yet" in farm.said("why", line["id"])
    assert "2 requests waiting for it" in farm.said("jobs")
    assert farm.told("status", line["id"])["job"]["state"] == "pending"
    assert farm.said("drain", "gpu-01").startswith("drain gpu-01: queued, no driver has run here yet")


def test_an_idempotency_key_makes_one_job_and_stands_for_one_request(farm):
    job = farm.submit("--key", "k1")
    assert farm.submit("--key", "k1") == job
    assert farm.submit() != job
    assert len(farm.told("jobs")) == 2
    said = farm.said("submit", str(farm.studio.list), *SIZE, "--takes", "3", "--key", "k1", code=2)
    assert 'the key "k1" stands for another request' in said
    assert job in said


def test_names_that_are_none_and_names_of_several(farm):
    job = farm.submit()
    farm.submit()
    for verb in ("status", "pause", "why"):
        assert 'there is no job "nobody" (farm jobs --all lists them)' in farm.said(verb, "nobody", code=2)
    assert "2 jobs begin with shots: shots-" in farm.said("cancel", "shots", code=2)
    assert len(farm.told("jobs")) == 2
    assert farm.told("status", job[:-1])["job"]["id"] == job


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("priority", "JOB", "101"), "a priority is a whole number from 0 to 100, not 101"),
        (("priority", "JOB", "--", "-3"), "a priority is a whole number from 0 to 100, not -3"),
        (("submit", "LIST", "--priority", "-1"), "should be greater than or equal to 0"),
        (("submit", "LIST", "--budget", "lots"), "--budget"),
        (("submit", "EMPTY"), "no shots"),
        (("approve", "JOB", "sh010", "0"), "should be greater than or equal to 1"),
        (("drain", "gpu-01", "--within", "soon"), '"soon" is no length of time (write 90s, 30m, 2h, or 1h30m)'),
        (("drain", "gpu-01", "--within", "8d"), "a node drains within 0 s to 7 d 0 h"),
        (("jobs", "--out", "x" * 300), "File name too long"),
        (("submit", "LIST", "--out", "x" * 300), "File name too long"),
    ],
    ids=lambda words: " ".join(words)[:40] if isinstance(words, tuple) else "",
)
def test_what_cannot_be_asked_is_said_and_asks_nothing(one_request, words, said):
    farm, job = one_request
    names = {"JOB": job, "LIST": str(farm.studio.list), "EMPTY": str(farm.studio.folder / "empty.csv")}
    assert said in farm.said(*(names.get(word, word) for word in words), code=2)
    with sqlite3.connect(database(farm)) as books:
        assert books.execute("SELECT count(*) FROM requests").fetchone() == (1,)
    books.close()


# -- the books -----------------------------------------------------------------------------


def test_a_database_that_cannot_be_reached(farm):
    with socket.socket() as free:  # bound, and nobody listens
        free.bind(("127.0.0.1", 0))
        url = f"postgresql://farm@127.0.0.1:{free.getsockname()[1]}/farm"
        farm.env["FARM_DATABASE"] = url
        for words in (("jobs",), ("submit", str(farm.studio.list), *SIZE)):
            done = farm.run(*words)
            assert done.returncode == 1
            assert str(free.getsockname()[1]) in done.stderr
    assert not (farm.studio.folder / "state").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_a_database_that_may_only_be_read_by_permission(farm):
    farm.submit()
    database(farm).chmod(0o444)
    assert "it cannot be written" in farm.said("submit", str(farm.studio.list), *SIZE, code=1)


def test_a_newer_database_is_left_alone(farm):
    farm.submit()
    path = database(farm)
    with sqlite3.connect(path) as books:
        books.execute("UPDATE alembic_version SET version_num = 'v9999'")
    before = books.execute("SELECT * FROM requests").fetchall()
    for words in (("jobs",), ("submit", str(farm.studio.list), *SIZE)):
        assert "was written by a newer farm (schema v9999" in farm.said(*words, code=2)
    assert books.execute("SELECT * FROM requests").fetchall() == before
    books.close()


def test_a_file_that_is_no_database(farm):
    farm.submit()
    database(farm).write_bytes(b"something else entirely" * 100)
    for suffix in ("-wal", "-shm"):
        database(farm).with_name(f"farm.sqlite{suffix}").unlink(missing_ok=True)
    assert "it is not a database" in farm.said("jobs", code=1)


@pytest.mark.parametrize("words", [("jobs",), ("jobs", "--json"), ("--help",)], ids=" ".join)
def test_an_answer_that_cannot_be_written(one_request, words):
    farm, _ = one_request
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            farm.studio.command(*words), stdout=full, stderr=subprocess.PIPE, text=True, env=farm.env, check=False
        )
    assert done.returncode == 1
    assert done.stderr.startswith("cannot write: No space left on device")


# -- with a driver -----------------------------------------------------------------------------


@pytest.mark.ray
def test_a_job_from_its_submission_to_its_end_with_every_verb(farm):
    """One driver for all of it: what it costs is starting Ray."""
    elsewhere = farm.studio.folder / "elsewhere"
    elsewhere.mkdir()
    early = farm.submit("--hold")
    assert farm.told("pause", early)["state"] == "pending"
    with farm.up():
        farm.wait_for("paused")  # in the order in which it was asked, by the driver that came
        job = farm.submit("--hold", cwd=elsewhere)
        twin = farm.submit("--hold")
        stills = farm.studio.folder / "stills"
        away = stills.rename(farm.studio.folder / "away")  # they were copied
        check_held(farm, job)
        check_running(farm, job)
        assert farm.said("watch", job, cwd=elsewhere).splitlines()[-1] == f"{job} is done"
        made = farm.studio.made()
        check_ended(farm, job)
        assert farm.state(twin) == "done", "held, and all it wants was made for another"
        away.rename(stills)
        again = farm.submit()
        assert f"{again} is done" in farm.said("watch", again)
        assert farm.studio.made() == made, "the same list again is no work"
        check_history(farm, job)


def check_held(farm: Farm, job: str) -> None:
    assert farm.state(job) == "held"
    answer = farm.told("why", job)["answer"]
    assert [wait["reason"] for wait in answer["waits"]] == ["held"]
    assert f"farm resume {job} begins it" in farm.said("why", job)
    assert "has priority 80: urgent" in farm.said("priority", job, "80")
    assert f"job {job} has no shot sh999" in farm.said("why", job, "--shot", "sh999", code=1)


def check_running(farm: Farm, job: str) -> None:
    assert f"{job} goes on" in farm.said("resume", job)
    assert f"job {job} is active already" in farm.said("resume", job, code=1)
    assert f"{job} is cancelled" in farm.said("cancel", job)
    assert f"job {job} is cancelled already" in farm.said("cancel", job, code=1)
    assert f"job {job} is cancelled, so it cannot be paused" in farm.said("pause", job, code=1)
    assert f"{job} tries " in farm.said("retry", job)
    assert 'there is no node "gpu-01": there is this machine' in farm.said("drain", "gpu-01", code=1)
    assert "this farm has only this machine: stop farm up" in farm.said("drain", "this machine", code=1)


def check_ended(farm: Farm, job: str) -> None:
    found = farm.told("status", job)
    assert [(shot["code"], shot["state"]) for shot in found["shots"]] == [("sh010", "done"), ("sh020", "done")]
    assert found["stages"]["generate"]["done"] == 3
    assert "has failed or was cancelled" in farm.said("retry", job, code=1)
    assert f"job {job} is done, so it cannot be resumed" in farm.said("resume", job, code=1)
    assert "sh010 has no take 9 (it has 1, 2)" in farm.said("approve", job, "sh010", "9", code=1)
    assert "everything is done" in farm.said("why", job)
    assert f"sh010 of {job} delivers take 2" in farm.said("approve", job, "sh010", "2")
    assert f"{job} is done" in farm.said("watch", job)


def check_history(farm: Farm, job: str) -> None:
    told = [(line["what"], line["outcome"].partition(":")[0]) for line in farm.told("status", job)["history"]]
    assert told[:3] == [("submit", "held"), ("priority 80", "applied"), ("resume", "applied")]
    assert ("cancel", "applied") in told
    assert ("approve sh010 2", "applied") in told
    assert told[-1] == ("done", "")


@pytest.mark.ray
def test_a_budget_stops_a_job_before_it_is_exceeded_and_a_killed_driver_is_said_to_be_gone(farm):
    settings = farm.studio.folder / "config.yaml"
    settings.write_text("prices: {cpu_hour: 36}\n")  # a cent a second; what is not known is taken to need a minute
    farm.env["FARM_CONFIG"] = str(settings)
    with farm.up() as driver:
        job = farm.submit("--budget", "0.5")
        farm.wait_for("0.00 of 0.50")
        (wait,) = [
            wait for wait in farm.told("why", job)["answer"]["waits"] if wait["reason"] not in {"upstream", "capacity"}
        ]
        assert wait["reason"] == "limit"
        assert f"job {job} may cost 0.50: 0.00 are spent, 0.00 reserved, and this asks for 0.60" in wait["message"]
        assert farm.state(job) == "active"
        end(driver, signal.SIGKILL)
        assert "queued" in farm.said("cancel", job, "--wait", "0")
        farm.wait_for("no driver since")
        assert "queued, no driver since" in farm.said("priority", job, "10")
        assert "no driver since" in farm.said("why", job)
    with farm.up():
        farm.wait_for("no jobs at work")
    history = farm.told("status", job)["history"]
    assert [(line["what"], line["outcome"].partition(":")[0]) for line in history][-2:] == [
        ("cancel", "applied"),
        ("priority 10", "refused"),
    ]
