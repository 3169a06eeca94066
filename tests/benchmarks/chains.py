"""Items through three stages with two workers each: as a farm's job, as a bare loop over actors, and as Ray Data.

    item ─▶ one ─▶ two ─▶ three            every step leaves its manifest in the clip store (nothing else is written)

The farm runs as it is: the driver's loop, the scheduler, the pool on Ray, SQLite that waits for the disk at every
commit. Each stage is a lane in a pool of its own, for the scheduler would else give the first stage all six workers.
Farm and bare loop take turns within one Ray, whose workers stay up: while one works the other's are idle.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil
import ray
from chain_stage import StepParams

from farm.changes import Notice
from farm.clock import now_us
from farm.cluster.local import local_ray
from farm.cluster.pool import RayPool
from farm.cluster.setup import WorkerSetup
from farm.driver.loop import Driver
from farm.driver.seams import Found, Progress
from farm.errors import InputError
from farm.resume import Past
from farm.scheduler.events import Event, NodeUp, WorkerReady
from farm.scheduler.policy import Policy
from farm.scheduler.state import Scheduler
from farm.shelf import Shelf
from farm.store.clips import ClipStore
from farm.store.jobs import JobStore
from farm.store.records import Job, JobState, Request, Verb
from farm.tasks import ALL, AttemptState, Input, Lane, Manifest, Outcome, Task, TaskId, manifest_key

STAGES = ("one", "two", "three")
WORKERS = 2
"""Of each stage."""
PROJECT = "bench"
HERE = Path(__file__).parent
NAMES = count(1)


@dataclass(frozen=True, slots=True)
class Cost:
    """What a round took."""

    wall_s: float
    cpu_s: float
    """Of this process, and of all that belongs to it: Ray and the workers."""
    driver_cpu_s: float
    """Of this process alone."""


class Meter:
    """Clocks of this process and its children."""

    def __init__(self) -> None:
        self._start = self._read()

    def stop(self) -> Cost:
        return Cost(*(round(now - then, 4) for now, then in zip(self._read(), self._start, strict=True)))

    def _read(self) -> tuple[float, float, float]:
        own = time.process_time()
        others = sum(_cpu_s(child) for child in psutil.Process().children(recursive=True))
        return time.perf_counter(), own + others, own


def _cpu_s(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return times.user + times.system


# -- as a job ---------------------------------------------------------------------------------------------------


def steps(name: str, items: int, seconds: float) -> Iterator[Task]:
    """Every task of a round, each after its input."""
    for item in range(items):
        last: Task | None = None
        for stage in STAGES:
            last = Task.of(
                project=PROJECT,
                stage=stage,
                version=1,
                params=StepParams(round=name, item=item, seconds=seconds).content(),
                inputs={"before": Input(task=last.id, output=ALL)} if last else {},
                lane=Lane(name=stage, pool=stage),
                shape=stage,
                shot=f"item{item:03}",
            )
            yield last


@dataclass
class ChainPlan:
    """`farm.driver.seams.JobPlan` of one round: everything can be named at once."""

    past: Past
    tasks: Sequence[Task]
    outcomes: dict[TaskId, Outcome] = field(default_factory=dict[TaskId, Outcome])
    places: dict[TaskId, int] = field(default_factory=dict[TaskId, int])

    def begin(self) -> Iterable[Task]:
        self.past.load()
        self.places |= {task.id: place for place, task in enumerate(self.tasks)}
        self.outcomes |= self.past.read(self.tasks, ())
        return self.tasks

    def found(self, tasks: Sequence[Task]) -> Found:
        return self.past.found(tasks)

    def known(self, task: TaskId) -> Outcome | None:
        return self.outcomes.get(task)

    def order(self, task: Task) -> tuple[int, ...]:
        return (self.places[task.id],)

    def settle(self, task: Task, outcome: Outcome) -> Iterable[Task]:
        self.outcomes[task.id] = outcome
        return ()

    def choose(self, choices: Mapping[str, int]) -> Iterable[Task]:
        raise InputError(f"nothing is to be chosen: {dict(choices)}")

    def check_choice(self, shot: str, take: int) -> str:
        return f"nothing is to be chosen, neither {shot} nor {take}"

    def open_choices(self) -> Mapping[str, Sequence[int]]:
        return {}

    def retry(self, shots: Collection[str]) -> Iterable[Task]:
        raise InputError(f"nothing is tried again: {sorted(shots)}")

    def inputs(self, task: Task) -> Mapping[str, str]:
        del task  # the steps leave no files
        return {}

    def end(self) -> JobState | None:
        return JobState.DONE if all(outcome.done for outcome in self.outcomes.values()) else JobState.FAILED

    def remark(self) -> str:
        return ""

    def report(self) -> str:
        return ""

    def news(self, shots: Collection[str] | None = None) -> Iterable[Notice]:
        return ()


@dataclass
class ChainFarm:
    """`farm.driver.seams.Farm` of rounds, and the observer who takes their times."""

    store: JobStore
    clips: ClipStore
    shelf: Shelf
    costs: dict[str, Cost] = field(default_factory=dict[str, Cost])
    """Of the rounds that have ended, from the moment when their job is opened until it is done."""
    _meters: dict[str, Meter] = field(default_factory=dict[str, Meter])

    def accept(self, request: Request) -> Job:
        return Job(
            id=request.id, project=PROJECT, name=request.id, out="", document=request.body, created_us=request.at_us
        )

    def open(self, job: Job, runs: Callable[[TaskId], bool]) -> ChainPlan:
        self._meters[job.id] = Meter()
        items, seconds = job.document["items"], job.document["seconds"]
        assert isinstance(items, int)
        assert isinstance(seconds, float)
        past = Past(job.id, self.store, self.shelf, runs=runs, now_us=now_us)
        return ChainPlan(past, list(steps(job.id, items, seconds)))

    def follow(self) -> None:
        """No catalog is kept."""

    def added(self, job: str, task: Task, *, there: bool) -> None: ...
    def progressed(self, task: Task, fraction: float) -> None: ...
    def settled(self, task: Task, outcome: Outcome) -> None: ...
    def pulse(self) -> None: ...
    def ended(self, job: str, state: JobState) -> None:
        assert state is JobState.DONE, state
        self.costs[job] = self._meters.pop(job).stop()


class Rooms:
    """Ray's one node told of as one node for each stage (`farm.cluster.pool.Nodes`)."""

    def __init__(self) -> None:
        self._news: list[Event] = [NodeUp(stage, WORKERS, pools=frozenset({stage})) for stage in STAGES]

    def changes(self) -> Sequence[Event]:
        news, self._news = self._news, []
        return news


