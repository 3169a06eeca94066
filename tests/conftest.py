"""What tests of every area may use: a real PostgreSQL. And in which order they run."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("FARM_METRICS", "off")  # or every driver that a test starts would try the same port
sys.path.append(str(Path(__file__).parent / "support"))

import laws  # noqa: F401 - says how far laws are tried, before any is read
import turns
from postgres_server import PostgresServer

from farm.store.jobs import JobStore


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: turns.rank(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> turns.Turns:
    return turns.Turns(config, log)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One server for this process's tests."""
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_template(postgres_server: PostgresServer) -> str:
    """The name of a database with an empty job store, to copy."""
    name = postgres_server.database()
    JobStore.connect(postgres_server.url(name)).close()
    return name


@pytest.fixture
def postgres_url(postgres_server: PostgresServer, postgres_template: str) -> Iterator[str]:
    """The URL of an empty job store of this test's own."""
    name = postgres_server.database(postgres_template)
    yield postgres_server.url(name)
    postgres_server.drop(name)
