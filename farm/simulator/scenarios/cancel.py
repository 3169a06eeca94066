"""`cancel`: jobs that share takes are cancelled one after the other in the midst of their work."""

from __future__ import annotations

from collections.abc import Iterator

from farm.simulator.papers import Flat, Paper
from farm.simulator.pool import CANCEL_S
from farm.simulator.scenario import WAN, Scenario
from farm.simulator.simulation import Simulation
from farm.simulator.trace import last_end_s, seconds
from farm.simulator.verdict import Claim
from farm.store.records import Verb
from farm.tasks import TaskState

FIRST_S, SECOND_S = 22.0, 95.0
HEARD_S = 1.0
"""Requests are looked at twice a second."""


def arrange(sim: Simulation) -> None:
    sim.nodes(sim.sized(2), cpus=16, gpus=8)
    count = sim.sized(60)

    def batch(name: str, part: float = 1.0) -> Flat:
        return Flat(count=max(1, round(count * part)), name=name, lane=WAN, seconds=12.0)

    sim.submit("first", Paper(flat=(batch("own"), batch("shared"))))
    sim.submit("second", Paper(flat=(batch("shared"),)), at_s=5.0)
    sim.submit("third", Paper(flat=(batch("doomed"),)), at_s=5.0, priority=40)
    sim.submit("last", Paper(flat=(batch("late", 0.3),)), at_s=SECOND_S + 5)
    sim.ask(Verb.CANCEL, "first", at_s=FIRST_S)
    sim.ask(Verb.CANCEL, "third", at_s=SECOND_S)


def judge(sim: Simulation) -> Iterator[Claim]:
    yield sim.all_done("second", "last")
    yield _begun_after(sim, "own", FIRST_S)
    yield _begun_after(sim, "doomed", SECOND_S)
    yield _latest_end(sim, "own", FIRST_S)
    yield _latest_end(sim, "doomed", SECOND_S)
    states = {record.state for record in sim.store.load("third")}
    yield Claim("open", len(states & {TaskState.WAITING, TaskState.RUNNING}), "{figure} states are open", at_most=0)
    cancelled = sum(record.state is TaskState.CANCELLED for record in sim.store.load("third"))
    yield Claim("cancelled", cancelled, "{figure} takes of the third job were cancelled", at_least=1)
    done = sum(row.outcome == "done" for row in sim.trace.attempts if row.shot.startswith("shared"))
    shared = sim.sized(60)
    yield Claim("shared", done, "{figure} shared takes were made, once each", at_least=shared, at_most=shared)


def _begun_after(sim: Simulation, name: str, moment_s: float) -> Claim:
    begun = [row for row in sim.trace.attempts if row.shot.startswith(name)]
    late = sum(seconds(row.started_us) > moment_s + HEARD_S for row in begun)
    return Claim(f"{name}_begun_late", late, f"{{figure}} {name} takes began after they were cancelled", at_most=0)


def _latest_end(sim: Simulation, name: str, moment_s: float) -> Claim:
    end_s = last_end_s(row for row in sim.trace.attempts if row.shot.startswith(name))
    says = f"the last {name} take ended {{figure}} s after the request"
    return Claim(f"{name}_ends_s", end_s - moment_s, says, at_most=HEARD_S + CANCEL_S)


CANCELLED = Scenario(
    "cancel", "Jobs are cancelled in the midst of their work; what another job wants too is made.", arrange, judge
)
