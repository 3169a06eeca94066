"""`farm migrate`: up to date when it ends, however many begin at once, whatever has to be waited for."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config as Alembic
from typer.testing import CliRunner

from farm.cli import app
from farm.config import load_config
from farm.errors import InputError, LeaseError, StorageError
from farm.migrating import migrated
from farm.site import Site
from farm.store import schema
from farm.store.postgres_lead import LeaderSession, session_name
from farm.store.tables import SCHEMA


def quiet(words: str) -> None:
    """Nobody listens."""


def site(folder: Path, database: str) -> Site:
    return Site(load_config({"FARM_STATE": str(folder / "state"), "FARM_DATABASE": database}), str(folder / "out"))


def older(url: str) -> str:
    """An empty database gets the first schema."""
    engine = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        config = Alembic()
        config.set_main_option("script_location", str(schema.MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    engine.dispose()
    return url


@pytest.fixture
def empty(postgres_server):
    name = postgres_server.database()
    yield postgres_server.url(name)
    postgres_server.drop(name)


def run(tmp_path, monkeypatch, *words):
    monkeypatch.setenv("FARM_STATE", str(tmp_path / "state"))
    return CliRunner().invoke(app, ["migrate", "--out", str(tmp_path / "out"), *words])


def test_the_command_says_what_schema_there_is(tmp_path, monkeypatch):
    for _ in range(2):
        done = run(tmp_path, monkeypatch)
        assert (done.exit_code, done.output) == (0, f"the job store is up to date: schema {SCHEMA}\n")


@pytest.mark.parametrize("begin", ["empty", "older"])
def test_several_at_once_migrate_once(empty, begin, tmp_path):
    url = older(empty) if begin == "older" else empty
    with ThreadPoolExecutor(4) as threads:
        asked = [threads.submit(migrated, site(tmp_path, url), 60.0, quiet) for _ in range(4)]
        assert [one.result() for one in asked] == [SCHEMA] * 4


def test_a_driver_at_work_is_waited_for(empty, tmp_path):
    """GIVEN an older schema on which somebody leads WHEN he ends THEN it is migrated, and not before."""
    url = older(empty)
    told, name = threading.Event(), session_name(1, "abc", "elsewhere")
    lead = LeaderSession(
        lambda: psycopg.connect(url, autocommit=True, application_name=name), name, "older", nullcontext
    )
    lead.acquire()
    with pytest.raises(LeaseError):
        migrated(site(tmp_path, url), 0, quiet)
    with ThreadPoolExecutor(1) as threads:
        asked = threads.submit(migrated, site(tmp_path, url), 60.0, lambda _: told.set())
        assert told.wait(60)
        assert not asked.done()
        lead.release()
        assert asked.result() == SCHEMA


def test_a_database_that_is_not_there_yet_is_waited_for_so_long(tmp_path):
    nowhere = site(tmp_path, f"postgresql://farm@/farm?host={tmp_path}")
    heard: list[str] = []
    with pytest.raises(StorageError, match="cannot be reached"):
        migrated(nowhere, 2.5, heard.append)
    assert len(heard) == 1, "said once"


def test_a_wrong_database_is_no_use_waiting_for(tmp_path, postgres_server):
    with pytest.raises(InputError, match="does not exist"):
        migrated(site(tmp_path, postgres_server.url("never_made")), 600.0, quiet)
