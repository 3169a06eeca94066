"""`poison`: some takes kill every worker that tries them."""

from __future__ import annotations

from collections.abc import Iterator

from farm.errors import FailureKind
from farm.simulator.papers import Flat, Paper
from farm.simulator.scenario import WAN, Scenario
from farm.simulator.simulation import Simulation
from farm.simulator.verdict import Claim
from farm.tasks import TaskState

POISON = 3
TRIES_AT_MOST = 3
"""A take is quarantined after it has killed so many workers."""


def arrange(sim: Simulation) -> None:
    sim.nodes(sim.sized(3), cpus=16, gpus=8)
    count = sim.sized(150)
    numbers = sorted(range(1, count + 1), key=lambda number: sim.world.draw("poison", number))
    sim.submit(
        "job", Paper(flat=(Flat(count=count, lane=WAN, seconds=15.0, poison=frozenset(numbers[: sim.sized(POISON)])),))
    )
    other = Flat(count=sim.sized(50), name="b", lane=WAN, seconds=15.0)
    sim.submit("other", Paper(flat=(other,)), project="other")


def judge(sim: Simulation) -> Iterator[Claim]:
    poison = sim.sized(POISON)
    yield sim.all_done("other")
    counts = sim.counts("job")
    yield Claim("failed", counts[TaskState.FAILED], "{figure} takes failed", at_least=poison, at_most=poison)
    healthy = counts.total() - poison
    yield Claim("healthy", counts[TaskState.DONE], "{figure} takes are done", at_least=healthy, at_most=healthy)
    killed = sum(row.failure == FailureKind.CRASHED for row in sim.trace.attempts)
    bound = TRIES_AT_MOST * poison
    yield Claim("killed", killed, "{figure} workers were killed", at_least=1, at_most=bound)
    kinds = {record.failure for record in sim.store.load("job") if record.state is TaskState.FAILED}
    yield Claim("wrong_kinds", len(kinds - {FailureKind.CRASHED}), "{figure} other reasons are given", at_most=0)


POISONED = Scenario(
    "poison", "A few takes kill every worker: they are quarantined, and the lane goes on with the rest.", arrange, judge
)
