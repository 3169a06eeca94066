"""`badnode`: one node fails whatever succeeds elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

from farm.errors import FailureKind
from farm.simulator.faults import Faults
from farm.simulator.papers import Flat, Paper
from farm.simulator.scenario import WAN, Scenario
from farm.simulator.simulation import Simulation
from farm.simulator.verdict import Claim

BAD = "node-02"
GPUS_PER_NODE = 8
TAKE_S = 15.0


def arrange(sim: Simulation) -> None:
    sim.nodes(max(3, sim.sized(4)), cpus=16, gpus=GPUS_PER_NODE)
    kind = FailureKind.BUG if sim.world.seed % 2 else FailureKind.CRASHED
    sim.cluster.faults = Faults(bad_nodes=frozenset({BAD}), bad_kind=kind)
    takes = Flat(count=sim.sized(240), lane=WAN, seconds=TAKE_S)
    sim.submit("job", Paper(flat=(takes,)))


def judge(sim: Simulation) -> Iterator[Claim]:
    yield sim.all_done()
    there = [row for row in sim.trace.attempts if row.node == BAD]
    # what runs there when the first few have failed fails too; after that the node is out
    yield Claim("failed_there", len(there), f"{BAD} failed {{figure}} attempts", at_least=1, at_most=2 * GPUS_PER_NODE)
    blocked = sim.noted.get("blocked", 0)
    for lane in sim.scheduler.lanes():
        if lane.name == WAN.name:
            blocked = int(BAD in lane.blocked)
    yield Claim("blocked", blocked, f"{BAD} is on the list of {WAN.name}: {{figure}}", at_least=1)
    elsewhere = sum(row.failure is not None for row in sim.trace.attempts if row.node != BAD)
    yield Claim("failed_elsewhere", elsewhere, "{figure} attempts failed elsewhere", at_most=0)


BADNODE = Scenario(
    "badnode", "A node fails what succeeds elsewhere: it is blocked for that lane, and nothing is lost.", arrange, judge
)
