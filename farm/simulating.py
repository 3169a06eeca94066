"""The farm of paper, as the command line asks for it: one scenario, or the study of how to grow and shrink."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from farm.config import Config
from farm.driving import policy

if TYPE_CHECKING:
    from farm.simulator import Verdict
    from farm.simulator.study import Study


def scenarios() -> Mapping[str, str]:
    """What each scenario arranges, by name."""
    from farm.simulator import describe

    return describe()


def simulate(scenario: str, *, seed: int, scale: float, plot: Path | None, trace: Path | None) -> Verdict:
    """Try the scheduler on a farm of paper. Raises `InputError` for an unknown scenario."""
    from farm.simulator import describe, draw, simulate

    verdict = simulate(scenario, seed, scale)
    if plot:
        draw(verdict, describe()[scenario], plot)
    if trace:
        verdict.trace.write(trace)
    return verdict


def study_scaling(
    config: Config,
    seeds: Sequence[int],
    *,
    scale: float,
    plot: Path | None,
    trace: Path | None,
    heard: Callable[[str], None],
) -> Study:
    """Compare policies of growing and shrinking over days of paper, with the settings' kinds of nodes where some have a
    price. `heard` is told of each day."""
    from farm.simulator.study import draw, own_kinds, played_line, study, write_traces

    kinds = own_kinds(policy(config).elastic)
    found = study(seeds, scale, kinds=kinds, heard=lambda played: heard(played_line(played)))
    if plot:
        draw(found, plot)
    if trace:
        write_traces(found, trace)
    return found
