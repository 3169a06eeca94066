"""`fill`: an idle farm, and a job larger than it."""

from __future__ import annotations

from collections.abc import Iterator

from farm.simulator.papers import Flat, Paper
from farm.simulator.scenario import WAN, Scenario
from farm.simulator.simulation import Simulation
from farm.simulator.trace import NEVER, last_end_s, last_start_s, seconds
from farm.simulator.verdict import Claim

GPUS_PER_NODE = 8
TAKES_PER_GPU = 6
TAKE_S = 30.0
LOAD_S = 10.0
SPREAD = 0.2


def arrange(sim: Simulation) -> None:
    nodes = sim.sized(8)
    sim.nodes(nodes, cpus=64, gpus=GPUS_PER_NODE)
    sim.cluster.gpu_load_s = LOAD_S
    takes = TAKES_PER_GPU * GPUS_PER_NODE * nodes
    sim.submit("job", Paper(flat=(Flat(count=takes, lane=WAN, seconds=TAKE_S, spread=SPREAD),)))


def judge(sim: Simulation) -> Iterator[Claim]:
    gpus = GPUS_PER_NODE * len(sim.cluster.nodes)
    starts = sorted(seconds(row.started_us) for row in sim.trace.attempts)
    full_s = starts[gpus - 1] if len(starts) >= gpus else NEVER
    yield sim.all_done()
    slowest_load_s = LOAD_S * (1 + sim.cluster.load_spread)
    yield Claim(
        "full_after_s", full_s, f"all {gpus} GPUs worked {{figure}} s after the job came", at_most=slowest_load_s + 2
    )
    last_s = last_start_s(sim.trace.attempts)
    busy = sim.trace.busy_gpu_s(full_s, last_s) / (gpus * (last_s - full_s))
    yield Claim("busy_share", busy, "GPUs were busy {figure} of the time while takes waited", at_least=0.97)
    most_s = TAKE_S * (1 + SPREAD) + 2
    yield Claim(
        "tail_s",
        last_end_s(sim.trace.attempts) - last_s,
        "the last take ended {figure} s after it began",
        at_most=most_s,
    )
    yield Claim("loads", sim.trace.loads(), f"models were loaded {{figure}} times for {gpus} GPUs", at_most=gpus)


FILL = Scenario("fill", "A job with more takes than the idle farm has GPUs: it fills, and stays full.", arrange, judge)
