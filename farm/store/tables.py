"""The schema of the job store, for SQLite and PostgreSQL alike.

    jobs ─< job_task >─ tasks ─< attempts          versions: v001 once per (subject, product, content)
      ├── job_documents   │
      ├─< job_counts      └─< task_inputs          changes: the outbox · watermarks: how far each reader is
      └─< choices                                  requests: what people asked for · pulses: the driver's last word
                                               notices: what people may want to hear · deliveries: who was told

`job_counts` and `jobs.spent_micros` are sums over the rest, moved along in the transactions that move their parts: what
a listing of many jobs shows is read and not counted. `farm` is one row: the epoch of whoever leads, and the last `seq`.
Every write begins by updating that row, which checks the epoch, numbers the changes and puts writers one behind the
other, in one statement on both databases. Times are UTC microseconds, documents JSON text. Any change here is a new
migration (`tests/store/test_migrations.py` compares the two).
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from farm.canonical import ID_LENGTH

SCHEMA = "0003"
"""The newest migration."""

METADATA = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

_TASK = String(ID_LENGTH)
_BIG = BigInteger().with_variant(Integer, "sqlite")

farm = Table(
    "farm",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("epoch", _BIG, nullable=False),
    Column("seq", _BIG, nullable=False),
)

jobs = Table(
    "jobs",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("project", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("out", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("created_us", _BIG, nullable=False),
    Column("seq", _BIG, nullable=False),
    Column("priority", Integer, nullable=False, server_default="50"),
    Column("budget_micros", _BIG),
    Column("principal", Text, nullable=False, server_default=""),
    Column("message", Text, nullable=False, server_default=""),
    Column("ended_us", _BIG, nullable=False, server_default="0"),
    Column("spent_micros", _BIG, nullable=False, server_default="0"),
    Column("report", Text, nullable=False, server_default=""),
)

job_documents = Table(
    "job_documents",
    METADATA,
    Column("job", Text, ForeignKey("jobs.id"), primary_key=True),
    Column("document", Text, nullable=False),
    Column("options", Text, nullable=False),
)
"""Apart from their jobs, as they may be megabytes: a listing reads the jobs and not these."""

job_counts = Table(
    "job_counts",
    METADATA,
    Column("job", Text, ForeignKey("jobs.id"), primary_key=True),
    Column("stage", Text, primary_key=True),
    Column("state", Text, primary_key=True),
    Column("tasks", Integer, nullable=False),
    sqlite_with_rowid=False,
)

tasks = Table(
    "tasks",
    METADATA,
    Column("id", _TASK, primary_key=True),
    Column("project", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("failure", Text),
    Column("message", Text, nullable=False),
    Column("winner", Integer, nullable=False),
    Column("reopened_after", Integer, nullable=False),
    Column("seq", _BIG, nullable=False),
)

task_inputs = Table(
    "task_inputs",
    METADATA,
    Column("task", _TASK, ForeignKey("tasks.id"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("source", _TASK, nullable=False),
    Index(None, "source"),
    sqlite_with_rowid=False,
)

job_task = Table(
    "job_task",
    METADATA,
    Column("job", Text, ForeignKey("jobs.id"), primary_key=True),
    Column("task", _TASK, ForeignKey("tasks.id"), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("shot", Text, nullable=False),
    Column("take", Integer, nullable=False),
    Column("seq", _BIG, nullable=False),
    Index(None, "task"),
    sqlite_with_rowid=False,
)

attempts = Table(
    "attempts",
    METADATA,
    Column("task", _TASK, ForeignKey("tasks.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("worker", Text, nullable=False),
    Column("node", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("failure", Text),
    Column("started_us", _BIG, nullable=False),
    Column("ended_us", _BIG),
    Column("manifest", Text),
    Column("job", Text, nullable=False, server_default=""),
    Column("cost_micros", _BIG, nullable=False, server_default="0"),
)

versions = Table(
    "versions",
    METADATA,
    Column("project", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("product", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("content", Text, nullable=False),
    UniqueConstraint("project", "subject", "product", "content"),
)

PENDING = text("state = 'pending'")
"""Of requests and of deliveries; spelt out in index and query alike, or the index is no use."""

IS_JOB = text("kind = 'job'")

changes = Table(
    "changes",
    METADATA,
    Column("seq", _BIG, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("job", Text),
    Column("task", _TASK),
    Column("attempt", Integer),
    Column("at_us", _BIG, nullable=False),
    Index("ix_changes_job", "job", "seq", sqlite_where=IS_JOB, postgresql_where=IS_JOB),
)

"""Without foreign keys, though it names jobs and tasks: it is written three lines to a task, and nothing is deleted."""

notices = Table(
    "notices",
    METADATA,
    Column("seq", _BIG, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("project", Text, nullable=False),
    Column("job", Text, nullable=False),
    Column("shot", Text, nullable=False),
    Column("occurrence", _BIG, nullable=False),
    Column("words", Text, nullable=False),
    UniqueConstraint("kind", "project", "job", "shot", "occurrence"),
)
"""What people may want to hear of, beside the outbox's line of the same number: each occurrence once."""

deliveries = Table(
    "deliveries",
    METADATA,
    Column("hook", Text, primary_key=True),
    Column("seq", _BIG, primary_key=True, autoincrement=False),
    Column("id", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("project", Text, nullable=False),
    Column("job", Text, nullable=False),
    Column("shot", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("at_us", _BIG, nullable=False),
    Column("created_us", _BIG, nullable=False),
    Column("state", Text, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("due_us", _BIG, nullable=False),
    Column("tried_us", _BIG, nullable=False),
    Column("status", Integer, nullable=False),
    Column("answer", Text, nullable=False),
    Index("ix_deliveries_pending", "hook", "seq", sqlite_where=PENDING, postgresql_where=PENDING),
)
"""What webhooks are told of the outbox's line of that number, and what they answered."""

watermarks = Table(
    "watermarks",
    METADATA,
    Column("consumer", Text, primary_key=True),
    Column("seq", _BIG, nullable=False),
)

requests = Table(
    "requests",
    METADATA,
    Column("number", _BIG, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("key", Text, unique=True),
    Column("verb", Text, nullable=False),
    Column("principal", Text, nullable=False),
    Column("at_us", _BIG, nullable=False),
    Column("job", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("decided_us", _BIG, nullable=False),
    Column("seq", _BIG, nullable=False),
    Index("ix_requests_job", "job", "number"),
    Index("ix_requests_pending", "number", sqlite_where=PENDING, postgresql_where=PENDING),
)
"""In the order in which they came. A request without an idempotency key has none here either: NULLs are never equal."""

choices = Table(
    "choices",
    METADATA,
    Column("job", Text, ForeignKey("jobs.id"), primary_key=True),
    Column("shot", Text, primary_key=True),
    Column("take", Integer, nullable=False),
    Column("principal", Text, nullable=False),
    Column("at_us", _BIG, nullable=False),
)

pulses = Table(
    "pulses",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("at_us", _BIG, nullable=False),
    Column("epoch", _BIG, nullable=False),
    Column("leader", Text, nullable=False),
    Column("document", Text, nullable=False),
)
