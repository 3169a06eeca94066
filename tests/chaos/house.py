"""Where the drill happens: a private cluster, a job store, a folder of clips, and drivers that are told of them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import faults
import pytest
from chaos_driver import IMPATIENT, open_store
from postgres_server import PostgresServer
from private_cluster import QUIET, PrivateCluster

from farm.store import sqlite
from farm.store.jobs import JobStore

HERE = Path(__file__).parent

SILENCE_S = 4.0
IDLE_STOP_S = 3.0


@dataclass(frozen=True)
class House:
    folder: Path
    cluster: PrivateCluster
    store: JobStore
    server: PostgresServer | None
    """Of the job store, where it is one."""


@contextmanager
def house(
    folder: Path, seed: int, *, postgresql: bool = False, weather: float = faults.CALM, first_s: float = 0.0
) -> Iterator[House]:
    """Everything but nodes and a driver. The first of all `generate` attempts takes `first_s` longer."""
    (folder / "orders").mkdir()
    faults.set_weather(folder, weather)
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        path = os.pathsep.join([str(HERE.parents[1]), str(HERE), os.environ.get("PYTHONPATH", "")])
        said = {"CHAOS_FOLDER": str(folder), "CHAOS_SEED": str(seed), "CHAOS_FIRST_S": str(first_s), "PYTHONPATH": path}
        for name, value in (QUIET | said).items():
            patch.setenv(name, value)
        patch.setattr(sqlite, "PRAGMAS", IMPATIENT)
        server = stack.enter_context(PostgresServer()) if postgresql else None
        place = server.url(server.database()) if server else str(folder / "state")
        store = open_store(place)
        stack.callback(store.close)
        cluster = PrivateCluster()
        stack.callback(cluster.close)
        settings = {"store": place, "ray": cluster.address, "silence_s": SILENCE_S, "idle_stop_s": IDLE_STOP_S}
        (folder / "settings.json").write_text(json.dumps(settings))
        yield House(folder, cluster, store, server)
