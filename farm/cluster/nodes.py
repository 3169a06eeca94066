"""Ray's nodes, as the scheduler's events: who is there, who is to go away, who is gone.

    Ray ──census, every second──▶ changed(before, after) ──▶ queue ──changes()──▶ the pool

The census is taken in a thread of its own, which owns what was known before; the driver's loop only empties the queue.
A node that cannot take workers, as a head without CPUs, is none of ours.

An idle node leaves as soon as it is drained: then its loss may be all that is told of it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any

import ray
from ray._private.state import state
from ray.exceptions import RpcError

from farm.clock import now_us
from farm.scheduler.events import Event, NodeDraining, NodeLost, NodeUp

logger = logging.getLogger(__name__)

POLL_S = 1.0

POOL_LABEL = "pool"
"""The label of Ray's nodes that names a pool, as in `ray start --labels pool=gpu-large`."""

MARKET_LABEL = "market"
"""Likewise: how a node is paid for, as in `--labels market=spot`."""

UNLIMITED_US = 24 * 3600 * 1_000_000
"""From when we learn of it, to a node that is drained without a deadline."""


@dataclass(frozen=True, slots=True)
class Census:
    """The nodes that take workers, by id, and when those that are drained go away."""

    nodes: Mapping[str, NodeUp] = field(default_factory=dict[str, NodeUp])
    deadlines_us: Mapping[str, int] = field(default_factory=dict[str, int])


def changed(before: Census, after: Census) -> list[Event]:
    """What has happened between two censuses; a node comes before its draining."""
    ups = [node for name, node in after.nodes.items() if before.nodes.get(name) != node]
    drains = [
        NodeDraining(name, deadline_us)
        for name, deadline_us in after.deadlines_us.items()
        if before.deadlines_us.get(name) != deadline_us
    ]
    losses = [NodeLost(name) for name in before.nodes if name not in after.nodes]
    return [*losses, *ups, *drains]


class NodeWatch:
    """Watches the nodes of the cluster that this process is attached to.

    Raises what Ray raises when the first census cannot be taken.
    """

    def __init__(self, poll_s: float = POLL_S) -> None:
        self._poll_s = poll_s
        self._events: SimpleQueue[Event] = SimpleQueue()
        self._known = Census()
        self._closed = threading.Event()
        self._failure: Exception | None = None
        self._look()
        self._thread = threading.Thread(target=self._watch, name="node-watch", daemon=True)
        self._thread.start()

    def changes(self) -> Sequence[Event]:
        """What has changed since the last call; every node at first. Does not wait.

        Raises what ended the watch, if anything did: a farm that is blind to its nodes must not go on.
        """
        if self._failure:
            raise self._failure
        events: list[Event] = []
        while True:
            try:
                events.append(self._events.get_nowait())
            except Empty:
                return events

    def close(self) -> None:
        """Stop watching. Comes before this process detaches from Ray."""
        self._closed.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._closed.wait(self._poll_s):
            try:
                self._look()
            except RpcError as error:  # the head is busy or restarts: what it says next counts
                logger.warning("Ray's head does not answer: %s", error)
            except Exception as error:  # noqa: BLE001 - the thread's boundary: `changes` raises it
                self._failure = error
                return

    def _look(self) -> None:
        census = take_census(self._known)
        for event in changed(self._known, census):
            self._events.put(event)
        self._known = census


def take_census(known: Census) -> Census:
    """Ask Ray. A deadline that we set ourselves stays as it is `known`."""
    nodes = {node["NodeID"]: node_up(node) for node in ray.nodes() if node["Alive"]}
    nodes = {name: node for name, node in nodes.items() if node.cpus}
    deadlines = {name: ms * 1000 for name, ms in _draining().items() if name in nodes}
    for name, deadline_us in deadlines.items():
        if not deadline_us:
            deadlines[name] = known.deadlines_us.get(name) or now_us() + UNLIMITED_US
    return Census(nodes, deadlines)


def node_up(node: Mapping[str, Any]) -> NodeUp:
    """One of the rows of `ray.nodes()`."""
    resources, labels = node["Resources"], node["Labels"]
    return NodeUp(
        node["NodeID"],
        cpus=int(resources.get("CPU", 0)),
        gpus=int(resources.get("GPU", 0)),
        pools=frozenset({labels[POOL_LABEL]} if POOL_LABEL in labels else ()),
        name=node["NodeName"] or node["NodeManagerAddress"],
        market=labels.get(MARKET_LABEL, ""),
    )


def _draining() -> dict[str, int]:
    """The nodes that are being drained, with their deadlines in milliseconds; 0: without one.

    Private to Ray: `ray._private.state.state.get_draining_nodes`, as Ray Train's preemption watcher uses it. No public
    call tells of drains.
    """
    return state.get_draining_nodes()
