"""Times left, told while a farm of paper works, beside what it then took: the real driver, scheduler and store."""

from __future__ import annotations

from statistics import median

import pytest

from farm.overview.reader import Seen, overview, typical
from farm.scheduler.policy import Policy
from farm.simulator.papers import Paper, Shots
from farm.simulator.scenario import WAN
from farm.simulator.simulation import Simulation
from farm.store.jobs import JobStore
from farm.tasks import Lane

LOOK_S = 12.0
MEMORY = 5
"""Looks in a minute."""


def told(store: JobStore, sim: Simulation, until_s: float) -> list[tuple[float, float, float | None]]:
    """Run it; gives the moment, the share done and the time left, of every look at its one job while it ran."""
    looks, ran = [], []

    def look() -> None:
        now = sim.world.now_us
        seen = Seen(now, store.last_pulse(), store.job_lines(), store.pending(), store.durations(6_000))
        ran.append(seen.running)
        (line,) = overview("paper", seen, typical(ran[-MEMORY:]), now).jobs
        if line.job.state == "active":
            looks.append((sim.world.elapsed_s, line.share, line.eta and line.eta.seconds))

    for number in range(1, int(until_s / LOOK_S)):
        sim.at(number * LOOK_S, look)
    assert sim.run() == ()
    return looks


@pytest.mark.parametrize(
    ("lane", "gpus", "cpus", "seconds"), [(WAN, 8, 16, 40.0), (Lane(name="cpu"), 0, 8, 15.0)], ids=["gpus", "cpus"]
)
def test_the_time_told_is_about_what_it_takes(tmp_path, lane, gpus, cpus, seconds):
    store = JobStore.open(tmp_path)
    sim = Simulation(store, Policy(), seed=1, scale=1, limit_s=20_000)
    sim.nodes(1, cpus=cpus, gpus=gpus)
    sim.submit("film", Paper(shots=Shots(count=30, takes=2, lane=lane, seconds=seconds)))
    looks = told(store, sim, until_s=500)
    store.close()
    end_s = sim.register.ended_s["film"]
    shares = [share for _, share, _ in looks]
    assert shares == sorted(shares)
    middle = [(at, left) for at, share, left in looks if 0.1 < share < 0.9]
    ratios = [left / (end_s - at) for at, left in middle if left is not None]
    assert len(ratios) > 0.8 * len(middle)
    assert 0.8 < median(ratios) < 1.25
    assert all(0.5 < ratio < 2 for ratio in ratios)
