"""Playing one day under one policy."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from farm.scheduler.policy import NodeShape, Policy
from farm.simulator.autoscaler import Elastic
from farm.simulator.running import MEMORY
from farm.simulator.simulation import Simulation
from farm.simulator.study.candidates import Candidate
from farm.simulator.study.day import DAY_S, arrange
from farm.simulator.study.facts import KINDS, LOAD_S, LOAD_SPREAD, NODE_IDLE_S, terms
from farm.simulator.study.figures import Figures, Wait, measured, waits
from farm.simulator.trace import Trace
from farm.store.jobs import JobStore

PACE_S = 5.0
"""How exactly time is told: waits of minutes need no more, and a day is played in seconds."""
LIMIT_S = 3 * DAY_S
NODES_GO_S = 600.0


@dataclass(frozen=True, slots=True)
class Played:
    """A day under one policy."""

    candidate: Candidate
    seed: int
    figures: Figures
    violations: tuple[str, ...]
    """What the audit found."""
    waits: Sequence[Wait] = field(repr=False)
    trace: Trace = field(repr=False)


def play(candidate: Candidate, seed: int, scale: float = 1.0, kinds: Sequence[NodeShape] = KINDS) -> Played:
    """Play the day. Two plays of one seed are the same."""
    with tempfile.TemporaryDirectory(prefix="farm-study-", dir=MEMORY if MEMORY.is_dir() else None) as folder:
        store = JobStore.open(Path(folder))
        try:
            return _played(store, candidate, candidate.policy(kinds), seed, scale)
        finally:
            store.close()


def _played(store: JobStore, candidate: Candidate, policy: Policy, seed: int, scale: float) -> Played:
    sim = Simulation(store, policy, seed=seed, scale=scale, limit_s=LIMIT_S)
    sim.pace_s = PACE_S
    sim.cluster.lane_load_s |= LOAD_S
    sim.cluster.load_spread = LOAD_SPREAD
    sim.cluster.autoscaler.elastic = Elastic(policy.elastic, idle_s=NODE_IDLE_S, terms=terms(policy.elastic))
    sim.linger_s = candidate.scaling.warm_s + candidate.idle_stop_s + NODE_IDLE_S + NODES_GO_S
    sim.nodes(1, cpus=256, name="light")
    arrange(sim)
    violations = sim.run()
    if left := sim.nodes_left - 1 + sim.cluster.autoscaler.coming.total():
        violations = (*violations, f"{left} nodes were there, or still to come, when all was over")
    found = tuple(waits(sim.trace, sim.register))
    return Played(candidate, seed, measured(sim, found), violations, found, sim.trace)
