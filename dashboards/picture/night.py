"""python -m dashboards.picture.night FOLDER: a night of a studio on a farm of paper, as pictures of every dashboard.

    story ─▶ driver, scheduler, job store, metrics: the real ones ⇄ machines of paper, in virtual time
                                    └─ every half minute what Prometheus would be told ─▶ promtool ─▶ Prometheus ─▶ PNG

64 GPUs in two pools, three projects, a bad node, spot nodes that go, a provider that says later, a driver that dies.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from functools import partial
from pathlib import Path

from pydantic import JsonValue

from dashboards import DASHBOARDS
from dashboards.picture.__main__ import draw
from dashboards.picture.answers import Asked
from dashboards.picture.paper import NightFarm, NightPool
from dashboards.picture.telling import Telling, serving
from farm.driver.loop import Driver
from farm.errors import FailureKind
from farm.scheduler.policy import Limits, Policy, Prices, ProjectPolicy, micros
from farm.scheduler.state import Scheduler
from farm.simulator.audit import Witness
from farm.simulator.cluster import Cluster
from farm.simulator.faults import Faults
from farm.simulator.papers import Flat, Paper, Shots
from farm.simulator.pool import DriverKilled
from farm.simulator.simulation import Register
from farm.simulator.trace import Trace
from farm.simulator.world import BEGIN_US, World
from farm.store.jobs import JobStore
from farm.store.records import Request, Verb
from farm.tasks import Lane

HOUR_S = 3600.0
END_S = 5 * HOUR_S
SCRAPE_S = 30
WAN = Lane(name="wan-22", gpus=1, pool="large")
GANG = Lane(name="wan-22-tp4", gpus=1, ranks=4, pool="large")
LTX = Lane(name="ltx-2", gpus=1, pool="spot")
BUDGETS = {"lake": Fraction(700), "storm": Fraction(165)}
POLICY = Policy(
    projects={
        "lake": ProjectPolicy(2.0, 0.05, Limits(cost_micros=micros(BUDGETS["lake"]))),
        "storm": ProjectPolicy(1.0, 0.05, Limits(cost_micros=micros(BUDGETS["storm"]))),
        "ads": ProjectPolicy(1.0, 0.05, Limits()),
    },
    prices=Prices(micros(Fraction("0.04")), micros(Fraction("2.5"))),
    idle_stop_s=300.0,
)


class Night:
    """The farm, and what happens to it."""

    def __init__(self, store: JobStore, telling: Telling) -> None:
        self.store, self.telling = store, telling
        self.world = World(seed=7)
        self.cluster = Cluster(self.world, Trace())
        self.witness = Witness(POLICY)
        self.register = Register(lambda: self.world.elapsed_s)
        self.pool: NightPool
        self._next_s = 0.0

    def run(self) -> None:
        while not self._lead():
            back_us = self.world.now_us + 40_000_000
            while self.world.step(back_us):
                pass

    def _lead(self) -> bool:
        """Until morning; False when the driver dies before."""
        with self.store.lead() as lease, self.telling.metrics.leading(self.store, lease.epoch) as meter:
            self.pool = NightPool(self.cluster, self.witness, lease.epoch)
            self.pool.each_turn = self._look
            driver = Driver(
                store=self.store,
                epoch=lease.epoch,
                farm=NightFarm(self.cluster, self.store),
                scheduler=Scheduler(POLICY),
                pool=self.pool,
                observer=self.register,
                clock=self.world.clock,
                stop=threading.Event(),
                leader="night",
                meter=meter,
            )
            try:
                driver.run(until=lambda: self.world.elapsed_s >= END_S)
            except DriverKilled:
                self.pool.abandon()
                return False
        return True

    def _look(self) -> None:
        if self.world.elapsed_s >= self._next_s:
            self._next_s = self.world.elapsed_s + SCRAPE_S
            self.telling.scrape(self.world.now_us // 1000, self.store)

    # -- the story ------------------------------------------------------------------------------------------------

    def arrange(self) -> None:
        self.cluster.gpu_load_s, self.cluster.load_spread = 95.0, 0.5
        self.cluster.faults = Faults(
            crash_rate=0.004,
            transient_rate=0.01,
            bad_nodes=frozenset({"gpu-05"}),
            bad_kind=FailureKind.BUG,
            quota={"hosted": 6},
        )
        for number in range(1, 7):
            self.cluster.arrive(f"gpu-{number:02d}", 32, 8, frozenset({"large"}))
        for number in range(1, 5):
            self._spot(number)
        self.world.at(3.1 * HOUR_S, lambda: self.cluster.drain("spot-02", 60.0))
        self.world.at(3.3 * HOUR_S, lambda: self.cluster.lose("spot-03"))
        self.world.at(3.9 * HOUR_S, lambda: self._spot(5))
        self.world.at(3.0 * HOUR_S, lambda: self.pool.kill_driver(0))
        self._submit("sq010-day", "lake", 150, 4, WAN, 270.0, at_h=0.05)
        self._submit("spots-30s", "ads", 130, 3, LTX, 95.0, at_h=0.3)
        self._submit("tempest", "storm", 240, 4, WAN, 250.0, at_h=0.7)
        self._submit("sq020-night", "lake", 330, 4, WAN, 280.0, at_h=1.4, budget=520)
        self._submit("harbour-4k", "lake", 24, 2, GANG, 420.0, at_h=2.0, priority=80)
        self._submit("spots-15s", "ads", 420, 4, LTX, 75.0, at_h=2.4)
        self._submit("retakes", "ads", 8, 3, Lane(name="hosted"), 120.0, at_h=2.6)
        self._submit("storm-pickups", "storm", 40, 3, WAN, 240.0, at_h=3.6)
        poisoned = Flat(count=40, name="fx", lane=WAN, seconds=200.0, poison=frozenset({3, 8, 21}))
        self._hand_in("fx-tests", "ads", Paper(flat=(poisoned,)), at_h=1.8, priority=70)

    def _spot(self, number: int) -> None:
        self.cluster.arrive(f"spot-{number:02d}", 16, 4, frozenset({"spot"}))

    def _submit(
        self,
        job: str,
        project: str,
        shots: int,
        takes: int,
        lane: Lane,
        seconds: float,
        *,
        at_h: float,
        priority: int = 50,
        budget: int | None = None,
    ) -> None:
        paper = Paper(shots=Shots(count=shots, takes=takes, lane=lane, seconds=seconds, name=job[:2]))
        self._hand_in(job, project, paper, at_h=at_h, priority=priority, budget=budget)

    def _hand_in(
        self, job: str, project: str, paper: Paper, *, at_h: float, priority: int, budget: int | None = None
    ) -> None:
        body: dict[str, JsonValue] = {
            "job": job,
            "project": project,
            "priority": priority,
            "budget_micros": None if budget is None else micros(Fraction(budget)),
            "paper": paper.model_dump(mode="json"),
        }
        ask = partial(Request, id=job, verb=Verb.SUBMIT, principal="ann", job="", body=body)
        self.world.at(at_h * HOUR_S, lambda: self._ask(ask(at_us=self.world.now_us)))

    def _ask(self, request: Request) -> None:
        self.store.ask(request)


@contextmanager
def night() -> Iterator[str]:
    """The address of a Prometheus that remembers the night."""
    with tempfile.TemporaryDirectory(prefix="farm-night-") as folder:
        text = Path(folder) / "night.om"
        store = JobStore.open(Path(folder) / "books")
        try:
            with Telling.into(text, BUDGETS) as telling:
                tale = Night(store, telling)
                tale.arrange()
                tale.run()
        finally:
            store.close()
        blocks = Path(folder) / "blocks"
        command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", str(text), str(blocks)]
        subprocess.run(command, check=True, capture_output=True)
        with serving(blocks) as address:
            yield address


def main(folder: Path) -> None:
    start_s = BEGIN_US / 1e6
    with night() as address:
        for dashboard in DASHBOARDS:
            variables = {variable.name: variable.every for variable in dashboard.variables}
            chosen = {"project": "lake", "job": "sq020-night"} if dashboard.uid == "farm-job" else {}
            asked = Asked(address, start_s, start_s + END_S - SCRAPE_S, SCRAPE_S, {**variables, **chosen})
            path = folder / f"dashboard-{dashboard.uid.removeprefix('farm-')}.png"
            draw(dashboard, asked, path)
            sys.stdout.write(f"drew {path}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
