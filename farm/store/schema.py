"""Brings a job store's schema to what this code knows: made when new, migrated when older, refused when newer."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from farm.errors import InputError
from farm.store.tables import SCHEMA

MIGRATIONS = Path(__file__).parent / "migrations"


def current(connection: Connection) -> str:
    """The migration a database has reached; "" for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()


def migrate(connection: Connection, place: str) -> None:
    """Upgrade to `SCHEMA` inside the caller's transaction.

    Raises `InputError` when a newer farm has written here.
    """
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    found = current(connection)
    if found and found not in known:
        raise InputError(
            f"{place} was written by a newer farm (schema {found}, this one knows {SCHEMA}): install that version"
        )
    command.upgrade(config, "head")
