"""`failover`: the driver is killed, twice, in the midst of a turn; jobs come in while nobody drives."""

from __future__ import annotations

from collections.abc import Iterator

from farm.errors import FailureKind
from farm.simulator.faults import Faults
from farm.simulator.papers import Flat, Paper, Shots
from farm.simulator.scenario import WAN, Scenario
from farm.simulator.simulation import Simulation
from farm.simulator.trace import longest_gap_s, seconds
from farm.simulator.verdict import Claim

KILLED_S = (40.0, 95.0)
BACK_AFTER_S = 8.0
LOAD_S = 5.0


def arrange(sim: Simulation) -> None:
    sim.nodes(sim.sized(3), cpus=16, gpus=8)
    sim.cluster.gpu_load_s = LOAD_S
    sim.cluster.faults = Faults(crash_rate=0.02, transient_rate=0.03)
    shots = Shots(count=sim.sized(30), takes=3, lane=WAN, seconds=20.0)
    sim.submit("before", Paper(shots=shots))
    sim.submit("beside", Paper(flat=(Flat(count=sim.sized(60), lane=WAN, seconds=12.0),)), project="other", at_s=20.0)
    for number, killed_s in enumerate(KILLED_S, 1):
        moment_s = killed_s + 5 * sim.world.draw("kill", number)
        calls = int(12 * sim.world.draw("calls", number))
        sim.kill_driver(moment_s, calls_left=calls, back_after_s=BACK_AFTER_S)
        after = Flat(count=sim.sized(20), name=f"after{number}", lane=WAN, seconds=10.0)
        sim.submit(f"after-{number}", Paper(flat=(after,)), at_s=moment_s + BACK_AFTER_S / 2)


def judge(sim: Simulation) -> Iterator[Claim]:
    yield sim.all_done()
    yield Claim("drivers", sim.drivers, "{figure} drivers led, one after the other", at_least=3, at_most=3)
    free = {None, FailureKind.RECLAIMED}
    dealt = sum(row.failure not in free for row in sim.trace.attempts)
    booked = sum(count for kind, count in sim.booked().items() if kind not in free)
    says = f"{dealt} attempts failed, and the kills cost {{figure}} more"
    yield Claim("counted_failures", max(0, booked - dealt), says, at_most=0)
    starts = sorted(seconds(row.started_us) for row in sim.trace.attempts)
    gap_s = longest_gap_s(starts)
    bound_s = BACK_AFTER_S + LOAD_S * (1 + sim.cluster.load_spread) + 10
    yield Claim("longest_gap_s", gap_s, "nothing began for {figure} s at worst", at_most=bound_s)


FAILOVER = Scenario(
    "failover",
    "The driver is killed twice in the midst of its work, and jobs come in while nobody leads.",
    arrange,
    judge,
)
