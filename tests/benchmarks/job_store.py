"""What the job store keeps a second, on each database, waiting for the disk at every commit; the disk beside it.

A completion is one attempt that starts, ends and leaves its task done: AttemptStarted in one commit, AttemptEnded and
TaskMoved in a later one, as a driver has it, in batches of 64 and of 256.
Targets: 10,000 a second on SQLite, 4,000 on PostgreSQL.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent / "support"))

from postgres_server import PostgresServer

from farm.changes import AttemptEnded, AttemptStarted, Committed, TaskMoved
from farm.store.jobs import JobStore
from farm.store.records import Job
from farm.tasks import AttemptState, Lane, Manifest, Task, TaskState

TASKS = 20_000
BATCHES = (64, 256)
SYNCS = 200
LISTED_JOBS = 200
LISTED_SHOTS = 2_500
ROUNDS = 9


def run() -> dict[str, float]:
    """Completions and other figures a second, by database; times in ms."""
    figures: dict[str, float] = {"fsync_ms": round(_fsync_ms(), 3)}
    with tempfile.TemporaryDirectory(prefix="farm-bench-") as folder:
        store = JobStore.open(Path(folder))
        figures |= _measure("sqlite", store)
        store.close()
    with PostgresServer(durable=True) as server:
        store = JobStore.connect(server.url(server.database()))
        figures |= _measure("postgres", store)
        store.close()
    return figures


def table(figures: dict[str, float]) -> str:
    return "\n".join(f"{name:<28}{value:>12,}" for name, value in figures.items())


def _measure(database: str, store: JobStore) -> dict[str, float]:
    with store.lead() as lease:
        figures: dict[str, float] = {}
        for size in BATCHES:
            per_s, cpu_us = _completions(store, lease.epoch, size)
            figures |= {f"{database}_{size}_per_s": round(per_s), f"{database}_{size}_cpu_us": round(cpu_us)}
        figures[f"{database}_add_per_s"] = round(_added_per_s(store, lease.epoch))
        for number in range(LISTED_JOBS):
            _listed(store, lease.epoch, number)
    figures[f"{database}_poll_ms"] = _median_ms(store.pending)
    figures[f"{database}_list_{LISTED_JOBS}_jobs_ms"] = _median_ms(store.job_lines)
    return figures


def _completions(store: JobStore, epoch: int, size: int) -> tuple[float, float]:
    """Completions a second, and this process's own work for one in microseconds."""
    tasks = _tasks(f"b{size}")
    store.create_job(epoch, _job(f"b{size}"))
    store.add_tasks(epoch, f"b{size}", tasks, 1)
    batches = [tasks[at : at + size] for at in range(0, len(tasks), size)]
    starts = [[_started(task, f"b{size}") for task in batch] for batch in batches]
    ends = [[change for task in batch for change in _ended(task)] for batch in batches]
    begun, worked = time.perf_counter(), time.process_time()
    for start, end in zip(starts, ends, strict=True):
        store.commit(epoch, start)
        store.commit(epoch, end)
    cpu_us = (time.process_time() - worked) / len(tasks) * 1e6
    return len(tasks) / (time.perf_counter() - begun), cpu_us


def _added_per_s(store: JobStore, epoch: int) -> float:
    tasks = _tasks("added")
    store.create_job(epoch, _job("added"))
    begun = time.perf_counter()
    store.add_tasks(epoch, "added", tasks, 1)
    return len(tasks) / (time.perf_counter() - begun)


def _listed(store: JobStore, epoch: int, number: int) -> None:
    """A job with a document of its real size. The listing reads counters, so the number of tasks does not matter."""
    name = f"listed{number}"
    shots = [
        {"code": f"sh{shot:04}", "prompt": "a slow push in on the harbour at dusk " * 6} for shot in range(LISTED_SHOTS)
    ]
    store.create_job(epoch, _job(name, {"shots": shots}))
    tasks = [_task(f"{name} {stage}", stage) for stage in ("prepare", "generate", "score", "select", "deliver")]
    store.add_tasks(epoch, name, tasks, 1)


def _tasks(name: str) -> list[Task]:
    return [_task(f"{name} {number}", "generate") for number in range(TASKS)]


def _task(name: str, stage: str) -> Task:
    params = {"name": name, "prompt": "a slow push in on the harbour at dusk", "width": 1280, "height": 720}
    return Task.of(project="bench", stage=stage, version=1, params=params, lane=Lane(name="wan", gpus=1), shot="sh010")


def _job(name: str, document: dict[str, object] | None = None) -> Job:
    return Job(id=name, project="bench", name=name, out="out", document=document or {}, created_us=1)  # type: ignore[arg-type]


def _started(task: Task, job: str) -> Committed:
    return AttemptStarted(task.id, 1, "cpu-1", "node", 10, job=job)


def _ended(task: Task) -> Sequence[Committed]:
    facts = {"frames": 96, "seconds": 12.5, "seed": 7, "model": "wan"}
    manifest = Manifest(
        task=task.id, attempt=1, stage=task.stage, state=AttemptState.DONE, facts=facts, worker="cpu-1", ended_us=20
    )
    return [AttemptEnded(manifest, cost_micros=1_250), TaskMoved(task.id, TaskState.DONE, 20, winner=1)]


def _median_ms(action: Callable[[], object]) -> float:
    times: list[float] = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        action()
        times.append(time.perf_counter() - begun)
    return round(statistics.median(times) * 1000, 2)


def _fsync_ms() -> float:
    """What one append of a page takes to reach the disk."""
    with tempfile.TemporaryFile(prefix="farm-bench-") as file:

        def sync() -> None:
            file.write(b"\0" * 4096)
            file.flush()
            os.fsync(file.fileno())

        times: list[float] = []
        for _ in range(SYNCS):
            begun = time.perf_counter()
            sync()
            times.append(time.perf_counter() - begun)
    return statistics.median(times) * 1000
