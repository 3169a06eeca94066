"""`spot`: nodes are taken away, with a notice and without one, and others come."""

from __future__ import annotations

from collections.abc import Iterator

from farm.errors import FailureKind
from farm.simulator.papers import Paper, Shots
from farm.simulator.scenario import WAN, Scenario
from farm.simulator.simulation import Simulation
from farm.simulator.trace import seconds
from farm.simulator.verdict import Claim

NOTICE_S = 30.0
TAKE_S = 20.0
STEADY = 2
SPOT = 6


def arrange(sim: Simulation) -> None:
    sim.nodes(STEADY, cpus=16, gpus=4)
    sim.nodes(sim.sized(SPOT), cpus=16, gpus=4, name="spot")
    sim.submit("job", Paper(shots=Shots(count=sim.sized(40), takes=4, lane=WAN, seconds=TAKE_S)))
    for number in range(1, sim.sized(SPOT) + 1):
        name, moment_s = f"spot-{number:02d}", 20 + 80 * sim.world.draw("leaves", number)
        if number % 2:
            sim.at(moment_s, lambda name=name: sim.cluster.drain(name, NOTICE_S))
            sim.noted[name] = moment_s
        else:
            sim.at(moment_s, lambda name=name: sim.cluster.lose(name))
        sim.at(moment_s + 60, lambda number=number: sim.cluster.arrive(f"late-{number:02d}", 16, 4))


def judge(sim: Simulation) -> Iterator[Claim]:
    yield sim.all_done()
    booked = sim.booked()
    counted = booked.total() - booked[FailureKind.RECLAIMED]
    yield Claim("counted_failures", counted, "losing nodes cost {figure} attempts", at_most=0)
    lost = sum(row.outcome == "lost" for row in sim.trace.attempts)
    yield Claim("reclaimed", lost, "{figure} attempts were lost with their node", at_least=1)
    warned = [row for row in sim.trace.attempts if row.node in sim.noted]
    late = sum(seconds(row.started_us) > sim.noted[row.node] + 0.1 for row in warned)
    yield Claim("begun_on_draining", late, "{figure} attempts began on a node that was going", at_most=0)
    cut_short = sum(
        row.outcome == "lost" and seconds(row.ended_us) >= sim.noted[row.node] + NOTICE_S - 0.1 for row in warned
    )
    yield Claim("cut_short", cut_short, "{figure} takes were cut short although they had a notice", at_most=0)


SPOT_NODES = Scenario(
    "spot", "Nodes are reclaimed, with notice and without: it costs no take an attempt.", arrange, judge
)
