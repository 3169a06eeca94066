"""SIGTERM ends every command that runs long: soon, in order, with its code, and nothing is lost.

Each is told to end at a moment that is certain, by what it has said or done; how long it then took is printed.
"""

from __future__ import annotations

import os
import pty
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psutil
import psycopg
import pytest

from farm.clock import now_us
from farm.config import load_config
from farm.site import Site
from farm.store.jobs import JobStore
from farm.store.records import Job, RequestState
from farm.tasks import AttemptState, Task
from farm.top.screen import LEAVE

SIZE = ("--size", "128x72")
ROWS = (
    'sq010,sh010,stills/coffee.png,0.5,"Slow push in",3',
    'sq010,sh020,stills/chelsea.png,0.5,"Slow pan left",3',
)
PATIENCE_S = 120.0
SOON_S = 10.0
"""For a command that has nothing to put away, on a busy machine."""
GRACE_S = 25.0
"""For a driver: less than the 30 s that Kubernetes and others give."""
STOPPED = 130


def until(found: Callable[[], object], said: Callable[[], str]) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while not found():
        assert time.monotonic() < deadline_s, said()
        time.sleep(0.05)


class Command:
    """One `farm` command in a process of its own."""

    def __init__(self, studio, *words: str, before: tuple[str, ...] = ()) -> None:
        self.words = words
        self._log = studio.folder / f"{words[0]}-{len(list(studio.folder.glob('*.log')))}.log"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [*before, *studio.command(*words)], stdout=log, stderr=log, env=studio.env, cwd=studio.folder
            )

    @property
    def said(self) -> str:
        return self._log.read_text()

    def has(self, found: Callable[[], object]) -> None:
        """Wait until something is so; it must not end before."""

        def is_so() -> object:
            assert self.process.poll() is None, self.said
            return found()

        until(is_so, lambda: self.said)

    def says(self, words: str) -> None:
        self.has(lambda: words in self.said)

    def ends(self, within_s: float, code: int, *, process: psutil.Process | None = None) -> None:
        """Once it is told to."""
        began_s = time.monotonic()
        (process or self.process).send_signal(signal.SIGTERM)
        assert self.process.wait(PATIENCE_S) == code, self.said
        took_s = time.monotonic() - began_s
        print(f"farm {self.words[0]}: gone {took_s:.2f} s after SIGTERM")
        assert took_s < within_s
        assert "Traceback" not in self.said, self.said


@pytest.fixture
def start(studio) -> Iterator[Callable[..., Command]]:
    begun: list[Command] = []

    def begin(*words: str, before: tuple[str, ...] = ()) -> Command:
        begun.append(Command(studio, *words, before=before))
        return begun[-1]

    studio.env["FARM_OUT"] = str(studio.out)
    yield begin
    for command in begun:
        if command.process.poll() is None:
            for each in [*psutil.Process(command.process.pid).children(recursive=True), command.process]:
                each.kill()
            command.process.wait()


@contextmanager
def books(studio) -> Iterator[JobStore]:
    with Site(load_config(studio.env), str(studio.out)).store() as store:
        yield store


@contextmanager
def led(studio) -> Iterator[tuple[JobStore, int]]:
    """A driver that leads and answers nothing."""
    with books(studio) as store, store.lead() as lease:
        store.beat(lease.epoch, "process 1 on here", {}, now_us() + 3_600_000_000)
        yield store, lease.epoch


def a_job(store: JobStore, epoch: int) -> str:
    store.create_job(epoch, Job(id="shots-1", project="p", name="shots", out="/out", document={}, created_us=1))
    store.add_tasks(epoch, "shots-1", [Task.of(project="p", stage="score", version=1, params={}, shot="sh010")], 5)
    return "shots-1"


# -- who looks on -------------------------------------------------------------------------------------------------


def test_a_log_that_is_followed(studio, start):
    with led(studio) as (store, epoch):
        job = a_job(store, epoch)
        command = start("logs", job, "--follow")
        command.says("score")
        command.ends(SOON_S, STOPPED)


def test_a_job_that_is_watched(studio, start):
    with led(studio) as (store, epoch):
        job = a_job(store, epoch)
        command = start("watch", job)
        command.has(lambda: reads(command))
        command.ends(SOON_S, STOPPED)


def reads(command: Command) -> bool:
    """True once it has the job store open, which it has for as long as it watches."""
    return any("farm.sqlite" in file.path for file in psutil.Process(command.process.pid).open_files())


def test_the_farm_that_is_watched_on_a_screen(studio, start):
    """GIVEN a terminal THEN it is as it was when the command has gone."""
    with led(studio) as (store, epoch):
        job = a_job(store, epoch)
        ours, its = pty.openpty()
        command = [*studio.command("top", "--every", "0.2")]
        env = {**studio.env, "TERM": "xterm-256color"}
        process = subprocess.Popen(command, stdin=its, stdout=its, stderr=its, env=env, cwd=studio.folder)
        os.close(its)
        try:
            shown = b""
            while job.encode() not in shown:
                shown += os.read(ours, 65536)
            process.send_signal(signal.SIGTERM)
            shown = b"".join(iter(lambda: read_on(ours), b""))
            assert process.wait(PATIENCE_S) == STOPPED
        finally:
            process.kill()
            process.wait()
            os.close(ours)
    assert shown.endswith(LEAVE.encode())
    assert b"Traceback" not in shown


def read_on(terminal: int) -> bytes:
    """What else comes; b"" once nobody holds the other end."""
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""


