"""`fairness`: projects of different weight, all with more work than there is farm, one of them late."""

from __future__ import annotations

from collections.abc import Iterator

from farm.scheduler.policy import Policy, ProjectPolicy
from farm.simulator.papers import Flat, Paper
from farm.simulator.scenario import WAN, Scenario
from farm.simulator.simulation import Simulation
from farm.simulator.trace import NEVER, seconds
from farm.simulator.verdict import Claim

WEIGHTS = {"ant": 1.0, "bee": 2.0, "cat": 5.0}
TAKES_S = {"ant": 12.0, "bee": 20.0, "cat": 8.0}
"""A project with longer takes shall not get more of the farm for it."""
SPREAD = 0.2
LONGEST_S = max(TAKES_S.values()) * (1 + SPREAD)
LATE = "bee"
LATE_S = 100.0
END_S = 320.0
"""About when the work of all three ends."""
TOLERANCE = 0.15
GPUS_PER_NODE = 8


def arrange(sim: Simulation) -> None:
    nodes = sim.sized(6)
    sim.nodes(nodes, cpus=32, gpus=GPUS_PER_NODE)
    for project, take_s in TAKES_S.items():
        takes = round(GPUS_PER_NODE * nodes * END_S * WEIGHTS[project] / sum(WEIGHTS.values()) / take_s)
        paper = Paper(flat=(Flat(count=takes, lane=WAN, seconds=take_s, spread=SPREAD),))
        sim.submit(f"{project}-job", paper, project=project, at_s=LATE_S if project == LATE else 0.0)


def judge(sim: Simulation) -> Iterator[Claim]:
    yield sim.all_done()
    competing = _while_all_have_work(sim)
    yield Claim("competing_s", competing[1] - competing[0], "all three had work for {figure} s", at_least=150)
    yield from _shares(sim, ("ant", "cat"), 30.0, LATE_S, "before")
    yield from _shares(sim, tuple(WEIGHTS), competing[0] + LONGEST_S, competing[1], "while")


def _while_all_have_work(sim: Simulation) -> tuple[float, float]:
    """From when the late one is there to when the first runs out of waiting takes, in seconds."""
    last_starts = dict.fromkeys(WEIGHTS, 0.0)
    for row in sim.trace.attempts:
        began_s = seconds(row.started_us)
        last_starts[row.project] = max(last_starts[row.project], began_s)
    return LATE_S, min(last_starts.values())


def _shares(sim: Simulation, projects: tuple[str, ...], from_s: float, to_s: float, when: str) -> Iterator[Claim]:
    """Each project's part of the farm in every window, relative to what its weight stands for."""
    weight = sum(WEIGHTS[project] for project in projects)
    width_s = min(3 * LONGEST_S, to_s - from_s)
    for project in projects:
        relative = [
            sim.trace.busy_gpu_s(*window, project) / sim.trace.busy_gpu_s(*window) / (WEIGHTS[project] / weight)
            for window in sim.trace.windows(from_s, to_s, width_s)
        ]
        what = f"of its fair share in any {width_s:.0f} s {when} {len(projects)} projects compete"
        yield Claim(
            f"{project}_least_{when}",
            min(relative, default=NEVER),
            f"{project} (weight {WEIGHTS[project]:g}) had {{figure}} {what}",
            at_least=1 - TOLERANCE,
        )
        yield Claim(
            f"{project}_most_{when}",
            max(relative, default=NEVER),
            f"{project} (weight {WEIGHTS[project]:g}) had at most {{figure}} {what}",
            at_most=1 + TOLERANCE,
        )


FAIRNESS = Scenario(
    "fairness",
    "Three projects of weights 1, 2 and 5, with takes of different lengths and one of them late, share the farm.",
    arrange,
    judge,
    Policy(projects={project: ProjectPolicy(weight=weight) for project, weight in WEIGHTS.items()}),
)
