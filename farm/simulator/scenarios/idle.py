"""`idle`: work ends, the lanes go to zero, and come back when there is work again."""

from __future__ import annotations

from collections.abc import Iterator

from farm.scheduler.policy import Policy
from farm.simulator.papers import Paper, Shots
from farm.simulator.scenario import WAN, Scenario
from farm.simulator.simulation import Simulation
from farm.simulator.trace import NEVER, Stretch, last_end_s, seconds
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
    yield sim.all_done()
    yield Claim("between", sim.noted.get("between", NEVER), "{figure} workers were there between the jobs", at_most=0)
    yield Claim("after", sim.workers_left, "{figure} workers were there in the end", at_most=0)
    last_idle = {row.worker: row.seconds for row in sim.trace.workers if row.state is Stretch.IDLE}
    shortest_s = min(last_idle.values(), default=NEVER)
    yield Claim(
        "shortest_s", shortest_s, "no worker left before it had idled {figure} s", at_least=IDLE_STOP_S - SLACK_S
    )
    for lane in sorted({row.lane for row in sim.trace.workers}):
        over_s = last_end_s(row for row in sim.trace.attempts if row.lane == lane)
        gone_s = max(seconds(row.ended_us) for row in sim.trace.workers if row.lane == lane)
        says = f"lane {lane} was empty {{figure}} s after its last task"
        yield Claim(f"{lane}_empty_after_s", gone_s - over_s, says, at_most=IDLE_STOP_S + SLACK_S)


IDLE = Scenario(
    "idle",
    "Work ends and lanes go to zero; work comes again and so do they.",
    arrange,
    judge,
    Policy(idle_stop_s=IDLE_STOP_S),
)
