"""`quota`: a job with a budget, a project with a GPU limit, and a provider that serves few at once."""

from __future__ import annotations

from collections.abc import Iterator

from farm.errors import FailureKind
from farm.scheduler.policy import Limits, Policy, Prices, ProjectPolicy
from farm.scheduler.waits import WaitReason
from farm.simulator.faults import Faults
from farm.simulator.papers import Flat, Paper
from farm.simulator.scenario import WAN, Scenario
from farm.simulator.simulation import Simulation
from farm.simulator.verdict import Claim
from farm.store.records import Verb
from farm.tasks import Lane, TaskState

GPU_HOUR_MICROS = 3_600_000
"""A GPU second costs a thousandth of the farm's currency: 1,000 micros."""
TAKE_S = 10.0
SPREAD = 0.3
TAKE_MICROS = 10_000
BUDGET_TAKES = 30
LIMITED_GPUS = 4
HOSTED = Lane(name="hosted")
SERVED_AT_ONCE = 4
ASKED_S = 200.0


def arrange(sim: Simulation) -> None:
    sim.nodes(2, cpus=24, gpus=8)
    sim.cluster.faults = Faults(quota={HOSTED.name: SERVED_AT_ONCE})
    takes = Flat(count=3 * BUDGET_TAKES, lane=WAN, seconds=TAKE_S, spread=SPREAD)
    sim.submit("capped", Paper(flat=(takes,)), project="capped", budget_micros=BUDGET_TAKES * TAKE_MICROS)
    sim.submit("limited", Paper(flat=(takes,)), project="limited")
    hosted = Flat(count=sim.sized(40), name="h", lane=HOSTED, seconds=4.0, price_micros=2_000)
    sim.submit("hosted", Paper(flat=(hosted,)), project="hosted", budget_micros=1_000_000)

    def look() -> None:
        waits = sim.scheduler.waits(sim.world.now_us).get("capped", {})
        sim.noted["waiting_for_limit"] = waits.get(WaitReason.LIMIT, 0)
        sim.noted["waiting"] = sum(waits.values())

    sim.at(ASKED_S, look)
    sim.ask(Verb.CANCEL, "capped", at_s=ASKED_S + 5)


def judge(sim: Simulation) -> Iterator[Claim]:
    yield sim.all_done("limited", "hosted")
    budget = BUDGET_TAKES * TAKE_MICROS
    spent, done = sim.store.spent("capped"), sim.counts("capped")[TaskState.DONE]
    capped = [row for row in sim.trace.attempts if row.project == "capped" and row.outcome == "done"]
    last_us = max((row.started_us for row in capped), default=0)
    at_work = sum(row.started_us <= last_us < row.ended_us for row in capped)
    estimate_error = round(SPREAD * TAKE_MICROS) * at_work  # each take under way may cost so much more than expected
    yield Claim("spent_micros", spent, f"of {budget} micros {{figure}} were spent", at_most=budget + estimate_error)
    overshoot = sim.witness.overshoots.get("capped", 0)
    yield Claim("overshoot_micros", overshoot, "the overshoot was {figure} micros at most", at_most=estimate_error)
    yield Claim("within_budget", done, "{figure} takes were made of it", at_least=BUDGET_TAKES * 0.8)
    waiting = sim.noted.get("waiting", 0)
    says = f"of {waiting:g} waiting takes {{figure}} name the limit"
    yield Claim("name_the_limit", sim.noted.get("waiting_for_limit", 0), says, at_least=max(1.0, waiting))
    gpus = sim.witness.gpus_most["limited"]
    yield Claim("gpus", gpus, "the limited project had {figure} GPUs", at_least=LIMITED_GPUS, at_most=LIMITED_GPUS)
    refused = [row for row in sim.trace.attempts if row.failure == FailureKind.QUOTA]
    heard_us = min((row.ended_us for row in refused), default=0)
    later = sum(row.started_us > heard_us for row in refused)
    hosted = sim.counts("hosted").total()
    says = f"once it had refused, the provider was asked {{figure}} times too often for {hosted} requests"
    yield Claim("refused", later, says, at_most=hosted / 2)


QUOTA = Scenario(
    "quota",
    "A job at its budget, a project at its GPU limit, a provider that refuses: all are kept, and none stops the rest.",
    arrange,
    judge,
    Policy(
        prices=Prices(gpu_hour_micros=GPU_HOUR_MICROS),
        projects={"limited": ProjectPolicy(limits=Limits(gpus=LIMITED_GPUS))},
    ),
)
