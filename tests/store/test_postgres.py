"""What only PostgreSQL has: a server that may be away, refuse, restart; and a leader that stalls."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from signal import SIGCONT, SIGKILL, SIGSTOP

import psycopg
import pytest
from sqlalchemy import text

from farm.errors import InputError, LeaseError, StorageError
from farm.store import postgres
from farm.store.jobs import JobStore
from farm.store.postgres_lead import _process, session_name
from farm.store.tables import SCHEMA

TAKEOVER_S = 20
"""Ten seconds, and as long again for a busy machine."""


@pytest.fixture
def place(postgres_url: str) -> str:
    return postgres_url


# -- refusals ---------------------------------------------------------------------------------------------------

BAD_URLS = {
    "no url": ("farm", r"is no database URL \(expected postgresql://"),
    "another database": ("mysql://host/farm", r"not the URL of a PostgreSQL database"),
    "no database": ("postgresql://host", r"not the URL of a PostgreSQL database"),
    "a password is not shown": ("mysql://mia:secret@host/farm", r"mysql://mia:\*\*\*@host/farm"),
}


@pytest.mark.parametrize(("url", "words"), BAD_URLS.values(), ids=BAD_URLS.keys())
def test_a_url_that_cannot_be_is_refused(url, words) -> None:
    with pytest.raises(InputError, match=words):
        JobStore.connect(url)


def test_an_unreachable_server_is_named(tmp_path) -> None:
    with pytest.raises(StorageError, match=r"postgresql://mia:\*\*\*@/farm cannot be reached: .*is the server running"):
        JobStore.connect(f"postgresql://mia:secret@/farm?host={tmp_path}")


def test_a_missing_database_is_named(postgres_server) -> None:
    with pytest.raises(InputError, match=r'/nothing: database "nothing" does not exist \(create it'):
        JobStore.connect(postgres_server.url("nothing"))


def test_a_wrong_password_is_named(postgres_server, postgres_url) -> None:
    postgres_server.execute("DROP ROLE IF EXISTS guest")
    postgres_server.execute("CREATE ROLE guest LOGIN PASSWORD 'right'")
    url = postgres_url.replace("farm@", "guest:wrong@")
    with pytest.raises(InputError, match=r'password authentication failed for user "guest" \(check the user'):
        JobStore.connect(url)
    postgres_server.execute("DROP ROLE guest")


def test_a_user_without_rights_is_named_and_changes_nothing(postgres_server) -> None:
    name = postgres_server.database()
    postgres_server.execute("DROP ROLE IF EXISTS stranger")
    postgres_server.execute("CREATE ROLE stranger LOGIN")
    with pytest.raises(StorageError, match="this user may not do that"):
        JobStore.connect(postgres_server.url(name, "stranger"))
    postgres_server.drop(name)
    postgres_server.execute("DROP ROLE stranger")


def test_a_read_only_database_is_named_and_can_be_read(store, epoch, make, postgres_url) -> None:
    store.create_job(epoch, make.job())
    reader = JobStore.connect(f"{postgres_url}&options=-c%20default_transaction_read_only%3Don")
    with pytest.raises(StorageError, match=r"it cannot be written: the server is read-only"):
        reader.set_watermark("catalog", 3)
    assert reader.watermark("catalog") == 0
    assert [job.id for job in reader.jobs()] == ["job"]
    reader.close()


def test_an_empty_read_only_database_stays_empty(postgres_server) -> None:
    name = postgres_server.database()
    url = f"{postgres_server.url(name)}&options=-c%20default_transaction_read_only%3Don"
    with pytest.raises(StorageError, match="read-only"):
        JobStore.connect(url)
    with psycopg.connect(postgres_server.url(name)) as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)
    postgres_server.drop(name)


def test_an_old_server_is_refused(postgres_url, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "OLDEST_SERVER", 99)
    with pytest.raises(InputError, match=r"PostgreSQL \d+ is too old \(version 99 or newer"):
        JobStore.connect(postgres_url)


def test_a_newer_schema_is_refused_even_while_somebody_leads(store, epoch, postgres_url) -> None:
    with store._transaction() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(InputError, match=rf"newer farm \(schema 9999, this one knows {SCHEMA}\)"):
        JobStore.connect(postgres_url)


def test_an_older_schema_at_work_is_left_alone(store, postgres_url) -> None:
    with store.lead():
        with store._transaction() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
        with pytest.raises(LeaseError, match="another farm leads here"):
            JobStore.connect(postgres_url)
    with store._reading() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == "0001"


def test_several_may_connect_to_a_new_database_at_once(postgres_server) -> None:
    name = postgres_server.database()
    failures: list[Exception] = []

    def connect() -> None:
        try:
            JobStore.connect(postgres_server.url(name)).close()
        except Exception as error:  # noqa: BLE001 - told below
            failures.append(error)

    threads = [threading.Thread(target=connect) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    postgres_server.drop(name)


# -- a server that restarts -------------------------------------------------------------------------------------


def _leaders(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_locks JOIN pg_database ON database = oid "
            "WHERE locktype = 'advisory' AND granted AND datname = current_database()"
        ).fetchone()
    return row[0]


def test_a_leader_outlives_a_restart_of_the_server(store, reopen, make, postgres_server, postgres_url) -> None:
    """GIVEN a leader WHEN the server is away and back THEN one call says so, the next ones work, and it still leads."""
    with store.lead() as lease:
        store.create_job(lease.epoch, make.job())
        postgres_server.stop()
        with pytest.raises(StorageError, match="try again"):
            store.set_priority(lease.epoch, "job", 1, 1)
        with pytest.raises(StorageError, match="cannot be reached"):
            store.jobs()
        postgres_server.start()
        store.set_priority(lease.epoch, "job", 2, 1)
        deadline_s = time.monotonic() + TAKEOVER_S
        while not _leaders(postgres_url):
            assert time.monotonic() < deadline_s
        with pytest.raises(LeaseError, match="another farm leads here"):
            reopen().lead()
        assert lease.alive
        assert store.job("job").priority == 2


def test_a_leaders_cut_connection_is_made_again(store, reopen, postgres_server, postgres_url) -> None:
    """GIVEN a server that does not know yet that the leader's connection is gone THEN the leader takes its own lock."""
    with store.lead() as lease:
        lock = lease._lock
        lock._connection, cut = None, lock._connection
        deadline_s = time.monotonic() + TAKEOVER_S
        while lock._connection is None and lease.alive:
            assert time.monotonic() < deadline_s
        assert lease.alive
        with pytest.raises(psycopg.OperationalError):
            cut.execute("SELECT 1")
        with pytest.raises(LeaseError):
            reopen().lead()


