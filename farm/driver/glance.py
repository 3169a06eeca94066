"""The farm at a glance: what the driver says of itself every few seconds, for `farm jobs` and `farm status`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from pydantic import JsonValue, TypeAdapter

from farm.scheduler.state import Scheduler

_JSON: TypeAdapter[dict[str, JsonValue]] = TypeAdapter(dict[str, JsonValue])


def glance(scheduler: Scheduler, jobs: int, now_us: int) -> Mapping[str, JsonValue]:
    """`waits` by job and reason, `lanes` and `nodes` as the scheduler sees them."""
    return _JSON.validate_python(
        {
            "jobs": jobs,
            "open": scheduler.unsettled,
            "running": len(scheduler.running),
            "waits": {
                job: {str(reason): count for reason, count in reasons.items()}
                for job, reasons in scheduler.waits(now_us).items()
            },
            "lanes": [_plain(asdict(lane)) for lane in scheduler.lanes()],
            "nodes": [_plain(asdict(node)) for node in scheduler.nodes()],
        }
    )


def _plain(value: object) -> object:
    """The same with sets and tuples as lists."""
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(map(str, value))
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value
