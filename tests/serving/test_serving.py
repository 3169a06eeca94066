"""`farm serve` as a probe sees it: alive, ready only with the job store at hand, gone in order."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from email.message import Message
from http import HTTPStatus
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import psycopg
import pytest
from private_cluster import until
from prometheus_client.parser import text_string_to_metric_families

from farm.clock import now_us
from farm.config import Address, load_config
from farm.errors import InputError
from farm.pages import Answer, PageServer
from farm.serving import Readiness, health_server
from farm.site import Site


def asked(url: str) -> tuple[int, str]:
    try:
        with urlopen(url, timeout=30) as answer:  # noqa: S310 - of a server of ours
            return answer.status, answer.read().decode().strip()
    except HTTPError as refusal:
        with refusal:
            return refusal.code, refusal.read().decode().strip()


@pytest.fixture
def site(tmp_path: Path) -> Callable[[str], Site]:
    return lambda database: Site(
        load_config({"FARM_STATE": str(tmp_path / "state"), "FARM_DATABASE": database}), str(tmp_path / "out")
    )


@contextmanager
def served(site: Site, **patience: float) -> Iterator[str]:
    with (
        Readiness(site, look_s=0.05, **patience) as readiness,
        closing(health_server("127.0.0.1:0", readiness)) as server,
    ):
        server.start()
        yield f"http://{server.address}"


@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_it_is_ready_with_the_job_store_at_hand(site, store, request):
    with served(site(request.getfixturevalue("postgres_url") if store == "postgresql" else "")) as url:
        assert asked(f"{url}/healthz") == (200, "alive")
        assert until(lambda: asked(f"{url}/readyz")[0] == 200)
        assert asked(f"{url}/elsewhere")[0] == 404


def test_without_a_database_it_is_alive_and_says_what_is_missing(site, tmp_path):
    with served(site(f"postgresql://farm@/farm?host={tmp_path}")) as url:
        assert until(lambda: "cannot be reached" in asked(f"{url}/readyz")[1])
        assert asked(f"{url}/readyz")[0] == 503
        assert asked(f"{url}/healthz")[0] == 200


def test_it_becomes_ready_when_the_database_comes(site, postgres_server):
    name = f"late_{os.getpid()}"
    with served(site(postgres_server.url(name))) as url:
        assert until(lambda: "does not exist" in asked(f"{url}/readyz")[1])
        postgres_server.execute(f"CREATE DATABASE {name}")
        assert until(lambda: asked(f"{url}/readyz") == (200, "ready"))


def test_beside_a_newer_farm_it_is_not_ready(site, postgres_url):
    """GIVEN an old process WHEN the schema goes beyond what it knows THEN it takes no more requests."""
    with served(site(postgres_url)) as url:
        assert until(lambda: asked(f"{url}/readyz")[0] == 200)
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute("UPDATE alembic_version SET version_num = '9999'")
        assert until(lambda: asked(f"{url}/readyz")[0] == 503)
        assert "schema 9999, this farm knows" in asked(f"{url}/readyz")[1]


def test_a_database_that_hangs_is_no_answer(site, postgres_url):
    with served(site(postgres_url), stale_s=1.0) as url:
        assert until(lambda: asked(f"{url}/readyz")[0] == 200)
        with psycopg.connect(postgres_url) as connection:
            connection.execute("LOCK TABLE alembic_version")
            assert until(lambda: asked(f"{url}/readyz")[0] == 503)
        assert until(lambda: asked(f"{url}/readyz")[0] == 200)


def numbers(url: str) -> dict[tuple[str, str], float]:
    """What Prometheus would read, by name and labels."""
    found = {}
    for family in text_string_to_metric_families(asked(f"{url}/metrics")[1]):
        for sample in family.samples:
            found[sample.name, " ".join(value for _, value in sorted(sample.labels.items()))] = sample.value
    return found


def test_prometheus_is_told_what_there_is_to_see(site):
    """GIVEN a job store that no driver has seen WHEN one leads, and leaves THEN each is told; requests are counted."""
    here = site("")
    with served(here) as url, here.store() as store:
        assert until(lambda: numbers(url).get(("farm_serve_driver_leads", "")) == 0.0)
        assert ("farm_serve_driver_silent_seconds", "") not in numbers(url)
        with store.lead() as lease:
            store.beat(lease.epoch, "process 7 on vm", {}, now_us() - 3_000_000)
            assert until(lambda: numbers(url)["farm_serve_driver_leads", ""] == 1.0)
            assert 3.0 <= numbers(url)["farm_serve_driver_silent_seconds", ""] < 60.0
            store.beat(lease.epoch, "", {}, now_us())
        assert until(lambda: numbers(url)["farm_serve_driver_leads", ""] == 0.0)
        for path in ("elsewhere", "healthz", "nowhere?really"):
            asked(f"{url}/{path}")
        assert until(lambda: numbers(url).get(("farm_serve_requests_total", "other 404")) == 2.0)
        seen = numbers(url)
        assert seen["farm_serve_requests_total", "/healthz 200"] == 1.0
        assert seen["farm_serve_request_duration_seconds_count", "/healthz"] == 1.0
        assert seen["farm_serve_ready", ""] == 1.0
        assert seen["process_resident_memory_bytes", ""] > 1e6


def test_prometheus_is_told_nothing_of_drivers_without_the_database(site, tmp_path):
    with served(site(f"postgresql://farm@/farm?host={tmp_path}")) as url:
        assert until(lambda: "cannot be reached" in asked(f"{url}/readyz")[1])
        seen = numbers(url)
        assert seen["farm_serve_ready", ""] == 0.0
        assert not {name for name, _ in seen if "driver" in name}


def test_it_says_no_before_it_goes(site):
    with Readiness(site(""), look_s=0.05) as readiness:
        assert until(lambda: not readiness.obstacle())
        readiness.leave()
        assert readiness.obstacle() == "this process ends"


@pytest.mark.parametrize(
    "listen", ["8000", "localhost", "localhost:http", "0.0.0.0:70000", "off", "nowhere.invalid:8000"]
)
def test_an_address_that_is_none_is_refused(site, listen):
    readiness = Readiness(site(""))
    with pytest.raises(InputError, match="listen"):
        health_server(listen, readiness)


def test_an_address_that_is_taken_is_refused(site):
    readiness = Readiness(site(""))
    with closing(health_server("127.0.0.1:0", readiness)) as first, pytest.raises(InputError, match="already in use"):
        health_server(str(first.address), readiness)


def test_what_is_being_answered_when_it_ends_is_answered():
    asked_for, go_on = threading.Event(), threading.Event()

    def slow(headers: Message) -> Answer:
        asked_for.set()
        go_on.wait()
        return Answer.words(HTTPStatus.OK, "done")

    server = PageServer(Address("127.0.0.1", 0), {"/slow": slow})
    server.start()
    with ThreadPoolExecutor(2) as threads:
        answer = threads.submit(asked, f"http://{server.address}/slow")
        assert asked_for.wait(30)
        closing = threads.submit(server.close)
        assert until(lambda: server.socket.fileno() < 0), "nothing more is accepted"
        assert not closing.done()
        go_on.set()
        assert answer.result() == (200, "done")
        closing.result(30)


def test_load_balancers_hear_of_its_end_before_it_comes(tmp_path):
    """A second signal ends it at once."""
    with serving(tmp_path, "--leave", "600") as (process, url):
        assert until(lambda: asked(f"{url}/readyz")[0] == 200)
        process.send_signal(signal.SIGTERM)
        assert until(lambda: asked(f"{url}/readyz") == (503, "this process ends"))
        assert asked(f"{url}/healthz") == (200, "alive")
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 130


STORM = """
import signal, threading
from farm.stopping import Stop

for number in range(80):
    stop = Stop()
    with stop.on_signals() as stopped:
        main = threading.main_thread().ident
        threading.Timer(0.001 + number * 1e-6, signal.pthread_kill, (main, signal.SIGTERM)).start()
        while not stopped():
            stop.event.wait(0)  # most of this is spent with the lock of what the signal sets
print("ended")
"""


def test_a_stop_is_heard_wherever_it_comes():
    """GIVEN a process that waits for its stop WHEN the signal comes while that very lock is held THEN it ends."""
    done = subprocess.run([sys.executable, "-c", STORM], capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stdout) == (0, "ended\n"), done.stderr


@contextmanager
def serving(folder: Path, *words: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command, and where it serves."""
    command = [sys.executable, "-m", "farm", "serve", "--listen", "127.0.0.1:0", "--out", str(folder / "out"), *words]
    env = {**os.environ, "FARM_STATE": str(folder / "state")}
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().removeprefix("serving at ").strip()
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_serves_until_it_is_told_to_end(tmp_path, number):
    with serving(tmp_path) as (process, url):
        assert until(lambda: asked(f"{url}/readyz")[0] == 200)
        process.send_signal(number)
        assert process.wait(30) == 0
