"""`gang`: a worker of eight ranks is wanted on a farm that small takes keep full."""

from __future__ import annotations

from collections.abc import Iterator

from farm.simulator.papers import Flat, Paper
from farm.simulator.scenario import WAN, Scenario
from farm.simulator.simulation import Simulation
from farm.simulator.trace import first_start_s, last_end_s, last_start_s, longest_gap_s, overlap_s, seconds
from farm.simulator.verdict import Claim
from farm.tasks import Lane

GANG = Lane(name="wan-14b", gpus=1, ranks=8)
TAKE_S = 15.0
SPREAD = 0.3
LONGEST_S = TAKE_S * (1 + SPREAD)
GANG_TAKE_S = 60.0
GANG_TAKES = 4
BEGIN_S = 60.0
LOAD_S = 8.0
GPUS_PER_NODE = 8


def arrange(sim: Simulation) -> None:
    nodes = sim.sized(5)
    sim.nodes(nodes, cpus=32, gpus=GPUS_PER_NODE)
    sim.cluster.gpu_load_s = LOAD_S
    takes = round(GPUS_PER_NODE * nodes * 300 / TAKE_S)
    sim.submit("small", Paper(flat=(Flat(count=takes, lane=WAN, seconds=TAKE_S, spread=SPREAD),)), project="small")
    large = Flat(count=GANG_TAKES, lane=GANG, seconds=GANG_TAKE_S, spread=0.1)
    sim.submit("large", Paper(flat=(large,)), project="large", at_s=BEGIN_S)


def judge(sim: Simulation) -> Iterator[Claim]:
    yield sim.all_done()
    gangs = [row for row in sim.trace.attempts if row.lane == GANG.name]
    small = [row for row in sim.trace.attempts if row.lane == WAN.name]
    first_s = first_start_s(gangs) - BEGIN_S
    # a node is emptied by waiting for the longest take on it; then the gang loads
    bound_s = LONGEST_S + LOAD_S * (1 + sim.cluster.load_spread) + 2
    yield Claim(
        "gang_after_s", first_s, "the gang's first take began {figure} s after it was asked for", at_most=bound_s
    )
    last_s = last_end_s(gangs) - BEGIN_S
    in_a_row_s = bound_s + GANG_TAKES * (GANG_TAKE_S * 1.1 + 1)
    yield Claim("gang_over_after_s", last_s, f"its {GANG_TAKES} takes were over after {{figure}} s", at_most=in_a_row_s)
    ends = sorted(seconds(row.ended_us) for row in small)
    gap_s = longest_gap_s(ends)
    yield Claim("small_gap_s", gap_s, "small takes never paused for more than {figure} s", at_most=TAKE_S)
    until_s = min(BEGIN_S + last_s, last_start_s(row for row in small))
    place = {row.node for row in gangs}
    others = GPUS_PER_NODE * (len(sim.cluster.nodes) - len(place))
    busy_s = [
        overlap_s(row.started_us, row.ended_us, BEGIN_S, until_s) * row.gpus for row in small if row.node not in place
    ]
    busy = sum(busy_s) / others / (until_s - BEGIN_S)
    yield Claim("small_busy", busy, "meanwhile small takes kept {figure} of the other nodes busy", at_least=0.9)


GANG_STARTS = Scenario(
    "gang", "A gang of eight GPUs is wanted where small takes keep every GPU busy; neither starves.", arrange, judge
)
