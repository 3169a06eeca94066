"""The whole loop of the driver with fake workers: real scheduler, real store on a real disk.

    40,000 tasks wait ─▶ nodes come: idle to full ─▶ 1,500 workers, done as soon as they are heard of ─▶ done/s

A turn of the loop hears of at most 256 ends, decides, commits (SQLite, synchronous=FULL) and dispatches: that is the
tick. Growth repeats it with 10,000 and 100,000 tasks, each in a process of its own, for the processor time of one task
(from being named to being done) and the memory of the driver. The disk's own time for one fsync stands beside it.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent / "support"))

from postgres_server import PostgresServer

from farm.clock import now_us
from farm.driver.loop import Driver
from farm.driver.seams import Progress
from farm.scheduler.events import AttemptFinished, Event, NodeUp, WorkerReady
from farm.scheduler.policy import Policy
from farm.scheduler.state import Scheduler
from farm.simulator.cluster import Cluster
from farm.simulator.papers import Flat, Paper, PaperFarm
from farm.simulator.trace import Trace
from farm.simulator.world import World
from farm.store.jobs import JobStore
from farm.store.records import JobState, Request, Verb
from farm.tasks import AttemptState, FileClass, Lane, Manifest, Outcome, StoredFile, Task, TaskId, Work, attempt_prefix

WORKERS, NODES = 1500, 50
WAITING = 40_000
SMALL, LARGE = 10_000, 100_000
HEARD_AT_ONCE = 256
FSYNCS = 50
LANE = Lane(name="wan", gpus=1)


class AtOnce:
    """A pool whose workers are ready at once and done at once: whatever time passes is the driver's."""

    def __init__(self) -> None:
        self._told: deque[Event] = deque()
        self._nodes: dict[str, str] = {}
        self._waiting_since = 0.0
        self.turns_s: list[float] = []
        self.run_at: list[float] = []
        """When each attempt was dispatched."""

    def nodes_come(self) -> None:
        for number in range(NODES):
            self._told.append(NodeUp(f"node-{number}", cpus=64, gpus=WORKERS // NODES))

    def start(self, worker: str, lane: Lane, node: str | None, market: str = "") -> None:
        assert node is not None
        self._nodes[worker] = node
        self._told.append(WorkerReady(worker, node))

    def stop(self, worker: str) -> None:
        del self._nodes[worker]

    def run(self, worker: str, work: Work) -> None:
        self.run_at.append(time.perf_counter())
        self._told.append(AttemptFinished(worker, self._manifest(worker, work)))

    def cancel(self, worker: str, task: TaskId, attempt: int) -> None:
        """Nothing is cancelled here."""

    def wait(self, timeout_s: float) -> Sequence[Event | Progress]:
        now = time.perf_counter()
        if self._waiting_since:
            self.turns_s.append(now - self._waiting_since)
        heard = [self._told.popleft() for _ in range(min(HEARD_AT_ONCE, len(self._told)))]
        self._waiting_since = time.perf_counter() if heard else 0.0
        return heard

    def close(self) -> None:
        """Nothing is left."""

    def _manifest(self, worker: str, work: Work) -> Manifest:
        task, now = work.task, now_us()
        prefix = attempt_prefix(task.project, FileClass.MEZZANINE, task.id, work.attempt)
        clip = StoredFile(key=f"{prefix}/clip.mov", size=1, sha256="0" * 64, file_class=FileClass.MEZZANINE)
        return Manifest(
            task=task.id,
            attempt=work.attempt,
            stage=task.stage,
            state=AttemptState.DONE,
            files={"clip": clip},
            worker=worker,
            node=self._nodes[worker],
            started_us=now,
            ended_us=now,
        )


class Watcher:
    """Sees when the job has ended, and keeps nothing."""

    is_over = False

    def added(self, job: str, task: Task, *, there: bool) -> None: ...
    def progressed(self, task: Task, fraction: float) -> None: ...
    def settled(self, task: Task, outcome: Outcome) -> None: ...
    def pulse(self) -> None: ...

    def ended(self, job: str, state: JobState) -> None:
        self.is_over = True


@dataclass(frozen=True)
class Span:
    wall_s: float
    cpu_s: float


class Stages:
    """First the tasks are named, then the nodes come and everything is worked off."""

    def __init__(self, pool: AtOnce, named: Callable[[], bool], worked: Callable[[], bool]) -> None:
        self._pool = pool
        self._ends = deque([named, worked])
        self._began = (time.perf_counter(), time.process_time())
        self.took: list[Span] = []
        self.came_at = 0.0

    def over(self) -> bool:
        if self._ends[0]():
            self._ends.popleft()
            now = (time.perf_counter(), time.process_time())
            self.took.append(Span(now[0] - self._began[0], now[1] - self._began[1]))
            self._began = now
            if self._ends:
                self.came_at = now[0]
                self._pool.nodes_come()
        return not self._ends


def measure(tasks: int, store: JobStore) -> dict[str, float]:
    """One run of the loop over so many tasks."""
    pool, scheduler = AtOnce(), Scheduler(Policy())
    watcher = Watcher()
    paper = Paper(flat=(Flat(count=tasks, lane=LANE, seconds=10.0),))
    body = {"job": "job", "project": "show", "priority": 50, "paper": paper.model_dump(mode="json")}
    store.ask(Request(id="submit", verb=Verb.SUBMIT, principal="bench", at_us=now_us(), body=body))
    with store.lead() as lease:
        driver = Driver(
            store=store,
            epoch=lease.epoch,
            farm=PaperFarm(Cluster(World(1), Trace()), store),
            scheduler=scheduler,
            pool=pool,
            observer=watcher,
            clock=now_us,
            stop=threading.Event(),
        )
        stages = Stages(pool, lambda: scheduler.unsettled >= tasks, lambda: watcher.is_over)
        driver.run(until=stages.over)
    store.close()
    named, worked = stages.took
    turns_ms = sorted(1e3 * turn_s for turn_s in pool.turns_s)
    return {
        "tasks": tasks,
        "named_s": named.wall_s,
        "idle_to_full_s": pool.run_at[min(WORKERS, tasks) - 1] - stages.came_at,
        "completions_per_s": tasks / worked.wall_s,
        "completions_per_cpu_s": tasks / worked.cpu_s,
        "tick_p50_ms": turns_ms[len(turns_ms) // 2],
        "tick_p99_ms": turns_ms[int(0.99 * len(turns_ms))],
        "cpu_us_per_task": 1e6 * (named.cpu_s + worked.cpu_s) / tasks,
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def run() -> dict[str, object]:
    """Every size in a process of its own, and the disk beside it."""
    with tempfile.TemporaryDirectory() as folder:
        fsync_ms = _fsync_ms(Path(folder))
    runs = {tasks: _apart("sqlite", tasks) for tasks in (WAITING, SMALL, LARGE)}
    growth = runs[LARGE]["cpu_us_per_task"] / runs[SMALL]["cpu_us_per_task"]
    elsewhere = [_apart("postgresql", WAITING)]
    return {"fsync_ms": fsync_ms, "sqlite": list(runs.values()), "postgresql": elsewhere, "growth": growth}


COLUMNS = {
    "tasks": "tasks",
    "completions_per_s": "done/s",
    "completions_per_cpu_s": "per CPU s",
    "idle_to_full_s": "to full, s",
    "tick_p50_ms": "tick p50, ms",
    "tick_p99_ms": "p99, ms",
    "named_s": "named, s",
    "cpu_us_per_task": "CPU us/task",
    "memory_mb": "memory, MB",
}


def table(result: dict[str, object]) -> str:
    """The result for people."""
    lines = [" " * 12 + "".join(f"{title:>14}" for title in COLUMNS.values())]
    for database in ("sqlite", "postgresql"):
        runs = result[database]
        assert isinstance(runs, list)
        lines += [f"{database:12}" + "".join(f"{_short(row[name]):>14}" for name in COLUMNS) for row in runs]
    lines.append(f"one fsync takes {result['fsync_ms']:.2f} ms")
    lines.append(f"a task costs {result['growth']:.2f} times as much among {LARGE:,} as among {SMALL:,}")
    return "\n".join(lines)


def _short(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 else f"{number:.2f}"


def _apart(database: str, tasks: int) -> dict[str, float]:
    done = subprocess.run([sys.executable, __file__, database, str(tasks)], capture_output=True, check=True, text=True)
    return json.loads(done.stdout)


def _fsync_ms(folder: Path) -> float:
    times_s: list[float] = []
    with (folder / "probe").open("wb") as file:
        for _ in range(FSYNCS):
            file.write(b"x" * 4096)
            file.flush()
            began = time.perf_counter()
            os.fsync(file.fileno())
            times_s.append(time.perf_counter() - began)
    return 1e3 * statistics.median(times_s)


def _main(database: str, tasks: int) -> dict[str, float]:
    if database == "postgresql":
        with PostgresServer(durable=True) as server:
            return measure(tasks, JobStore.connect(server.url(server.database())))
    with tempfile.TemporaryDirectory() as folder:
        return measure(tasks, JobStore.open(Path(folder)))


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_main(sys.argv[1], int(sys.argv[2]))))
