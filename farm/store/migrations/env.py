"""Runs migrations on the connection, and inside the transaction, that `farm.store.schema` hands over."""

from __future__ import annotations

from alembic import context

from farm.store.tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
