"""Running scenarios: one, or all of them over many seeds."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from farm.errors import InputError
from farm.simulator.scenario import Scenario
from farm.simulator.scenarios import SCENARIOS
from farm.simulator.simulation import Simulation
from farm.simulator.verdict import Verdict
from farm.store.jobs import JobStore

MEMORY = Path("/dev/shm")  # noqa: S108 (a temporary folder of its own is made in it)
"""Where files need no disk: a simulation's books outlive nothing."""


def simulate(name: str, seed: int = 1, scale: float = 1.0, folder: Path | None = None) -> Verdict:
    """Run a scenario. Its job store lies in `folder`, or in memory and is thrown away.

    Raises:
        InputError: there is no such scenario, or nothing of that scale.
    """
    if name not in SCENARIOS:
        raise InputError(f"there is no scenario {name!r} (there are {', '.join(SCENARIOS)})")
    if scale <= 0:
        raise InputError(f"--scale {scale:g} leaves nothing to simulate (1 is the size it was made for)")
    if folder:
        return _run(SCENARIOS[name], seed, scale, folder)
    with tempfile.TemporaryDirectory(prefix="farm-simulated-", dir=MEMORY if MEMORY.is_dir() else None) as made:
        return _run(SCENARIOS[name], seed, scale, Path(made))


def run_all(seeds: Iterable[int], names: Iterable[str] = ()) -> Iterator[Verdict]:
    """The verdicts of all scenarios, or of the named ones, seed by seed, as they come."""
    chosen = list(names) or list(SCENARIOS)
    for seed in seeds:
        for name in chosen:
            yield simulate(name, seed)


def describe() -> Mapping[str, str]:
    """What each scenario arranges, in a sentence, by name."""
    return {name: scenario.says for name, scenario in SCENARIOS.items()}


def _run(scenario: Scenario, seed: int, scale: float, folder: Path) -> Verdict:
    began = time.perf_counter()
    store = JobStore.open(folder)
    try:
        simulation = Simulation(store, scenario.policy, seed=seed, scale=scale, limit_s=scenario.limit_s)
        scenario.arrange(simulation)
        violations = simulation.run()
        claims = tuple(scenario.judge(simulation))
    finally:
        store.close()
    return Verdict(
        scenario=scenario.name,
        seed=seed,
        scale=scale,
        claims=claims,
        violations=violations,
        simulated_s=simulation.world.elapsed_s,
        took_s=time.perf_counter() - began,
        trace=simulation.trace,
    )