class RoomPool(RayPool):
    """The pool, with rooms for nodes. Ray, which knows nothing of them, puts every worker where it is itself."""

    def start(self, worker: str, lane: Lane, node: str | None) -> None:
        super().start(worker, Lane(name=lane.name), None)

    def wait(self, timeout_s: float) -> list[Event | Progress]:
        told = super().wait(timeout_s)
        return [WorkerReady(each.worker, "") if isinstance(each, WorkerReady) else each for each in told]


def run_farm(folder: Path, items: int, seconds: float, rounds: int, between: Callable[[], None]) -> list[Cost]:
    """Rounds of a farm whose workers are up, with `between` before each of them."""
    clips = ClipStore(folder / "farm")
    store = JobStore.open(folder / "state")
    setup = WorkerSetup(
        url=str(folder / "farm"),
        scratch=str(folder / "scratch"),
        stages=dict.fromkeys(STAGES, "chain_stage:STEP"),
    )
    farm = ChainFarm(store, clips, Shelf(clips, PROJECT))
    pool = RoomPool(setup, "bench", 1, Rooms())
    asked: list[str] = []

    def over() -> bool:
        """Called at every turn of the loop: asks for the next round when one has ended."""
        if asked and asked[-1] not in farm.costs:
            return False
        if len(asked) > rounds:
            return True
        first = not asked  # brings the workers up
        if not first:
            between()
        asked.append(f"round-{next(NAMES)}")
        body = {"items": WORKERS if first else items, "seconds": 0.5 if first else seconds}
        store.ask(Request(id=asked[-1], verb=Verb.SUBMIT, principal="bench", body=body, at_us=now_us()))
        return False

    try:
        with store.lead() as lease:
            Driver(
                store=store,
                epoch=lease.epoch,
                farm=farm,
                scheduler=Scheduler(Policy()),
                pool=pool,
                observer=farm,
                clock=now_us,
                stop=threading.Event(),
            ).run(until=over)
    finally:
        pool.close()
        store.close()
    return [farm.costs[name] for name in asked[1:]]


