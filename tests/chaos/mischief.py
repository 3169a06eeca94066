"""What befalls the drill's farm: a seeded sequence of deaths and outages, at moments when it works.

worker, rank     SIGKILL of a worker's process, of one rank of a gang
node             SIGKILL of a raylet and all its workers; a new node comes
freeze           SIGSTOP of a raylet, briefly, or for so long that Ray gives it up; its workers go on meanwhile
driver           SIGKILL; the next one is started at once
job store        nobody can write (SQLite), or the server is gone and comes back (PostgreSQL)
storage          a storm: many reads and writes fail, some of them after they were done
"""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import faults
import psutil
from postgres_server import PostgresServer
from private_cluster import Node, PrivateCluster, end, until

CPUS = 4
NODE_TRIES = 5
DRIVER = Path(__file__).with_name("chaos_driver.py")

WEIGHTS: Mapping[str, int] = {
    "worker": 30,
    "rank": 15,
    "node": 12,
    "freeze": 8,
    "driver": 15,
    "job store": 8,
    "storage": 12,
}
BRIEF_S, LONG_S = 0.6, 4.0
"""How long a raylet stands still: too short for Ray to notice, or longer than it has patience."""
OUTAGE_S = (0.5, 3.0)
STORM_S = (1.0, 3.0)


@dataclass
class Drivers:
    """The one process that drives, and those before it. A supervisor: what has ended is started again."""

    folder: Path
    environment: Mapping[str, str]
    ended: list[int] = field(default_factory=list)
    """Exit statuses of those that ended by themselves."""

    def __post_init__(self) -> None:
        self.process = self.start()

    def start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, str(DRIVER), str(self.folder)]
        with (self.folder / "driver.log").open("ab") as log:
            return subprocess.Popen(command, env=dict(self.environment), stdout=log, stderr=log)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process = self.start()

    def look_after(self) -> None:
        if (status := self.process.poll()) is not None:
            self.ended.append(status)
            self.process = self.start()

    def stop(self) -> int:
        """Ask the driver to end, and wait for it."""
        (self.folder / "stop").touch()
        return self.process.wait(timeout=60)


