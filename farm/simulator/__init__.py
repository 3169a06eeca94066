"""A farm in virtual time, to see what the real scheduler, driver and job store do with it.

simulate("gang", seed=1) ─▶ Scenario.arrange ─▶ Simulation.run ─▶ audit + Scenario.judge ─▶ Verdict
"""

from __future__ import annotations

from farm.simulator.plot import draw
from farm.simulator.running import describe, run_all, simulate
from farm.simulator.verdict import Claim, Verdict

__all__ = ["Claim", "Verdict", "describe", "draw", "run_all", "simulate"]
