"""What counting costs: series, scrapes, and the driver's time with and without a meter.

    100,000 tasks of 50 projects, 4 stages ─▶ scraped over HTTP all the while ─▶ series, bytes, ms a scrape
    20,000 of them, in turns with and without a meter, each in a process of its own ─▶ processor time, in pairs

Targets: fewer than 5,000 series, a scrape under 100 ms, under 3 % of the driver's time. `inside` is what the driver
spends in the meter by its own clock, over all that it spends: steadier than the difference of two runs on a machine
that has other things to do.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import Request as Asking
from urllib.request import urlopen

from scheduler import AtOnce

from farm.clock import now_us
from farm.config import Address
from farm.driver.loop import Driver
from farm.driver.seams import Meter, Unmetered
from farm.metrics.endpoint import Endpoint, serving
from farm.metrics.exposition import Exposition
from farm.metrics.process import Metrics
from farm.scheduler.policy import Policy, Prices
from farm.scheduler.state import Scheduler
from farm.simulator.cluster import Cluster
from farm.simulator.papers import Flat, Paper, PaperFarm
from farm.simulator.trace import Trace
from farm.simulator.world import World
from farm.store.jobs import JobStore
from farm.store.records import JobState, Request, Verb
from farm.tasks import Lane, Outcome, Task

PROJECTS = 50
LARGE, SMALL = 100_000, 20_000
PAIRS = 5
SCRAPE_EVERY_S = 2.0
WAN, CPU = Lane(name="wan", gpus=1), Lane()
CHAIN = {"generate": WAN, "upscale": WAN, "score": CPU, "deliver": CPU}
"""Lanes that do not compete for room: what the driver does is done at its quickest, and the meter's part largest."""
ACCEPTS = {"Accept": "application/openmetrics-text;version=1.0.0", "Accept-Encoding": "gzip"}


class Watcher:
    """Counts the jobs that have ended."""

    ended_jobs = 0

    def added(self, job: str, task: Task, *, there: bool) -> None: ...
    def progressed(self, task: Task, fraction: float) -> None: ...
    def settled(self, task: Task, outcome: Outcome) -> None: ...
    def pulse(self) -> None: ...

    def ended(self, job: str, state: JobState) -> None:
        self.ended_jobs += 1


