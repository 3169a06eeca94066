"""`idle`: work ends, the lanes go to zero, and come back when there is work again."""

from __future__ import annotations

from collections.abc import Iterator

from farm.scheduler.policy import Policy
from farm.simulator.papers import Paper, Shots
from farm.simulator.scenario import WAN, Scenario
from farm.simulator.simulation import Simulation
from farm.simulator.trace import Stretch
from farm.simulator.verdict import Claim

IDLE_STOP_S = 30.0
AGAIN_AFTER_S = 90.0
SLACK_S = 2.0


def arrange(sim: Simulation) -> None:
    sim.nodes(2, cpus=16, gpus=4)
    sim.linger_s = AGAIN_AFTER_S

    def job(name: str) -> Paper:
        return Paper(shots=Shots(count=sim.sized(12), takes=2, name=name, lane=WAN, seconds=10.0))

    sim.submit("first", job("a"))
    sim.submit("second", job("b"), at_s=300.0)
    sim.at(299.0, lambda: sim.noted.update(between=len(sim.pool.workers)))


def judge(sim: Simulation) -> Iterator[Claim]:
    yield sim.unfinished()
    yield Claim("between", sim.noted["between"], "{figure} workers were there between the jobs", at_most=0)
    yield Claim("after", sim.workers_left, "{figure} workers were there in the end", at_most=0)
    idle = [row.seconds for row in sim.trace.workers if row.state is Stretch.IDLE]
    yield Claim("longest_idle_s", max(idle), "no worker idled longer than {figure} s", at_most=IDLE_STOP_S + 60.0)
    gone = [
        row.seconds for row in sim.trace.workers if row.state is Stretch.IDLE and row.seconds >= IDLE_STOP_S - SLACK_S
    ]
    yield Claim(
        "stopped_warm_s",
        min(gone, default=float("nan")),
        "none left before it had idled {figure} s",
        at_least=IDLE_STOP_S - SLACK_S,
    )


IDLE = Scenario(
    "idle",
    "Work ends and lanes go to zero; work comes again and so do they.",
    arrange,
    judge,
    Policy(idle_stop_s=IDLE_STOP_S),
)
