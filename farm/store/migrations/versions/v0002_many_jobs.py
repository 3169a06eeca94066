"""Many jobs: priority, budget and cost, what people ask for and choose, the driver's pulse, and counters."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    _columns()
    _tables()
    _what_is_there_already()


def _columns() -> None:
    """Each with a default: rows that are there get it without being rewritten, on both databases.

    Only the outbox is copied on SQLite: its foreign keys cost a third of every commit on PostgreSQL, and go.
    """
    with op.batch_alter_table("jobs") as jobs:
        jobs.add_column(sa.Column("priority", sa.Integer, nullable=False, server_default="50"))
        jobs.add_column(sa.Column("budget_micros", BIG))
        jobs.add_column(sa.Column("principal", sa.Text, nullable=False, server_default=""))
        jobs.add_column(sa.Column("message", sa.Text, nullable=False, server_default=""))
        jobs.add_column(sa.Column("ended_us", BIG, nullable=False, server_default="0"))
        jobs.add_column(sa.Column("spent_micros", BIG, nullable=False, server_default="0"))
    with op.batch_alter_table("attempts") as attempts:
        attempts.add_column(sa.Column("job", sa.Text, nullable=False, server_default=""))
        attempts.add_column(sa.Column("cost_micros", BIG, nullable=False, server_default="0"))
    with op.batch_alter_table("changes") as changes:
        changes.drop_constraint("fk_changes_job", type_="foreignkey")
        changes.drop_constraint("fk_changes_task", type_="foreignkey")
    is_job = sa.text("kind = 'job'")
    op.create_index("ix_changes_job", "changes", ["job", "seq"], sqlite_where=is_job, postgresql_where=is_job)


def _tables() -> None:
    op.create_table(
        "job_counts",
        sa.Column("job", sa.Text, sa.ForeignKey("jobs.id"), primary_key=True),
        sa.Column("stage", sa.Text, primary_key=True),
        sa.Column("state", sa.Text, primary_key=True),
        sa.Column("tasks", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "job_documents",
        sa.Column("job", sa.Text, sa.ForeignKey("jobs.id"), primary_key=True),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("options", sa.Text, nullable=False),
    )
    op.create_table(
        "requests",
        sa.Column("number", BIG, primary_key=True),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        sa.Column("key", sa.Text, unique=True),
        sa.Column("verb", sa.Text, nullable=False),
        sa.Column("principal", sa.Text, nullable=False),
        sa.Column("at_us", BIG, nullable=False),
        sa.Column("job", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("decided_us", BIG, nullable=False),
        sa.Column("seq", BIG, nullable=False),
    )
    op.create_index("ix_requests_job", "requests", ["job", "number"])
    pending = sa.text("state = 'pending'")
    op.create_index("ix_requests_pending", "requests", ["number"], sqlite_where=pending, postgresql_where=pending)
    op.create_table(
        "choices",
        sa.Column("job", sa.Text, sa.ForeignKey("jobs.id"), primary_key=True),
        sa.Column("shot", sa.Text, primary_key=True),
        sa.Column("take", sa.Integer, nullable=False),
        sa.Column("principal", sa.Text, nullable=False),
        sa.Column("at_us", BIG, nullable=False),
    )
    pulses = op.create_table(
        "pulses",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at_us", BIG, nullable=False),
        sa.Column("epoch", BIG, nullable=False),
        sa.Column("leader", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.bulk_insert(pulses, [{"id": 1, "at_us": 0, "epoch": 0, "leader": "", "document": "{}"}])


def _what_is_there_already() -> None:
    """Move the documents, count the tasks that are there, and say when each job ended that has."""
    op.execute("INSERT INTO job_documents (job, document, options) SELECT id, document, options FROM jobs")
    op.execute("ALTER TABLE jobs DROP COLUMN document")  # a batch would drop the table, which others refer to
    op.execute("ALTER TABLE jobs DROP COLUMN options")
    op.execute(
        "INSERT INTO job_counts (job, stage, state, tasks) "
        "SELECT job_task.job, tasks.stage, tasks.state, count(*) FROM job_task "
        "JOIN tasks ON tasks.id = job_task.task GROUP BY job_task.job, tasks.stage, tasks.state"
    )
    op.execute(
        "UPDATE jobs SET ended_us = "
        "coalesce((SELECT max(at_us) FROM changes WHERE changes.job = jobs.id AND changes.kind = 'job'), 0) "
        "WHERE state IN ('done', 'failed', 'cancelled')"
    )