# -- leaders that die or stall ----------------------------------------------------------------------------------

DRIVER = """
import sys, threading, time
from farm.errors import FarmError
from farm.store.jobs import JobStore
store = JobStore.connect(sys.argv[1])
lease = store.lead_when_free(threading.Event(), poll_s=0.5)
try:
    with store._write(lease.epoch, 1) as (connection, seq):
        print("leads", lease.epoch, flush=True)
        sys.stdin.readline()
    print("committed", flush=True)
except FarmError as error:
    print(type(error).__name__, error, flush=True)
while lease.alive:
    time.sleep(0.05)
print("lost", flush=True)
"""


@contextmanager
def driver(url: str) -> Iterator[subprocess.Popen[str]]:
    """A process that stands by, leads, and then waits inside an open transaction for a line."""
    process = subprocess.Popen(
        [sys.executable, "-c", DRIVER, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def test_of_two_drivers_one_leads_and_the_other_takes_over(place) -> None:
    """GIVEN two drivers started at once WHEN the one that leads is killed inside a transaction THEN the other leads."""
    with driver(place) as one, driver(place) as other:
        said: dict[int, str] = {}
        threads = [
            threading.Thread(target=lambda d=d: said.setdefault(d.pid, d.stdout.readline()), daemon=True)
            for d in (one, other)
        ]
        for thread in threads:
            thread.start()
        while not said:
            threads[0].join(0.02)
        (leader,) = [d for d in (one, other) if d.pid in said]
        assert said[leader.pid] == "leads 1\n"
        killed_s = time.monotonic()
        leader.send_signal(SIGKILL)
        for thread in threads:
            thread.join(TAKEOVER_S)
        assert time.monotonic() - killed_s < TAKEOVER_S
        assert sorted(said.values()) == ["leads 1\n", "leads 2\n"]


def test_a_leader_stopped_inside_a_transaction_loses_it(store, place) -> None:
    """GIVEN a leader under SIGSTOP in an open transaction THEN the next leads in time, and the old commits nothing."""
    with driver(place) as stalled:
        assert stalled.stdout.readline() == "leads 1\n"
        stalled.send_signal(SIGSTOP)
        stopped_s = time.monotonic()
        heard: list[str] = []
        lease = store.lead_when_free(threading.Event(), poll_s=0.2, waiting=heard.append)
        assert time.monotonic() - stopped_s < TAKEOVER_S
        assert f"process {stalled.pid} on" in heard[0]
        store.advance(lease.epoch, 5)
        stalled.send_signal(SIGCONT)
        stalled.stdin.write("\n")
        stalled.stdin.flush()
        assert stalled.stdout.readline() == "LeaseError this driver (epoch 1) no longer leads: epoch 2 does\n"
        assert stalled.stdout.readline() == "lost\n"
        assert store.snapshot().seq == 5
        assert lease.alive
        lease.release()


def test_a_stalled_transaction_is_ended_by_the_server(store, epoch, make) -> None:
    """GIVEN no other driver WHEN this one stalls in a transaction THEN it changes nothing, and can go on."""
    store.create_job(epoch, make.job())
    with pytest.raises(StorageError, match=r"stalled inside a transaction|ended by the server"):
        _stall(store, epoch)
    assert store.snapshot().seq == 1
    store.set_priority(epoch, "job", 3, 1)


def _stall(store: JobStore, epoch: int) -> None:
    """Do nothing inside a transaction until its session is gone."""
    with store._write(epoch, 1) as (connection, _):
        connection.execute(text("SET idle_in_transaction_session_timeout = 100"))
        pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        deadline_s = time.monotonic() + TAKEOVER_S
        while _lives(store, pid):
            assert time.monotonic() < deadline_s


def _lives(store: JobStore, pid: int) -> bool:
    with store._reading() as connection:
        return bool(
            connection.execute(text("SELECT count(*) FROM pg_stat_activity WHERE pid = :pid"), {"pid": pid}).scalar()
        )


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (session_name(7, "ab12cd", "node:1"), "process 7 on node:1"),
        (session_name(7, "ab12cd", "n" * 90), f"process 7 on {'n' * 49}"),
        ("psql", "session 'psql'"),
    ],
    ids=["a driver", "a long host", "somebody else"],
)
def test_the_holder_of_the_lead_is_named(name, words) -> None:
    assert _process(name) == words
