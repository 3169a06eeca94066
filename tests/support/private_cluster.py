"""Private Ray clusters of several nodes on this machine, and what befalls nodes.

A head without CPUs; nodes are added, drained, frozen and killed. Every port is Ray's free choice, every cluster has a
session folder of its own, and what ends is ended by process id: several may stand on a machine side by side.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import psutil
import ray
from ray._raylet import GcsClient
from ray.cluster_utils import Cluster
from ray.core.generated.autoscaler_pb2 import DrainNodeReason

OBJECT_STORE_BYTES = 80 << 20
NAMES = count(1)

HEALTH = {
    "health_check_initial_delay_ms": 500,
    "health_check_period_ms": 300,
    "health_check_timeout_ms": 500,
    "health_check_failure_threshold": 5,
}
"""A dead raylet is noticed by its broken connection, a frozen one after five checks that time out."""

BARE = {"include_log_monitor": False, "no_monitor": True}
"""A head without the processes that nobody here asks anything: they take a second of CPU time to start."""

QUIET = {
    "RAY_AUTH_MODE": "disabled",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_enable_metrics_collection": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}
"""In the environment of all that belongs to such a cluster, from before its head starts to its end."""


@dataclass(frozen=True)
class Node:
    """A node that a test added."""

    id: str
    raylet: psutil.Process


class PrivateCluster:
    """A head without CPUs, and the nodes that were added to it."""

    def __init__(self, **head: Any) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="ray-"))  # short: socket paths have at most 107 bytes
        atexit.register(shutil.rmtree, self.folder, ignore_errors=True)  # Ray makes a folder in it as the process ends
        self._cluster = Cluster()
        self.head = self._start(num_cpus=0, temp_dir=str(self.folder), _system_config=HEALTH, **(BARE | head))
        self._nodes = [self.head]
        self.namespace = f"test-{os.getpid()}-{next(NAMES)}"

    @property
    def address(self) -> str:
        """`ray.init(address=…)` attaches to it: here, or in a process that this one starts."""
        return self._cluster.address

    def attach(self) -> None:
        ray.init(address=self.address, namespace=self.namespace, log_to_driver=False, logging_level="ERROR")

    @contextlib.contextmanager
    def attached(self) -> Iterator[None]:
        """This process is attached for the length of the block."""
        self.attach()
        try:
            yield
        finally:
            ray.shutdown()

    def add(self, cpus: int = 1, gpus: int = 0, labels: dict[str, str] | None = None) -> Node:
        """A node that is up. `gpus` are of Ray's imagination."""
        self._nodes.append(self._start(num_cpus=cpus, num_gpus=gpus, labels=labels or {}))
        return self._nodes[-1]

    def actors(self) -> Sequence[Mapping[str, Any]]:
        """The actors that live: "Name", "Pid"… Needs no `attach`."""
        return list(self._cluster.global_state.actor_table(None, None, "ALIVE").values())

    def kill(self, node: Node) -> None:
        """The machine is gone at once: its raylet and all its workers."""
        end(node.raylet)

    def freeze(self, node: Node) -> None:
        """Its raylet stands still; its workers go on."""
        node.raylet.send_signal(signal.SIGSTOP)

    def thaw(self, node: Node) -> None:
        node.raylet.send_signal(signal.SIGCONT)

    def drain(self, node: Node, deadline_s: float) -> int:
        """Announce that the node will be taken away; gives the deadline in microseconds. An idle node goes at once."""
        deadline_ms = int((time.time() + deadline_s) * 1000)
        preemption = DrainNodeReason.Value("DRAIN_NODE_REASON_PREEMPTION")
        accepted, why = GcsClient(address=self.address).drain_node(node.id, preemption, "taken back", deadline_ms)
        assert accepted, why
        return deadline_ms * 1000

    def close(self) -> None:
        """Detach, and end every process that was started."""
        ray.shutdown()
        for node in reversed(self._nodes):
            end(node.raylet)
        self._cluster.shutdown()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _start(self, **options: Any) -> Node:
        node = self._cluster.add_node(
            object_store_memory=OBJECT_STORE_BYTES, include_dashboard=False, dashboard_agent_listen_port=0, **options
        )
        return Node(node.node_id, psutil.Process(node.all_processes["raylet"][0].process.pid))


def end(process: psutil.Process) -> None:
    """Kill a process and all that it has started, and wait until they are gone, or wait to be buried by init."""
    with contextlib.suppress(psutil.NoSuchProcess):
        tree = [process, *process.children(recursive=True)]
        for member in tree:
            with contextlib.suppress(psutil.NoSuchProcess):
                member.kill()
        process.wait(timeout=10)
        until(lambda: not any(runs(member) for member in tree))


def runs(process: psutil.Process) -> bool:
    """False for a zombie, too."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def until(wanted: Callable[[], Any], within_s: float = 120.0) -> Any:
    """What `wanted` gives, once that is something."""
    end_s = time.monotonic() + within_s
    while not (found := wanted()):
        assert time.monotonic() < end_s, f"not within {within_s} s"
        time.sleep(0.02)
    return found
