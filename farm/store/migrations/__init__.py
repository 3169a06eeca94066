"""The schema's history, run by `farm.store.schema` through Alembic."""
