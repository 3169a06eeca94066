"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TASK = sa.String(32)
BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    farm = op.create_table(
        "farm",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("epoch", BIG, nullable=False),
        sa.Column("seq", BIG, nullable=False),
    )
    op.bulk_insert(farm, [{"id": 1, "epoch": 0, "seq": 0}])
    op.create_table(
        "jobs",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("project", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("out", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("options", sa.Text, nullable=False),
        sa.Column("created_us", BIG, nullable=False),
        sa.Column("seq", BIG, nullable=False),
    )
    op.create_table(
        "tasks",
        sa.Column("id", TASK, primary_key=True),
        sa.Column("project", sa.Text, nullable=False),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("failure", sa.Text),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("winner", sa.Integer, nullable=False),
        sa.Column("reopened_after", sa.Integer, nullable=False),
        sa.Column("seq", BIG, nullable=False),
    )
    op.create_table(
        "task_inputs",
        sa.Column("task", TASK, sa.ForeignKey("tasks.id"), primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("source", TASK, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_task_inputs_source", "task_inputs", ["source"])
    op.create_table(
        "job_task",
        sa.Column("job", sa.Text, sa.ForeignKey("jobs.id"), primary_key=True),
        sa.Column("task", TASK, sa.ForeignKey("tasks.id"), primary_key=True),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("shot", sa.Text, nullable=False),
        sa.Column("take", sa.Integer, nullable=False),
        sa.Column("seq", BIG, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_job_task_task", "job_task", ["task"])
    op.create_table(
        "attempts",
        sa.Column("task", TASK, sa.ForeignKey("tasks.id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("worker", sa.Text, nullable=False),
        sa.Column("node", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("failure", sa.Text),
        sa.Column("started_us", BIG, nullable=False),
        sa.Column("ended_us", BIG),
        sa.Column("manifest", sa.Text),
    )
    op.create_table(
        "versions",
        sa.Column("project", sa.Text, primary_key=True),
        sa.Column("subject", sa.Text, primary_key=True),
        sa.Column("product", sa.Text, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.UniqueConstraint("project", "subject", "product", "content"),
    )
    op.create_table(
        "changes",
        sa.Column("seq", BIG, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("job", sa.Text, sa.ForeignKey("jobs.id")),
        sa.Column("task", TASK, sa.ForeignKey("tasks.id")),
        sa.Column("attempt", sa.Integer),
        sa.Column("at_us", BIG, nullable=False),
    )
    op.create_table(
        "watermarks",
        sa.Column("consumer", sa.Text, primary_key=True),
        sa.Column("seq", BIG, nullable=False),
    )
