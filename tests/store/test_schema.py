"""A SQLite file and its schema: made, migrated, refused, and every way a file can be unusable."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text

from farm.errors import FailureKind, InputError, LeaseError, OutOfSpace, StorageError
from farm.store import schema
from farm.store.jobs import JobStore
from farm.store.sqlite import DATABASE
from farm.store.tables import METADATA, SCHEMA


@pytest.fixture
def place(tmp_path: Path) -> str:
    """Of what only files have."""
    return str(tmp_path / "state")


def test_the_migrations_lead_to_the_tables(store, tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'state' / DATABASE}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []
        keys = {
            table.name: {(key.parent.name, key.target_fullname) for key in table.foreign_keys}
            for table in METADATA.sorted_tables
        }
        for name, expected in keys.items():
            found = connection.execute(text(f"PRAGMA foreign_key_list({name})")).all()
            assert {(row[3], f"{row[2]}.{row[4]}") for row in found} == expected
    engine.dispose()


def test_the_newest_migration_is_the_one_the_code_expects() -> None:
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == SCHEMA


def test_a_file_is_durable_and_local(store) -> None:
    with store._reading() as connection:
        found = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30_000}


def test_a_newer_schema_is_refused(store, tmp_path: Path) -> None:
    store.close()
    with sqlite3.connect(tmp_path / "state" / DATABASE) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(InputError, match=rf"newer farm \(schema 9999, this one knows {SCHEMA}\): install that version"):
        JobStore.open(tmp_path / "state")


NEXT = """
import sqlalchemy as sa
from alembic import op
revision = "0004"
down_revision = "0003"

def upgrade():
    op.add_column("jobs", sa.Column("note", sa.Text, nullable=False, server_default="kept"))
"""


@pytest.fixture
def newer_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This farm, one migration on."""
    shutil.copytree(schema.MIGRATIONS, tmp_path / "migrations")
    (tmp_path / "migrations" / "versions" / "v0004_next.py").write_text(NEXT)
    monkeypatch.setattr(schema, "MIGRATIONS", tmp_path / "migrations")
    monkeypatch.setattr("farm.store.sqlite.SCHEMA", "0004")


def test_an_older_schema_is_migrated_and_keeps_its_rows(store, make, request, tmp_path: Path) -> None:
    with store.lead() as lease:
        store.create_job(lease.epoch, make.job("before"))
    request.getfixturevalue("newer_code")
    newer = JobStore.open(tmp_path / "state")
    with newer._reading() as connection:
        assert connection.execute(text("SELECT id, note FROM jobs")).all() == [("before", "kept")]
    newer.close()


def test_an_older_schema_at_work_is_left_alone(store, make, request, tmp_path: Path) -> None:
    with store.lead() as lease:
        request.getfixturevalue("newer_code")
        with pytest.raises(LeaseError, match="another farm leads here"):
            JobStore.open(tmp_path / "state")
        store.create_job(lease.epoch, make.job("still works"))
    JobStore.open(tmp_path / "state").close()


def test_a_newer_schema_is_named_before_the_driver_that_leads(store, tmp_path: Path) -> None:
    with store.lead(), store._transaction() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        connection.commit()
        with pytest.raises(InputError, match="newer farm"):
            JobStore.open(tmp_path / "state")


OPENER = "import sys; from pathlib import Path; from farm.store.jobs import JobStore; JobStore.open(Path(sys.argv[1]))"


def test_several_may_open_a_new_folder_at_once(tmp_path: Path) -> None:
    openers = [subprocess.Popen([sys.executable, "-c", OPENER, str(tmp_path / "new")]) for _ in range(3)]
    assert [opener.wait() for opener in openers] == [0, 0, 0]


def test_what_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / DATABASE).write_bytes(b"this is a letter to my grandmother\n" * 100)
    with pytest.raises(StorageError, match=rf"{DATABASE}: it is not a database .*move it away"):
        JobStore.open(tmp_path)


def test_a_damaged_database_is_named(store, make, tmp_path: Path) -> None:
    with store.lead() as lease:
        store.create_job(lease.epoch, make.job())
        store.add_tasks(lease.epoch, "job", [make.task(number) for number in range(300)], 1)
    store.close()
    path = tmp_path / "state" / DATABASE
    data = bytearray(path.read_bytes())
    for page in range(40, len(data) // 4096):
        data[page * 4096 : page * 4096 + 200] = b"\xff" * 200
    path.write_bytes(data)
    damaged = JobStore.open(tmp_path / "state")
    with pytest.raises(StorageError, match=r"it is damaged .*restore"):
        damaged.load("job")
    damaged.close()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"cannot make .*FARM_STATE"):
        JobStore.open(tmp_path / "file" / "state")


READER = """
import os, sys
from pathlib import Path
from farm.errors import StorageError
from farm.store.jobs import JobStore
store = JobStore.open(Path(sys.argv[1]))
lease = store.lead()
store.close()
if os.getuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
try:
    store.version(lease.epoch, "demo", "sh010", "review", "x")
except StorageError as error:
    print(error)
"""


def test_a_database_that_may_not_be_written_is_named() -> None:
    with tempfile.TemporaryDirectory() as folder:  # pytest's own folders let nobody else in
        state = Path(folder) / "state"
        JobStore.open(state).close()
        Path(folder).chmod(0o755)
        (state / DATABASE).chmod(0o444)
        state.chmod(0o555)
        done = subprocess.run([sys.executable, "-c", READER, str(state)], capture_output=True, text=True, check=False)
        state.chmod(0o755)
    assert done.returncode == 0, done.stderr
    assert DATABASE in done.stdout
    assert "FARM_STATE" in done.stdout


def test_a_full_disk_is_named_and_changes_nothing(store, epoch, make) -> None:
    store.create_job(epoch, make.job())
    with store._reading() as connection:
        pages = connection.execute(text("PRAGMA page_count")).scalar_one()
        connection.execute(text(f"PRAGMA max_page_count = {pages + 2}"))
    before = store.snapshot()
    with pytest.raises(OutOfSpace, match=rf"no space is left for .*{DATABASE} .*FARM_STATE") as caught:
        store.add_tasks(epoch, "job", [make.task(number) for number in range(500)], 1)
    assert caught.value.kind is FailureKind.TRANSIENT
    assert store.snapshot() == before
    assert store.version(epoch, "demo", "sh010", "review", "x") == 1
