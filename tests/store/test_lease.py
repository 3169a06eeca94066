"""One driver at a time: refused by name, and let in at once when the other is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import text

from farm.errors import LeaseError, StorageError
from farm.store.lease import FileLock

LEADER = """
import os, subprocess, sys, time
from pathlib import Path
from farm.store.jobs import JobStore
store = JobStore.connect(sys.argv[1]) if "://" in sys.argv[1] else JobStore.open(Path(sys.argv[1]))
lease = store.lead()
child = subprocess.Popen(["sleep", "60"], stdout=subprocess.DEVNULL)
ready, go = os.pipe()
fork = os.fork()
if fork == 0:
    os.write(go, b"!")
    time.sleep(60)
    os._exit(0)
os.read(ready, 1)
print(lease.epoch, child.pid, fork, flush=True)
sys.stdin.read()
"""


def test_a_second_driver_is_told_who_leads(store, reopen) -> None:
    with store.lead():
        with pytest.raises(LeaseError, match=rf"another farm leads here: process {os.getpid()} on .*use another"):
            reopen().lead()
        with pytest.raises(LeaseError):
            store.lead()
    with store.lead() as lease:
        assert lease.epoch == 2


def test_after_a_sigkill_the_next_driver_leads(store, place) -> None:
    """GIVEN a driver with a child process and a fork WHEN it is killed THEN its lock is free, though they live on.

    At once on SQLite. On PostgreSQL the fork holds the dead driver's connection open, and only its silence tells.
    """
    leader = subprocess.Popen(
        [sys.executable, "-c", LEADER, place],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert leader.stdout is not None
    assert leader.stdin is not None
    epoch, *children = map(int, leader.stdout.readline().split())
    try:
        with pytest.raises(LeaseError, match=f"process {leader.pid} on"):
            store.lead()
        leader.send_signal(signal.SIGKILL)
        leader.wait()
        for child in children:
            os.kill(child, 0)
        killed_s = time.monotonic()
        lease = store.lead_when_free(threading.Event(), poll_s=0.2)
        assert time.monotonic() - killed_s < (30 if "://" in place else 5)
        assert lease.epoch == epoch + 1
        lease.release()
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
        leader.stdin.close()
        leader.stdout.close()


def test_a_lock_without_a_note_names_nobody(tmp_path: Path) -> None:
    lock, other = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    lock.acquire()
    (tmp_path / "lock").write_text("")
    with pytest.raises(LeaseError, match="a process that has just started"):
        other.acquire()
    lock.release()
    lock.release()


def test_a_failed_start_gives_the_lock_back(store, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("farm.store.queries.TAKE_LEAD", text("UPDATE nothing"))
        with pytest.raises(StorageError):
            store.lead()
    store.lead().release()


def test_a_lease_is_alive_until_it_is_released(store) -> None:
    lease = store.lead()
    assert lease.alive
    lease.release()
    lease.release()
    assert not lease.alive


def test_a_standby_hears_once_who_leads_and_leads_when_free(store, reopen) -> None:
    heard: list[str] = []
    first = store.lead()
    stop = threading.Event()

    def waiting(words: str) -> None:
        heard.append(words)
        first.release()

    second = reopen().lead_when_free(stop, poll_s=0.01, waiting=waiting)
    assert second.epoch == first.epoch + 1
    assert len(heard) == 1
    assert f"process {os.getpid()} on" in heard[0]
    second.release()


def test_a_standby_stops_when_told_to(store, reopen) -> None:
    stop = threading.Event()
    with store.lead():
        assert reopen().lead_when_free(stop, poll_s=60, waiting=lambda words: stop.set()) is None
