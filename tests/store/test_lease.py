"""One driver at a time: refused by name, and let in at once when the other is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from farm.errors import LeaseError, StorageError
from farm.store.lease import FileLock

LEADER = """
import os, subprocess, sys, time
from pathlib import Path
from farm.store.jobs import JobStore
store = JobStore.open(Path(sys.argv[1]))
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
        with pytest.raises(LeaseError, match=rf"another farm leads here: process {os.getpid()} on .*another --out"):
            reopen().lead()
        with pytest.raises(LeaseError):
            store.lead()
    with store.lead() as lease:
        assert lease.epoch == 2


def test_after_a_sigkill_the_next_driver_leads_at_once(store, tmp_path: Path) -> None:
    """GIVEN a driver with a child process and a fork WHEN it is killed THEN its lock is free, though they live on."""
    leader = subprocess.Popen(
        [sys.executable, "-c", LEADER, str(tmp_path / "state")],
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
        with store.lead() as lease:
            assert lease.epoch == epoch + 1
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
