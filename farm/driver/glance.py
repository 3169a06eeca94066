"""The farm at a glance: what the driver says of itself every few seconds, for `farm jobs` and `farm status`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from pydantic import JsonValue, TypeAdapter

from farm.driver.running import Jobs
from farm.scheduler.state import Scheduler

CHOICE = "choice"
"""What a job waits for that has nothing left but shots of which people are to choose a take; counted in shots."""

_JSON: TypeAdapter[dict[str, JsonValue]] = TypeAdapter(dict[str, JsonValue])


def glance(scheduler: Scheduler, jobs: Jobs, now_us: int) -> Mapping[str, JsonValue]:
    """`waits` by job and reason, `lanes` and `nodes` as the scheduler sees them, `oldest_wait_s` by project."""
    return _JSON.validate_python(
        {
            "jobs": len(jobs),
            "open": scheduler.unsettled,
            "running": len(scheduler.running),
            "waits": _waits(scheduler, jobs, now_us),
            "lanes": [_plain(asdict(lane)) for lane in scheduler.lanes()],
            "nodes": [_plain(asdict(node)) for node in scheduler.nodes()],
            "oldest_wait_s": {project: (now_us - us) / 1e6 for project, us in scheduler.oldest_us().items()},
        }
    )


def _waits(scheduler: Scheduler, jobs: Jobs, now_us: int) -> dict[str, dict[str, int]]:
    waits = {
        job: {str(reason): count for reason, count in reasons.items()}
        for job, reasons in scheduler.waits(now_us).items()
    }
    choices = {run.job.id: {CHOICE: len(run.plan.open_choices())} for run in jobs if run.asking}
    return waits | choices


def _plain(value: object) -> object:
    """The same with sets and tuples as lists."""
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(map(str, value))
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value
