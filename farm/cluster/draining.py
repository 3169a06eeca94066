"""Taking a node out of a Ray cluster: Ray is told, and everything else follows from what it says of the node.

    drain ─▶ Ray: no new leases, DRAINING until the deadline ─census─▶ NodeDraining     idle ─▶ the raylet ends itself

Ray accepts a preemption of any node, and lets what runs there go on; a drain for idleness it refuses while anything
runs. It ends nothing at the deadline: the scheduler stops its workers then, and the raylet, idle, leaves.
"""

from __future__ import annotations

from typing import Any

import ray
from ray._raylet import GcsClient  # pyright: ignore[reportAttributeAccessIssue]  compiled
from ray.exceptions import RpcError

from farm.errors import InputError, StorageError

ANSWER_S = 5
"""How long Ray's head may take to answer: the driver's loop waits for it."""

PREEMPTION = 2
"""`DRAIN_NODE_REASON_PREEMPTION` of Ray's autoscaler.proto; `ray drain-node` takes the same."""

HEAD_RESOURCE = "node:__internal_head__"
"""What Ray gives to the head alone."""


def drain(node: str, deadline_us: int) -> None:
    """Have Ray drain a node until `deadline_us` (UTC).

    Raises `InputError` for the head and for what Ray refuses, `StorageError` where its head does not answer.
    """
    try:
        if HEAD_RESOURCE in _resources(node):
            raise InputError("this node is the head of the Ray cluster, which goes with it: stop the driver instead")
        head = GcsClient(address=ray.get_runtime_context().gcs_address)
        accepted, why = head.drain_node(node, PREEMPTION, "farm drain", deadline_us // 1000, timeout=ANSWER_S)
    except RpcError as error:
        raise StorageError(f"Ray's head does not answer: {error}") from error
    if not accepted:
        raise InputError(f"Ray does not drain it: {why}")


def _resources(node: str) -> dict[str, Any]:
    """Of a node that is up."""
    return next((known["Resources"] for known in ray.nodes() if known["NodeID"] == node and known["Alive"]), {})
