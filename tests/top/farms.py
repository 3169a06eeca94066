"""Farms as their driver and their job store tell of them: a busy one, one that is stuck, an empty one.

Pulse + job lines ─▶ Seen ─▶ overview(), as `farm.overview.reader` does it
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from farm.clock import now_us
from farm.overview.reader import Seen
from farm.store.records import Durations, JobLine, JobState, Pulse
from farm.tasks import TaskState

NOW_US = now_us()
MINUTE_US = 60_000_000
DURATIONS = {
    "prepare": 2.0,
    "generate": 95.0,
    "score": 6.0,
    "select": 0.5,
    "upscale": 40.0,
    "deliver": 12.0,
    "compare": 5.0,
    "assemble": 30.0,
}


def pulse(document: Mapping[str, Any], *, age_s: float = 1.0, leader: str = "process 4711 on render-head") -> Pulse:
    return Pulse(NOW_US - int(age_s * 1e6), 7, leader, document)


def job_line(
    name: str, project: str = "lake", tasks: Mapping[tuple[str, str], int] | None = None, **more: Any
) -> JobLine:
    counts = {(stage, TaskState(state)): count for (stage, state), count in (tasks or {}).items()}
    fields: dict[str, Any] = {
        "out": "s3://studio/renders",
        "created_us": NOW_US - 30 * MINUTE_US,
        "priority": 50,
        "budget_micros": None,
        "spent_micros": 0,
        "principal": "ann@vfx-07",
        "state": JobState.ACTIVE,
        "message": "",
        "ended_us": 0,
    }
    return JobLine(id=name, project=project, name=name, tasks=counts, **fields | more)


def chain(shots: int, takes: int, done: int, running: int, failed: int = 0) -> dict[tuple[str, str], int]:
    """The tasks of a job of which so many takes are made, and so many are being made."""
    scored = max(0, done - 2)
    picked = scored // takes
    return {
        ("prepare", "done"): shots,
        ("generate", "done"): done,
        ("generate", "running"): running,
        ("generate", "failed"): failed,
        ("generate", "waiting"): shots * takes - done - running - failed,
        ("score", "done"): scored,
        ("score", "running"): done - scored,
        ("score", "waiting"): shots * takes - done,
        ("select", "done"): picked,
        ("deliver", "done"): picked,
    }


def lane(name: str, busy: int = 0, idle: int = 0, starting: int = 0, queued: int = 0, **more: Any) -> dict[str, Any]:
    counts = {"busy": busy, "idle": idle, "starting": starting, "queued": queued}
    return {
        "name": name,
        "load_s": 74.0,
        "blocked": {},
        "on_trial": {},
        "backoff_until_us": 0,
        "backoff": "",
        **counts,
        **more,
    }


def node(name: str, pool: str, gpus: int, free: int, **more: Any) -> dict[str, Any]:
    cpus = max(16, 12 * gpus)
    return {
        "id": f"id-{name}",
        "name": name,
        "state": "up",
        "cpus": cpus,
        "gpus": gpus,
        "free_cpus": cpus - (gpus - free),
        "free_gpus": free,
        "workers": gpus - free,
        "reserved_for": "",
        "deadline_us": 0,
        "pools": [pool] if pool else [],
        **more,
    }


def busy_document() -> dict[str, Any]:
    h100 = [node(f"gpu-{n:02d}", "h100", 8, free) for n, free in enumerate((0, 0, 1, 0), 1)]
    h100[2] |= {"reserved_for": "ltx-2-19b@4x2"}
    l40s = [node(f"spot-{n:02d}", "l40s", 4, free) for n, free in enumerate((0, 0, 2, 0, 0, 4), 1)]
    l40s[1] |= {"state": "draining", "deadline_us": NOW_US + 4 * MINUTE_US}
    l40s[5] |= {"state": "lost"}
    cpu = [
        node(f"cpu-{n:02d}", "cpu", 0, 0, cpus=64, free_cpus=free, workers=64 - free)
        for n, free in enumerate((2, 21), 1)
    ]
    return {
        "jobs": 7,
        "open": 1840,
        "running": 133,
        "waits": {
            "lake-draft-00113e": {"upstream": 214, "share": 96},
            "storm-seq040-9b1c2d": {"upstream": 402, "capacity": 188, "model loading": 24},
            "storm-seq050-77ab01": {"upstream": 388, "share": 210, "backoff": 3},
            "harbour-final-ef391a": {"upstream": 61, "reserved": 4, "capacity": 17},
            "lake-finals-2d5e98": {"choice": 6},
            "night-442753": {"held": 240},
            "harbour-tests-846e11": {"limit": 31},
        },
        "lanes": [
            lane("wan-14b@h100", busy=23, idle=1, starting=4, queued=284, gpus=1, load_s=131.0),
            lane("ltx-2-19b@4x2", busy=1, queued=4, gpus=4, load_s=212.0),
            lane(
                "svd-xt@l40s",
                busy=14,
                starting=2,
                queued=190,
                gpus=1,
                load_s=48.0,
                blocked={"id-spot-03": "3 attempts crashed there that came out elsewhere"},
            ),
            lane("upscale@l40s", busy=1, idle=1, queued=0, gpus=1, load_s=9.0),
            lane(
                "hosted",
                busy=8,
                queued=57,
                load_s=1.0,
                backoff_until_us=NOW_US + 38_000_000,
                backoff="the provider says: 429, too many requests",
            ),
            lane("cpu", busy=97, idle=8, queued=12, load_s=2.4),
        ],
        "nodes": [*h100, *l40s, *cpu],
        "rates": {
            "window_s": 60,
            "tasks_per_minute": 84.0,
            "failed_per_minute": 0.4,
            "takes_per_minute": 18.5,
            "clip_seconds_per_minute": 74.0,
            "frames_per_second": 19.7,
            "cost_per_hour": 96.4,
            "oldest_wait_s": 1_340.0,
            "steps_per_second": {"wan-14b@h100": 31.4, "svd-xt@l40s": 22.0, "ltx-2-19b@4x2": 1.9},
        },
    }


ENDED = {("prepare", "done"): 6, ("generate", "done"): 7, ("score", "done"): 7, ("deliver", "done"): 4}


def busy_lines() -> tuple[JobLine, ...]:
    return (
        job_line("lake-draft-00113e", "lake", chain(48, 2, 61, 9), priority=80, spent_micros=41_200_000),
        job_line(
            "storm-seq040-9b1c2d",
            "storm",
            chain(120, 4, 180, 14, failed=3),
            spent_micros=212_900_000,
            principal="bo@vfx-02",
        ),
        job_line("storm-seq050-77ab01", "storm", chain(110, 4, 22, 8), spent_micros=19_050_000, principal="bo@vfx-02"),
        job_line(
            "harbour-final-ef391a", "harbour", chain(31, 3, 88, 4), budget_micros=400_000_000, spent_micros=371_300_000
        ),
        job_line(
            "lake-finals-2d5e98",
            "lake",
            {
                ("prepare", "done"): 12,
                ("generate", "done"): 36,
                ("score", "done"): 36,
                ("select", "done"): 12,
                ("deliver", "done"): 6,
            },
        ),
        job_line(
            "harbour-tests-846e11",
            "harbour",
            chain(9, 4, 5, 0),
            priority=20,
            budget_micros=5_000_000,
            spent_micros=4_910_000,
        ),
        job_line(
            "night-442753",
            "lake",
            {("prepare", "done"): 3, ("prepare", "waiting"): 77, ("generate", "waiting"): 160},
            state=JobState.HELD,
        ),
        job_line("lake-anim-5f0c11", "lake", ENDED, state=JobState.DONE, ended_us=NOW_US - 4 * MINUTE_US),
        job_line(
            "storm-bad-c0ffee",
            "storm",
            ENDED | {("generate", "failed"): 5},
            state=JobState.FAILED,
            ended_us=NOW_US - 7 * MINUTE_US,
            message="2 of 6 shots have no clip: sh030, sh050",
        ),
    )


def durations(lines: tuple[JobLine, ...]) -> dict[tuple[str, str], Durations]:
    return {
        (line.id, stage): Durations(10, int(10e6 * seconds))
        for line in lines[:2]
        for stage, seconds in DURATIONS.items()
    }


def busy() -> Seen:
    lines = busy_lines()
    return Seen(NOW_US, pulse(busy_document()), lines, (), durations(lines))


def stuck() -> Seen:
    """Nothing runs: no machine can take one model, the provider of another says no, people are to decide the rest."""
    document = {
        "waits": {
            "storm-seq040-9b1c2d": {"no capable worker": 284, "upstream": 571},
            "harbour-tests-846e11": {"limit": 31, "upstream": 12},
            "lake-finals-2d5e98": {"choice": 6},
            "lake-draft-00113e": {"backoff": 57},
        },
        "lanes": [
            lane(
                "wan-14b@h100",
                queued=284,
                gpus=1,
                blocked={"id-gpu-01": "3 attempts crashed there", "id-gpu-02": "its driver is too old for this model"},
            ),
            lane(
                "hosted",
                idle=8,
                queued=57,
                load_s=1.0,
                backoff_until_us=NOW_US + 95_000_000,
                backoff="the provider says: 402, payment required",
            ),
            lane("cpu", idle=16, load_s=2.4),
        ],
        "nodes": [
            node("gpu-01", "h100", 8, 8),
            node("gpu-02", "h100", 8, 8),
            node("cpu-01", "cpu", 0, 0, cpus=64, free_cpus=48, workers=16),
        ],
        "rates": {"tasks_per_minute": 0.0, "failed_per_minute": 2.0, "takes_per_minute": 0.0, "oldest_wait_s": 7_900.0},
    }
    wanted = {"storm-seq040-9b1c2d", "harbour-tests-846e11", "lake-finals-2d5e98", "lake-draft-00113e"}
    idle = {
        line.id: {
            (stage, "waiting" if state == "running" else str(state)): count
            for (stage, state), count in line.tasks.items()
        }
        for line in busy_lines()
    }
    lines = tuple(
        job_line(line.id, line.project, idle[line.id], budget_micros=line.budget_micros, spent_micros=line.spent_micros)
        for line in busy_lines()
        if line.id in wanted
    )
    return Seen(NOW_US, pulse(document), lines, (), durations(lines))
