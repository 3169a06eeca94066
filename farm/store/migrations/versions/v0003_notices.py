"""What people may want to hear of, the messages about it, and where a job's report lies."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.add_column("jobs", sa.Column("report", sa.Text, nullable=False, server_default=""))
    op.create_table(
        "notices",
        sa.Column("seq", BIG, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("project", sa.Text, nullable=False),
        sa.Column("job", sa.Text, nullable=False),
        sa.Column("shot", sa.Text, nullable=False),
        sa.Column("occurrence", BIG, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.UniqueConstraint("kind", "project", "job", "shot", "occurrence"),
    )
    op.create_table(
        "deliveries",
        sa.Column("hook", sa.Text, primary_key=True),
        sa.Column("seq", BIG, primary_key=True, autoincrement=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("project", sa.Text, nullable=False),
        sa.Column("job", sa.Text, nullable=False),
        sa.Column("shot", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("at_us", BIG, nullable=False),
        sa.Column("created_us", BIG, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("due_us", BIG, nullable=False),
        sa.Column("tried_us", BIG, nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
    )
    pending = sa.text("state = 'pending'")
    op.create_index(
        "ix_deliveries_pending", "deliveries", ["hook", "seq"], sqlite_where=pending, postgresql_where=pending
    )
