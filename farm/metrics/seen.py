"""What the scheduler shows of itself at a pulse, as gauges: queues by reason, lanes, nodes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pydantic import JsonValue

from farm.metrics.readings import Readings
from farm.scheduler.views import LaneView, NodeView

LOST = "lost"


def see_waits(readings: Readings, waits: JsonValue, project_of: Mapping[str, str]) -> None:
    """Waiting tasks by job and reason, as the pulse has them."""
    if not isinstance(waits, dict):
        return
    for job, reasons in waits.items():
        if isinstance(reasons, dict):
            for reason, tasks in reasons.items():
                if isinstance(tasks, int):
                    readings.add("farm_queue_tasks", tasks, project_of.get(job, ""), reason)


def see_oldest(readings: Readings, oldest: JsonValue, projects: Iterable[str]) -> float:
    """How long the oldest of each project has waited; gives the longest of all."""
    waited = oldest if isinstance(oldest, dict) else {}
    longest_s = 0.0
    for project in {**dict.fromkeys(projects), **dict.fromkeys(waited)}:
        seconds = waited.get(project, 0.0)
        seconds = float(seconds) if isinstance(seconds, int | float) else 0.0
        readings.most("farm_oldest_wait_seconds", seconds, project)
        longest_s = max(longest_s, seconds)
    return longest_s


def see_lanes(readings: Readings, lanes: Iterable[LaneView], now_us: int) -> None:
    for lane in lanes:
        name = lane.name
        readings.add("farm_lane_queue_tasks", lane.queued, name)
        counts = {
            "pending": lane.pending,
            "loading": lane.starting - lane.pending,
            "idle": lane.idle,
            "busy": lane.busy,
        }
        for state, count in counts.items():
            readings.add("farm_workers", count, name, state)
        readings.most("farm_lane_gpus", lane.gpus, name)
        readings.add("farm_lane_blocked_nodes", len(lane.blocked), name)
        readings.most("farm_lane_backoff", int(lane.backoff_until_us > now_us), name)


def see_nodes(readings: Readings, nodes: Iterable[NodeView]) -> None:
    for node in nodes:
        pool = pool_of(node.pools)
        readings.add("farm_nodes", 1, pool, node.state)
        if node.gpus and node.state != LOST:
            free = min(max(0, node.free_gpus), node.gpus)
            readings.add("farm_node_gpus", free, pool, "free")
            readings.add("farm_node_gpus", node.gpus - free, pool, "used")


def pool_of(pools: Iterable[str]) -> str:
    """A node's pools as one label value; "" for none."""
    return ",".join(sorted(pools))
