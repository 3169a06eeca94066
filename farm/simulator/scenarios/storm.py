"""`storm`: every worker finishes in the same instant, again and again."""

from __future__ import annotations

from collections.abc import Iterator

from farm.simulator.papers import Flat, Paper
from farm.simulator.scenario import Scenario
from farm.simulator.simulation import Simulation
from farm.simulator.trace import NEVER, last_end_s, seconds
from farm.simulator.verdict import Claim

TAKE_S = 10.0
LOAD_S = 4.0
WAVES = 3
CPUS = 64


def arrange(sim: Simulation) -> None:
    nodes = sim.sized(16)
    sim.nodes(nodes, cpus=CPUS)
    sim.cluster.cpu_load_s, sim.cluster.load_spread = LOAD_S, 0.0
    sim.submit("job", Paper(flat=(Flat(count=WAVES * CPUS * nodes, stage="score", seconds=TAKE_S, spread=0.0),)))


def judge(sim: Simulation) -> Iterator[Claim]:
    workers = CPUS * len(sim.cluster.nodes)
    yield sim.all_done()
    ends = sorted(seconds(row.ended_us) for row in sim.trace.attempts)
    wave_s = [wave[-1] - wave[0] for wave in (ends[at : at + workers] for at in range(0, len(ends), workers))]
    yield Claim("wave_s", max(wave_s, default=NEVER), f"{workers} ends came within {{figure}} s", at_most=0.5)
    ideal_s = LOAD_S + WAVES * TAKE_S
    yield Claim(
        "over_ideal_s",
        last_end_s(sim.trace.attempts) - ideal_s,
        f"it took {{figure}} s more than {ideal_s:g}",
        at_most=3,
    )


STORM = Scenario("storm", "A thousand workers finish in the same instant, three times in a row.", arrange, judge)
