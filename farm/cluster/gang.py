"""A worker as the pool sees it: one actor, or a placement group with an actor for each rank, as one object.

    form ─▶ every rank prepared ─▶ (ranks > 1: join: rank 0's address, the others' handles) ─▶ ready
    end  ─▶ placement group removed, actors killed

Actors are named `{farm}/{epoch}/{lane}/{n}`, in a Ray namespace of the farm, placement groups likewise, so that a later
leader finds and ends what an earlier one left, even one that is stopped and not dead.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import ray
from ray.util import list_named_actors
from ray.util.placement_group import (
    PlacementGroup,
    placement_group,
    placement_group_table,
    remove_placement_group,
)
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy, PlacementGroupSchedulingStrategy

from farm.cluster.nodes import MARKET_LABEL, POOL_LABEL
from farm.cluster.setup import WorkerSetup
from farm.cluster.worker import CONCURRENCY_GROUPS, Prepared, Worker
from farm.tasks import Lane, TaskId, Work

CPUS_PER_RANK = 1.0
"""More than none, so that none lands on a head that offers none."""

NODE_LABEL = "ray.io/node-id"

_remote: Any = ray.remote  # its stubs know nothing of concurrency groups
_ACTOR = _remote(concurrency_groups=CONCURRENCY_GROUPS, max_restarts=0, max_task_retries=0)(Worker)


@dataclass(slots=True)
class Gang:
    """The ranks of one worker, and what it does."""

    worker: str
    asked_node: str | None
    actors: Sequence[Any]
    group: PlacementGroup | None = None
    prepared: dict[int, Prepared] = field(default_factory=dict[int, Prepared])
    joined: set[int] = field(default_factory=set[int])
    ready: bool = False
    works: dict[tuple[TaskId, int], Work] = field(default_factory=dict[tuple[TaskId, int], Work])
    """What it has been given and has not brought back, by task and attempt."""
    sent_s: float = 0.0
    """When that was sent, by the monotonic clock."""

    @property
    def node(self) -> str:
        """Where it is; "" while that is open."""
        return next((prepared.node for prepared in self.prepared.values()), self.asked_node or "")

    def join(self) -> Iterator[tuple[int, Any]]:
        """Tell every rank where rank 0 is and who the others are; a reply to wait for, by rank."""
        master = self.prepared[0].master
        for rank, actor in enumerate(self.actors):
            others = list(self.actors[1:]) if rank == 0 else []
            yield rank, actor.join.remote(rank, len(self.actors), master, others)

    def end(self) -> None:
        """Kill all ranks, whatever they do, and give back what they held."""
        for actor in self.actors:
            ray.kill(actor)
        if self.group:
            remove_placement_group(self.group)


@dataclass(frozen=True, slots=True)
class Farm:
    """Whose actors these are."""

    name: str
    epoch: int
    """Of the lead under which they were started."""

    @property
    def namespace(self) -> str:
        return f"farm {self.name}"

    def actor(self, lane: Lane, worker: str, rank: int) -> str:
        """The name of a rank's actor: workers are called "cpu-17"."""
        number = worker.rpartition("-")[2]
        return f"{self.name}/{self.epoch}/{lane.name}/{number}" + (f".{rank}" if lane.ranks > 1 else "")

    def older(self, name: str) -> bool:
        """True for the name of what an earlier epoch of this farm started."""
        if not name.startswith(f"{self.name}/"):
            return False
        epoch = name.removeprefix(f"{self.name}/").partition("/")[0]
        return epoch.isdigit() and int(epoch) < self.epoch


def form(farm: Farm, worker: str, lane: Lane, node: str | None, market: str, setup: WorkerSetup) -> Gang:
    """Ask Ray for a worker. Does not wait for it; without a node it comes up where there is, or comes to be, room."""
    labels = _labels(lane, node, market)
    group = _group(farm.actor(lane, worker, 0), lane, labels) if lane.ranks > 1 else None
    actors = [
        _ACTOR.options(
            name=farm.actor(lane, worker, rank),
            namespace=farm.namespace,
            num_cpus=CPUS_PER_RANK,
            num_gpus=lane.gpus,
            **(_in_group(group, rank) if group else _placed(node, labels)),
        ).remote(worker, setup, lane.weights)
        for rank in range(lane.ranks)
    ]
    return Gang(worker, node, actors, group)


def end_older(farm: Farm) -> int:
    """Kill what earlier epochs of this farm left running; how many actors that were."""
    groups = placement_group_table().items()
    for identity, group in groups:
        if farm.older(group["name"]) and group["state"] != "REMOVED":
            remove_placement_group(PlacementGroup(ray.PlacementGroupID.from_hex(identity)))
    named: list[Any] = list_named_actors(all_namespaces=True)  # its stub knows only bare names
    ours = [actor["name"] for actor in named if actor["namespace"] == farm.namespace]
    return sum(_kill(name, farm.namespace) for name in ours if farm.older(name))


def _kill(name: str, namespace: str) -> int:
    try:
        ray.kill(ray.get_actor(name, namespace))
    except ValueError:  # it ended meanwhile
        return 0
    return 1


def _group(name: str, lane: Lane, labels: dict[str, str]) -> PlacementGroup:
    bundle = {"CPU": CPUS_PER_RANK} | ({"GPU": float(lane.gpus)} if lane.gpus else {})
    return placement_group(
        [bundle] * lane.ranks,
        strategy="STRICT_PACK",
        name=name,
        bundle_label_selector=[labels] * lane.ranks,
    )


def _in_group(group: PlacementGroup, rank: int) -> dict[str, Any]:
    return {"scheduling_strategy": PlacementGroupSchedulingStrategy(group, placement_group_bundle_index=rank)}


def _placed(node: str | None, labels: dict[str, str]) -> dict[str, Any]:
    if node:
        return {"scheduling_strategy": NodeAffinitySchedulingStrategy(node, soft=False)}
    return {"label_selector": labels} if labels else {}


def _labels(lane: Lane, node: str | None, market: str) -> dict[str, str]:
    """What a node must be labelled with to take a worker."""
    if node:
        return {NODE_LABEL: node}
    return {name: wanted for name, wanted in ((POOL_LABEL, lane.pool), (MARKET_LABEL, market)) if wanted}