# -- who asks -----------------------------------------------------------------------------------------------------


def test_who_waits_for_an_answer_leaves_the_request_with_the_driver(studio, start):
    studio.write(*ROWS)
    with led(studio) as (store, _):
        command = start("submit", str(studio.list), *SIZE, "--wait", "600")
        command.has(store.pending)
        command.ends(SOON_S, STOPPED)
        (request,) = store.pending()
        assert request.state is RequestState.PENDING


def test_a_migration_that_waits_for_its_turn(studio, start, postgres_server):
    name = postgres_server.database()
    url = studio.env["FARM_DATABASE"] = postgres_server.url(name)
    turn = "SELECT pg_advisory_lock(hashtext('farm schema'), hashtext(current_schema()))"
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    with psycopg.connect(url, autocommit=True) as other:
        other.execute(turn)  # type: ignore[arg-type]
        command = start("migrate", "--wait", "600")
        command.has(lambda: other.execute(waiting).fetchone() == (1,))  # type: ignore[arg-type]
        command.ends(SOON_S, STOPPED)
        assert other.execute("SELECT to_regclass('jobs')").fetchone() == (None,)
    postgres_server.drop(name)


def test_a_migration_that_waits_for_its_database(studio, start):
    studio.env["FARM_DATABASE"] = f"postgresql://farm@/farm?host={studio.folder}"
    command = start("migrate", "--wait", "600")
    command.says("cannot be reached")
    command.ends(SOON_S, STOPPED)


def test_a_simulation(start):
    command = start("simulate", "idle", "--seeds", "100000")
    command.says("idle")
    command.ends(SOON_S, STOPPED)


INTERRUPTED_WHILE_COLLECTING = """
import gc, os, signal, sys, time, weakref
from farm.cli.ending import ending_on_sigterm

class Thing: ...

def gone(_):
    os.kill(os.getpid(), signal.SIGTERM)
    for _ in range(1000):  # where the interrupt is raised, and stays
        pass
    print("still here", flush=True)

thing = Thing()
reference = weakref.ref(thing, gone)
with ending_on_sigterm():
    try:
        del thing
        time.sleep(60)
    except KeyboardInterrupt:
        sys.exit(130)
"""


def test_an_interrupt_in_a_callback_that_lets_nothing_out_is_not_lost():
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_WHILE_COLLECTING],
        capture_output=True,
        text=True,
        check=False,
        timeout=SOON_S,
    )
    assert (done.returncode, done.stdout, done.stderr) == (STOPPED, "", "")


def may_be_first() -> bool:
    """True where a process may be the first of a namespace of its own."""
    unshare = shutil.which("unshare")
    return (
        bool(unshare) and not subprocess.run([unshare, "-p", "-f", "true"], check=False, capture_output=True).returncode
    )


@pytest.mark.skipif(not may_be_first(), reason="needs namespaces: root, and unshare")
@pytest.mark.parametrize(
    ("words", "says", "code"),
    [
        (("simulate", "idle", "--seeds", "100000"), "idle", STOPPED),
        (("serve", "--listen", "127.0.0.1:0", "--leave", "0"), "serving at", 0),
    ],
    ids=["simulate", "serve"],
)
def test_the_first_process_of_a_container_hears_of_it_too(start, words, says, code):
    """A kernel hands a first process only the signals that it handles."""
    command = start(*words, before=("unshare", "-p", "-f", "--kill-child"))
    command.says(says)
    (first,) = psutil.Process(command.process.pid).children()
    command.ends(SOON_S, code, process=first)


# -- who drives ---------------------------------------------------------------------------------------------------


def test_a_driver_that_stands_by(studio, start):
    with led(studio):
        command = start("drive")
        command.says("another farm leads here")
        command.ends(SOON_S, 0)


@pytest.mark.ray
def test_a_driver_hands_over_and_a_render_goes_on_where_it_was(studio, start):
    """GIVEN a driver at work WHEN it ends THEN nobody leads, and a render takes up its job; WHEN that ends THEN what
    both have made is there, once.
    """
    studio.write(*ROWS)
    with books(studio) as store:
        driver = start("up")
        driver.has(lambda: (pulse := store.last_pulse()) and pulse.leader)
        asked = start("submit", str(studio.list), *SIZE)
        assert asked.process.wait(PATIENCE_S) == 0, asked.said
        driver.has(lambda: done(store, "generate"))
        driver.ends(GRACE_S, 0)
        assert store.last_pulse().leader == ""
        (line,) = store.job_lines()
        assert line.state.live
        made = studio.made()

        render = start("render", str(studio.list), *SIZE, "--json")
        before = done(store, "generate")
        render.has(lambda: done(store, "generate") > before)
        render.ends(GRACE_S, STOPPED)
        assert "the same command goes on from here" in render.said
        assert made <= studio.made()
        (same,) = store.job_lines()
        assert same.state.live
        tried = store.attempts(of(store, "generate")).values()
        assert all([each.state for each in attempts].count(AttemptState.DONE) <= 1 for attempts in tried)
        assert not any(record.failures for record in store.load(line.id)), "a stop costs no attempt"


def of(store: JobStore, stage: str) -> list:
    return [
        record.task.id for line in store.job_lines() for record in store.load(line.id) if record.task.stage == stage
    ]


def done(store: JobStore, stage: str) -> int:
    return sum(each.state is AttemptState.DONE for tried in store.attempts(of(store, stage)).values() for each in tried)
