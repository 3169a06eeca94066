"""`floor`: endless urgent work of one project, and a little background work of another."""

from __future__ import annotations

from collections.abc import Iterator

from farm.simulator.papers import Flat, Paper
from farm.simulator.scenario import WAN, Scenario
from farm.simulator.simulation import Simulation
from farm.simulator.trace import NEVER, last_start_s
from farm.simulator.verdict import Claim

FLOOR = 0.03
"""As `ProjectPolicy.floor` has it where nothing else is said."""
TAKE_S = 10.0
SPREAD = 0.2
LONGEST_S = TAKE_S * (1 + SPREAD)
BEGIN_S = 40.0
END_S = 400.0
GPUS_PER_NODE = 8


def arrange(sim: Simulation) -> None:
    nodes = sim.sized(5)
    sim.nodes(nodes, cpus=32, gpus=GPUS_PER_NODE)
    takes = round(GPUS_PER_NODE * nodes * END_S / TAKE_S)
    urgent = Flat(count=takes, lane=WAN, seconds=TAKE_S, spread=SPREAD)
    sim.submit("urgent", Paper(flat=(urgent,)), project="loud", priority=90)
    quiet = Flat(count=takes // 10, lane=WAN, seconds=TAKE_S, spread=SPREAD)
    sim.submit("background", Paper(flat=(quiet,)), project="quiet", priority=10, at_s=BEGIN_S)


def judge(sim: Simulation) -> Iterator[Claim]:
    yield sim.all_done()
    gpus = GPUS_PER_NODE * len(sim.cluster.nodes)
    loud_s = last_start_s(row for row in sim.trace.attempts if row.project == "loud")
    from_s = BEGIN_S + 2 * LONGEST_S
    had = sim.trace.busy_gpu_s(from_s, loud_s, "quiet") / (gpus * (loud_s - from_s))
    one_take = LONGEST_S / (gpus * (loud_s - from_s))  # work comes in whole takes
    yield Claim(
        "share", had, "the quiet project had {figure} of the farm", at_least=FLOOR - one_take, at_most=2 * FLOOR
    )
    width_s = 3 * LONGEST_S
    lacking = [
        FLOOR * gpus * width_s - sim.trace.busy_gpu_s(*window, "quiet")
        for window in sim.trace.windows(from_s, loud_s, width_s)
    ]
    yield Claim(
        "lacking_gpu_s",
        max(lacking, default=NEVER),
        f"in the worst {width_s:.0f} s it lacked {{figure}} GPU seconds to its floor, where a take is {LONGEST_S:g}",
        at_most=LONGEST_S,
    )


FLOOR_HOLDS = Scenario(
    "floor", "A project with endless urgent work beside one with background work, which keeps 3 %.", arrange, judge
)