class Clocked:
    """A meter, and how long it took in all."""

    def __init__(self, meter: Meter) -> None:
        self.inside_s = 0.0
        for name in ("watch", "decided", "committed", "progressed", "answered", "failed", "turned", "pulse"):
            setattr(self, name, self._clocked(getattr(meter, name)))

    def _clocked(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            began_s = time.thread_time()
            result = method(*args)
            self.inside_s += time.thread_time() - began_s
            return result

        return call


class Scrapes:
    """Asks again and again, as Prometheus would, but more often."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._over = threading.Event()
        self.took_s: list[float] = []
        self._thread = threading.Thread(target=self._ask)
        self._thread.start()

    def close(self) -> None:
        self._over.set()
        self._thread.join()

    def _ask(self) -> None:
        while not self._over.wait(SCRAPE_EVERY_S):
            began_s = time.perf_counter()
            with urlopen(Asking(f"http://{self._endpoint.address}/metrics", headers=ACCEPTS)) as answer:
                answer.read()
            self.took_s.append(time.perf_counter() - began_s)


def submit(store: JobStore, tasks: int) -> None:
    """A job for each project."""
    each = tasks // PROJECTS // len(CHAIN)
    for number in range(PROJECTS):
        flat = tuple(
            Flat(count=each, name=f"{number}-{stage}-", stage=stage, lane=lane, seconds=10.0)
            for stage, lane in CHAIN.items()
        )
        body = {
            "job": f"job-{number}",
            "project": f"project-{number}",
            "priority": 50,
            "paper": Paper(flat=flat).model_dump(mode="json"),
        }
        store.ask(Request(id=f"submit-{number}", verb=Verb.SUBMIT, principal="bench", at_us=now_us(), body=body))


def drive(store: JobStore, epoch: int, meter: Meter, halfway: Callable[[], None] = lambda: None) -> None:
    """Name everything, then let the nodes come and work it off; `halfway` is called when half of it is done."""
    pool, watcher = AtOnce(), Watcher()
    scheduler = Scheduler(Policy(prices=Prices(cpu_hour_micros=100_000, gpu_hour_micros=2_000_000)))
    expected = _tasks(store)
    came = looked = False

    def over() -> bool:
        nonlocal came, looked
        if not came and scheduler.unsettled == expected:
            came = True
            pool.nodes_come()
        if came and not looked and scheduler.unsettled < expected // 2:
            looked = True
            halfway()
        return watcher.ended_jobs == PROJECTS

    driver = Driver(
        store=store,
        epoch=epoch,
        farm=PaperFarm(Cluster(World(1), Trace()), store),
        scheduler=scheduler,
        pool=pool,
        observer=watcher,
        clock=now_us,
        stop=threading.Event(),
        meter=meter,
    )
    driver.run(until=over)


def _tasks(store: JobStore) -> int:
    """How many are asked for."""
    papers = [Paper.model_validate(request.body["paper"]) for request in store.pending()]
    return sum(flat.count for paper in papers for flat in paper.flat)


def loaded(folder: Path) -> dict[str, float]:
    """Everything at once, scraped all the while, and by itself when half is done."""
    store = JobStore.open(folder / "state")
    metrics = Metrics({"out": folder}, {f"project-{number}": 1_000_000 for number in range(PROJECTS)})
    figures: dict[str, float] = {}

    def halfway() -> None:
        exposition = Exposition(metrics.registry, young_s=0.0)
        took_s: list[float] = []
        for _ in range(10):
            began_s = time.perf_counter()
            text = exposition.text(ACCEPTS["Accept"])
            took_s.append(time.perf_counter() - began_s)
        series = sum(line[0] != "#" for line in text.plain.decode().splitlines() if line)
        figures.update(
            series=series,
            text_kb=len(text.plain) / 1024,
            packed_kb=len(text.packed) / 1024,
            scrape_ms=1e3 * statistics.median(took_s),
            scrape_first_ms=1e3 * took_s[0],
        )

    submit(store, LARGE)
    with (
        store.lead() as lease,
        metrics.leading(store, lease.epoch) as meter,
        serving(Address("127.0.0.1", 0), metrics) as endpoint,
    ):
        assert endpoint is not None
        scrapes = Scrapes(endpoint)
        drive(store, lease.epoch, meter, halfway)
        scrapes.close()
    store.close()
    busy_ms = sorted(1e3 * took_s for took_s in scrapes.took_s)
    return {
        **figures,
        "scrapes_at_work": len(busy_ms),
        "scrape_at_work_p50_ms": busy_ms[len(busy_ms) // 2],
        "scrape_at_work_max_ms": busy_ms[-1],
    }


def metered(folder: Path, *, with_meter: bool) -> dict[str, float]:
    """The processor time of one run, and of what part the meter had."""
    store = JobStore.open(folder / "state")
    metrics = Metrics({}, {})
    submit(store, SMALL)
    with store.lead() as lease, metrics.leading(store, lease.epoch) as meter:
        began_s = time.process_time()
        drive(store, lease.epoch, meter if with_meter else Unmetered())
        cpu_s = time.process_time() - began_s
    store.close()
    return {"cpu_s": cpu_s}


def inside(folder: Path) -> dict[str, float]:
    """What part of one run was spent in the meter; the clock's own time is what a meter takes that does nothing."""
    spent_s: dict[bool, float] = {}
    for with_meter in (False, True):
        store = JobStore.open(folder / f"state-{with_meter}")
        metrics = Metrics({}, {})
        submit(store, SMALL)
        with store.lead() as lease, metrics.leading(store, lease.epoch) as meter:
            clocked = Clocked(meter if with_meter else Unmetered())
            began_s = time.process_time()
            drive(store, lease.epoch, clocked)  # type: ignore[arg-type]
            cpu_s = time.process_time() - began_s
        spent_s[with_meter] = clocked.inside_s
        store.close()
    inside_s = spent_s[True] - spent_s[False]
    return {"inside_percent": 100 * inside_s / cpu_s, "inside_us_per_task": 1e6 * inside_s / SMALL}


def run() -> dict[str, float]:
    """Every part in processes of their own."""
    figures = _apart("loaded")
    pairs = [(_apart("without")["cpu_s"], _apart("with")["cpu_s"]) for _ in range(PAIRS)]
    return {
        **{name: round(value, 1) for name, value in figures.items()},
        "overhead_percent": round(100 * statistics.median(with_s / without_s - 1 for without_s, with_s in pairs), 2),
        "driver_us_per_task": round(1e6 * statistics.median(without_s for without_s, _ in pairs) / SMALL, 1),
        **{name: round(value, 4) for name, value in _apart("inside").items()},
    }


def table(figures: dict[str, float]) -> str:
    return "\n".join(f"{name:<24}{value:>12,}" for name, value in figures.items())


def _apart(what: str) -> dict[str, float]:
    done = subprocess.run([sys.executable, __file__, what], capture_output=True, check=True, text=True)
    return json.loads(done.stdout)


def _main(what: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        match what:
            case "loaded":
                return loaded(Path(folder))
            case "inside":
                return inside(Path(folder))
            case _:
                return metered(Path(folder), with_meter=what == "with")


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_main(sys.argv[1])))