class Mischief:
    """Does harm to a farm, and repairs what a house's own people would: nodes are replaced, drivers started again."""

    def __init__(self, folder: Path, cluster: PrivateCluster, drivers: Drivers, seed: int, nodes: int) -> None:
        self.done: Counter[str] = Counter()
        self.folder = folder
        self._cluster = cluster
        self._drivers = drivers
        self._random = random.Random(seed)
        self._nodes = [self._another_node() for _ in range(nodes)]
        self._wanted = nodes
        self._frozen: dict[str, Node] = {}
        self._later: list[tuple[float, Callable[[], None]]] = []
        self._outage = threading.Thread()
        self.server: PostgresServer | None = None
        """Of the job store, where it is one."""
        self.spared: Callable[[], Collection[str]] = frozenset
        """Workers that are left alone: another blow at their task would be taken for its own fault."""

    def strike(self) -> None:
        """Let one thing happen."""
        kinds = list(WEIGHTS)
        (kind,) = self._random.choices(kinds, [WEIGHTS[kind] for kind in kinds])
        deeds: Mapping[str, Callable[[], bool]] = {
            "worker": lambda: self._kill_worker("cpu"),
            "rank": lambda: self._kill_worker("duo"),
            "node": self._kill_node,
            "freeze": self._freeze,
            "driver": self._kill_driver,
            "job store": self._stop_store,
            "storage": self._storm,
        }
        if deeds[kind]():
            self.done[kind] += 1

    def look_after(self) -> None:
        """Do what has become due, and replace what is gone."""
        now_s = time.monotonic()
        due = [deed for at_s, deed in self._later if at_s <= now_s]
        self._later = [(at_s, deed) for at_s, deed in self._later if at_s > now_s]
        for deed in due:
            deed()
        self._nodes = [node for node in self._nodes if node.raylet.is_running() and node.raylet.status() != "zombie"]
        while len(self._nodes) - len(self._frozen) < self._wanted:
            self._nodes.append(self._another_node())
        self._drivers.look_after()

    def settle(self) -> None:
        """No more harm: everything that stands still goes on, every outage ends."""
        while self._later or self._outage.is_alive():
            self.look_after()
            time.sleep(0.05)
        self.look_after()

    def _another_node(self) -> Node:
        """A new node. A machine that is busy may take longer than Ray has patience."""
        for _ in range(NODE_TRIES - 1):
            before = set(psutil.Process().children())
            try:
                return self._cluster.add(cpus=CPUS)
            except Exception as error:  # noqa: BLE001 - Ray raises nothing finer
                print(f"  a node did not come up: {error}")
                for process in set(psutil.Process().children()) - before:
                    end(process)
        return self._cluster.add(cpus=CPUS)

    # -- deeds: each says whether it could be done ---------------------------------------------------------------------

    def _kill_worker(self, lane: str) -> bool:
        spared = self.spared()
        pids = sorted(
            actor["Pid"]
            for actor in self._cluster.actors()
            if actor["Name"].split("/")[2:3] == [lane] and _worker(actor["Name"]) not in spared
        )
        if not pids:
            return False
        with suppress(ProcessLookupError):
            os.kill(self._random.choice(pids), signal.SIGKILL)
        return True

    def _kill_node(self) -> bool:
        up = [node for node in self._nodes if node.id not in self._frozen]
        if not up:
            return False
        node = self._random.choice(up)
        self._nodes.remove(node)
        self._cluster.kill(node)
        return True

    def _freeze(self) -> bool:
        if self._frozen or not self._nodes:
            return False
        node = self._random.choice(self._nodes)
        self._frozen[node.id] = node
        self._cluster.freeze(node)
        seconds = self._random.choice((BRIEF_S, LONG_S))
        self._later.append((time.monotonic() + seconds, lambda: self._thaw(node, given_up=seconds == LONG_S)))
        return True

    def _thaw(self, node: Node, *, given_up: bool) -> None:
        self._cluster.thaw(node)
        del self._frozen[node.id]
        if given_up:  # it finds that it was given up, and ends itself; its workers have done so already
            self._nodes.remove(node)
            self._later.append((time.monotonic() + 5.0, lambda: end(node.raylet)))

    def _kill_driver(self) -> bool:
        self._drivers.kill()
        return True

    def _storm(self) -> bool:
        faults.set_weather(self.folder, faults.STORM)
        self._later.append((
            time.monotonic() + self._random.uniform(*STORM_S),
            lambda: faults.set_weather(self.folder, faults.CALM),
        ))  # fmt: skip
        return True

    def _stop_store(self) -> bool:
        if self._outage.is_alive():
            return False
        seconds = self._random.uniform(*OUTAGE_S)
        outage = self._server_away if self.server else self._file_locked
        self._outage = threading.Thread(target=outage, args=(seconds,))
        self._outage.start()
        return True

    def _file_locked(self, seconds: float) -> None:
        with sqlite3.connect(self.folder / "state" / "farm.sqlite", isolation_level=None, timeout=60) as database:
            database.execute("BEGIN IMMEDIATE")
            time.sleep(seconds)
            database.execute("ROLLBACK")
        database.close()

    def _server_away(self, seconds: float) -> None:
        assert self.server is not None
        self.server.stop()
        time.sleep(seconds)
        self.server.start()


def _worker(actor: str) -> str:
    """What the farm calls the worker of an actor: "farm/3/duo/7.1" is a rank of "duo-7"."""
    lane, number = actor.split("/")[2:4]
    return f"{lane}-{number.partition('.')[0]}"


def workers_left(cluster_folder: Path) -> list[int]:
    """Processes of workers of a cluster, which write their logs below its folder, wherever their raylets went."""
    found: list[int] = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if b"ray::Worker" in (process / "cmdline").read_bytes():
                files = {str(entry.readlink()) for entry in (process / "fd").iterdir()}
                if any(name.startswith(str(cluster_folder)) for name in files):
                    found.append(int(process.name))
    return found


def nothing_left(cluster_folder: Path, within_s: float) -> Any:
    """Wait until no worker is left."""
    return until(lambda: not workers_left(cluster_folder), within_s)
