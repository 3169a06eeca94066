"""`elastic`: a farm without nodes, which come late, for what is wanted, and go when nothing is."""

from __future__ import annotations

from collections.abc import Iterator

from farm.scheduler.policy import NodeShape, Policy, Scaling
from farm.simulator.autoscaler import Elastic
from farm.simulator.papers import Flat, Paper
from farm.simulator.scenario import WAN, Scenario
from farm.simulator.simulation import Simulation
from farm.simulator.trace import first_start_s, seconds
from farm.simulator.verdict import Claim
from farm.tasks import Lane

SHAPE = NodeShape(cpus=16, gpus=8, at_most=4)
GANG = Lane(name="wan-14b", gpus=1, ranks=8)
ARRIVAL_S = 45.0
NODE_IDLE_S = 30.0
WORKER_IDLE_S = 20.0
LOAD_S = 5.0


def arrange(sim: Simulation) -> None:
    sim.cluster.autoscaler.elastic = Elastic((SHAPE,), ARRIVAL_S, NODE_IDLE_S)
    sim.cluster.gpu_load_s = LOAD_S
    sim.linger_s = WORKER_IDLE_S + NODE_IDLE_S + 20
    sim.submit("few", Paper(flat=(Flat(count=6, name="few", lane=WAN, seconds=15.0),)))
    sim.submit("many", Paper(flat=(Flat(count=sim.sized(160), lane=WAN, seconds=15.0),)), at_s=240.0)
    sim.submit("large", Paper(flat=(Flat(count=2, lane=GANG, seconds=30.0),)), project="large", at_s=250.0)


def judge(sim: Simulation) -> Iterator[Claim]:
    yield sim.all_done()
    first_s = first_start_s(sim.trace.attempts)
    late_s = ARRIVAL_S + LOAD_S * (1 + sim.cluster.load_spread) + 2
    yield Claim("first_s", first_s, "the first take began {figure} s after the job came", at_most=late_s)
    for_few = sum(seconds(row.started_us) < 240 for row in sim.trace.nodes)
    yield Claim("for_few", for_few, "{figure} nodes came for six takes", at_least=1, at_most=1)
    most = max((_at_once(sim, seconds(row.started_us)) for row in sim.trace.nodes), default=0)
    yield Claim("most", most, "{figure} nodes were there at once", at_least=SHAPE.at_most, at_most=SHAPE.at_most)
    yield Claim("left", sim.nodes_left, "{figure} nodes were left in the end", at_most=0)


def _at_once(sim: Simulation, moment_s: float) -> int:
    return sum(seconds(row.started_us) <= moment_s < seconds(row.ended_us) for row in sim.trace.nodes)


NODES_COME = Scenario(
    "elastic",
    "No node is there: they come late, as many as are wanted, and go when they idle.",
    arrange,
    judge,
    Policy(elastic=(SHAPE,), scaling=Scaling(backlog_s=0.0), idle_stop_s=WORKER_IDLE_S),
)
