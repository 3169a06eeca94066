"""Which idle workers go, so that one of another lane has room on a node: as few as do."""

from __future__ import annotations

from collections.abc import Sequence

from farm.scheduler.fleet import Node
from farm.scheduler.lanes import LaneWorkers, Worker


def victims(node: Node, lane: LaneWorkers, idle: Sequence[Worker]) -> list[Worker]:
    """As few of `idle`, all on `node`, as make room for a worker of `lane`; none when all of them do not."""
    chosen: list[Worker] = []
    for worker in sorted(idle, key=lambda worker: -worker.lane.gpus):
        chosen.append(worker)
        if _room_without(node, lane, chosen):
            break
    else:
        return []
    for worker in tuple(chosen):
        others = [other for other in chosen if other is not worker]
        if _room_without(node, lane, others):
            chosen = others
    return chosen


def _room_without(node: Node, lane: LaneWorkers, workers: Sequence[Worker]) -> bool:
    cpus = sum(worker.lane.lane.ranks for worker in workers)
    gpus = sum(worker.lane.gpus for worker in workers)
    return node.holds(lane.lane) and node.room_for(lane.lane, cpus, gpus)
