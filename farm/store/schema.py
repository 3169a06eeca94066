"""Brings a job store's schema to what this code knows: made when new, migrated when older, refused when newer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from farm.errors import InputError
from farm.store.tables import SCHEMA

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

MIGRATIONS = Path(__file__).parent / "migrations"


def current(connection: Connection) -> str:
    """The migration a database has reached; "" for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()


def refuse_newer(found: str, place: str) -> None:
    """Raise `InputError` when the migration `found` at `place` is none that this farm knows."""
    if found and found not in {script.revision for script in _scripts().walk_revisions()}:
        raise InputError(
            f"{place} was written by a newer farm (schema {found}, this one knows {SCHEMA}): install that version"
        )


def migrate(connection: Connection, place: str) -> None:
    """Upgrade to `SCHEMA` inside the caller's transaction.

    Raises `InputError` when a newer farm has written here.
    """
    from alembic import command

    refuse_newer(current(connection), place)
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


def _scripts() -> ScriptDirectory:
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(_config())