# -- as a loop --------------------------------------------------------------------------------------------------


class Step:
    """A bare actor: sleeps, writes a manifest if asked to, and gives the item back."""

    def __init__(self, url: str, stage: str, seconds: float) -> None:
        self._clips = ClipStore(url)
        self._stage = stage
        self._seconds = seconds

    def run(self, name: str, item: int, *, write: bool = True) -> int:
        if self._seconds:
            time.sleep(self._seconds)
        if write:
            manifest = _manifest(self._stage, f"{name} {item}")
            self._clips.put_bytes(manifest_key(PROJECT, manifest.task, 1), _document(manifest))
        return item


class BareLoop:
    """What one would write by hand: two actors for a stage, one item with each, and `ray.wait`."""

    def __init__(self, url: str, seconds: float) -> None:
        actor: Any = ray.remote(num_cpus=1)(Step)
        self._actors: list[list[Any]] = [
            [actor.remote(url, stage, seconds) for _ in range(WORKERS)] for stage in STAGES
        ]
        self.run(WORKERS)  # until all are up

    def run(self, items: int, *, write: bool = True) -> Cost:
        meter, name = Meter(), f"bare-{next(NAMES)}"
        idle = [list(actors) for actors in self._actors]
        queues = [deque(range(items)), *(deque[int]() for _ in STAGES)]
        running: dict[Any, tuple[int, Any]] = {}
        while len(queues[-1]) < items:
            for stage, actors in enumerate(idle):
                while actors and queues[stage]:
                    actor = actors.pop()
                    running[actor.run.remote(name, queues[stage].popleft(), write=write)] = (stage, actor)
            for done in ray.wait(list(running))[0]:
                stage, actor = running.pop(done)
                idle[stage].append(actor)
                queues[stage + 1].append(ray.get(done))
        return meter.stop()

    def close(self) -> None:
        for actors in self._actors:
            for actor in actors:
                ray.kill(actor)


def _manifest(stage: str, name: str) -> Manifest:
    """As large as a worker's."""
    task = Task.of(project=PROJECT, stage=stage, version=1, params={"name": name})
    return Manifest(
        task=task.id,
        attempt=1,
        stage=stage,
        state=AttemptState.DONE,
        facts={"item": 1},
        versions={"farm": "0.1.0", "python": "3.11.0"},
        worker=f"{stage}-1",
        node="0" * 56,
        started_us=1,
        ended_us=now_us(),
        cpu_us=1,
    )


def _document(manifest: Manifest) -> bytes:
    return manifest.model_dump_json(exclude_defaults=True).encode()


# -- as Ray Data ------------------------------------------------------------------------------------------------


class Batch:
    """The same for Ray Data: a callable of batches with one item."""

    def __init__(self, url: str, stage: str, seconds: float, name: str) -> None:
        self._step = Step(url, stage, seconds)
        self._name = f"{name} {stage}"

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        for item in batch["id"]:
            self._step.run(self._name, int(item))
        return batch


def run_ray_data(items: int, seconds: float, *, blocks: int | None) -> Cost | None:
    """A pipeline of actor pools in a Ray of its own; theirs, not Ray's start counts. None without pandas, its need."""
    try:
        import ray.data
    except ImportError:
        return None
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    with bench_ray(sets=1) as folder:
        meter, name = Meter(), f"data-{next(NAMES)}"
        flow = ray.data.range(items, override_num_blocks=blocks)
        for stage in STAGES:
            flow = flow.map_batches(
                Batch,
                fn_constructor_args=(str(folder), stage, seconds, name),
                batch_size=1,
                num_cpus=1,
                compute=ray.data.ActorPoolStrategy(size=WORKERS),
            )
        assert flow.materialize().count() == items
        return meter.stop()


# -- where ------------------------------------------------------------------------------------------------------


@contextmanager
def bench_ray(sets: int = 2) -> Iterator[Path]:
    """A Ray of this process alone, with room for so many sets of workers; gives a folder on disk."""
    paths = [str(HERE), str(HERE.parent.parent), os.environ.get("PYTHONPATH", "")]
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    with TemporaryDirectory(prefix="farm-bench-") as folder, local_ray(sets * WORKERS * len(STAGES) + 1):
        yield Path(folder)
