"""From every older schema to the newest, on data, on both databases."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import text

from farm.changes import Notice, NoticeKind
from farm.store import schema
from farm.store.jobs import JobStore
from farm.store.records import JobState, Request, Verb
from farm.store.tables import METADATA
from farm.tasks import Task, TaskState

TASKS = [
    Task.of(project="demo", stage=stage, version=1, params={"n": n}, shot="sh010")
    for n, stage in enumerate(["prepare", "generate", "generate", "score"])
]
STATES = ["done", "done", "failed", "waiting"]


@pytest.fixture(params=["0001", "0002"])
def revision(request: pytest.FixtureRequest) -> str:
    """A schema of which there may be stores."""
    return request.param


@pytest.fixture(params=["sqlite", "postgresql"])
def first(request: pytest.FixtureRequest, tmp_path: Path, revision: str):
    """Where a job store lies that an older schema had: two jobs that share tasks, attempts and an outbox."""
    if request.param == "sqlite":
        (tmp_path / "state").mkdir()
        engine, place = sa.create_engine(f"sqlite:///{tmp_path}/state/farm.sqlite"), str(tmp_path / "state")
    else:
        server = request.getfixturevalue("postgres_server")
        place = server.url(server.database())
        engine = sa.create_engine(place.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(schema.MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        _fill(connection)
        command.upgrade(config, revision)
    yield place
    engine.dispose()


def _fill(connection: sa.Connection) -> None:
    def add(table: str, **values: object) -> None:
        columns = [sa.column(name) for name in values]
        connection.execute(sa.table(table, *columns).insert(), values)

    for seq, (job, state) in enumerate([("old", "done"), ("new", "active")], 1):
        add(
            "jobs",
            id=job,
            project="demo",
            name=job,
            out="out",
            state=state,
            document='{"shots": []}',
            options="{}",
            created_us=seq,
            seq=seq,
        )
        add("changes", seq=seq, kind="job", state=state, job=job, at_us=700 + seq)
    for n, (task, state) in enumerate(zip(TASKS, STATES, strict=True)):
        body = task.model_dump_json(exclude_defaults=True)
        row = {"id": task.id, "project": "demo", "stage": task.stage, "version": 1, "body": body, "state": state}
        add("tasks", **row, message="", winner=int(state == "done"), reopened_after=0, seq=3)
        for job in ["old", "new"][: 1 + n % 2]:
            add("job_task", job=job, task=task.id, position=n, shot="sh010", take=0, seq=3)
        if state != "waiting":
            add("attempts", task=task.id, number=1, worker="w", node="n", state=state, started_us=5, ended_us=6)
            add("changes", seq=10 + n, kind="attempt ended", state=state, task=task.id, attempt=1, at_us=6)
    connection.execute(text("UPDATE farm SET epoch = 4, seq = 20"))


def _open(place: str) -> JobStore:
    return JobStore.connect(place) if "://" in place else JobStore.open(Path(place))


def test_what_an_older_schema_kept_is_there_and_counted(first, make) -> None:
    store = _open(first)
    old, new = store.jobs()
    assert (old.id, old.state, old.ended_us, old.priority, old.budget_micros) == ("old", JobState.DONE, 701, 50, None)
    assert (new.id, new.state, new.ended_us, new.message, new.principal) == ("new", JobState.ACTIVE, 0, "", "")
    assert [record.task for record in store.load("old")] == TASKS
    assert store.counts("old") == {
        ("prepare", TaskState.DONE): 1,
        ("generate", TaskState.DONE): 1,
        ("generate", TaskState.FAILED): 1,
        ("score", TaskState.WAITING): 1,
    }
    assert store.counts("new") == {("generate", TaskState.DONE): 1, ("score", TaskState.WAITING): 1}
    assert [(attempt.job, attempt.cost_micros) for attempt in store.attempts([TASKS[0].id])[TASKS[0].id]] == [("", 0)]
    assert [line.seq for line in store.changes_after(0)] == [1, 2, 10, 11, 12]
    assert store.last_pulse() is None
    assert [(line.id, line.report) for line in store.job_lines()] == [("old", ""), ("new", "")]
    assert (store.deliveries(10), store.notices(0, 100)) == ((), {})
    store.close()


def test_it_goes_on_from_there(first, make) -> None:
    store = _open(first)
    with store.lead() as lease:
        assert lease.epoch == 5
        assert store.commit(lease.epoch, make.done(TASKS[3])) == 23
        store.ask(Request(id="r", verb=Verb.PAUSE, principal="mia", at_us=1, job="new"))
        store.choose(lease.epoch, "new", "sh010", 2, "mia", 1)
        store.beat(lease.epoch, "me", {}, 1)
        held = Notice(kind=NoticeKind.SHOT_HELD, project="demo", job="new", shot="sh010", words="choose")
        assert store.tell(lease.epoch, [held], 2) == 1
    assert store.begin_at_end("webhook team", 0) == 24
    assert store.counts("new") == {("generate", TaskState.DONE): 1, ("score", TaskState.DONE): 1}
    assert store.spent() == {"new": 0}
    store.close()


def test_the_migrations_lead_to_the_tables(first) -> None:
    store = _open(first)
    with store._reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []
        found = sa.inspect(connection)
        for table in METADATA.sorted_tables:
            keys = {
                (key["constrained_columns"][0], key["referred_table"]) for key in found.get_foreign_keys(table.name)
            }
            assert keys == {(key.parent.name, key.column.table.name) for key in table.foreign_keys}
    store.close()
