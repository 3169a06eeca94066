"""Commands about the farm itself: its health, its driver, its records."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from farm.cli.jobs import show_receipt
from farm.cli.options import Exit, JsonOption, OutOption, ProjectOption, WaitOption
from farm.cli.screen import console, service
from farm.errors import InputError
from farm.spans import seconds_of

if TYPE_CHECKING:
    from farm.config import Config
    from farm.simulator import Verdict

STUDY = "autoscale"
"""What `simulate` plays that is no scenario."""


def doctor(out: OutOption = "", json: JsonOption = False) -> None:
    """Check this machine: ffmpeg, storage, Ray, GPU, versions. Exit code 1 when something will not work."""
    from farm.terminal import as_json, checks_table

    checks = service().doctor(out)
    if json:
        typer.echo(as_json(checks))
    else:
        console().print(checks_table(checks))
    raise typer.Exit(Exit.OK if all(check.fine for check in checks) else Exit.FAILED)


def gc(
    out: OutOption = "",
    project: ProjectOption = None,
    delete: Annotated[
        bool, typer.Option("--delete", help="Delete what is listed; without it nothing is touched.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """List, or delete, what nobody needs any more: takes that were not picked, and logs, past their retention."""
    from farm.terminal import as_json, garbage_table

    found = service().gc(out, project, delete=delete)
    if json:
        typer.echo(as_json(found))
        return
    size = sum(garbage.size for garbage in found) / 1e9
    if found:
        console().print(garbage_table(found))
    done = "deleted" if delete else "to delete with --delete"
    console().print(f"{len(found)} files, {size:.2f} GB {done}", highlight=False)


def drive(out: OutOption = "") -> None:
    """Drive the farm: decide what runs where, beside a Ray cluster's head. Stands by while another driver leads."""
    _drive(out, embedded=False)


def up(out: OutOption = "") -> None:
    """Drive a farm on this machine alone, with a Ray of its own, until Ctrl-C."""
    _drive(out, embedded=True)


def drain(
    node: Annotated[str, typer.Argument(metavar="NODE", help="A node's name, or its id's beginning; see `farm top`.")],
    within: Annotated[
        str, typer.Option(help="How long what runs there may take: 90s, 30m, 2h; 0 for at once.")
    ] = "30m",
    out: OutOption = "",
    wait: WaitOption = 5.0,
    json: JsonOption = False,
) -> None:
    """Take one node out: nothing new begins there, what runs may end, then the node leaves Ray by itself."""
    show_receipt(service().drain(node, seconds_of(within), out, wait_s=wait), json)


def _drive(out: str, *, embedded: bool) -> None:
    from farm.drivelog import DriveLog

    farm = service()
    with farm.stop.on_signals():
        farm.drive(out, DriveLog(), embedded=embedded)


def simulate(
    scenario: Annotated[
        str, typer.Argument(help='Its name, "all", or "autoscale" for the study; without one they are listed.')
    ] = "",
    seed: Annotated[int, typer.Option(help="Where its randomness begins.")] = 1,
    seeds: Annotated[int, typer.Option(min=1, help="How many seeds, from the first on.")] = 1,
    scale: Annotated[float, typer.Option(min=0.1, help="How many times larger than usual.")] = 1.0,
    plot: Annotated[Path | None, typer.Option(help="Draw the GPUs' timeline into this PNG.")] = None,
    trace: Annotated[
        Path | None, typer.Option(help="Write attempts, workers, nodes as Parquet into this folder.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Try the scheduler on a farm of paper, in virtual time. Exit code 1 for a broken promise.

    autoscale compares policies of growing and shrinking: cost per clip against wait.
    """
    from farm import simulating
    from farm.terminal import scenarios_table, verdict_row, verdicts_json, verdicts_table

    config, screen = service().config, console()
    if not scenario:
        screen.print(scenarios_table(simulating.scenarios()))
        screen.print(f"{STUDY}: no scenario but a study of what clips cost under several policies", style="dim")
        return
    if scenario == STUDY:
        _study(config, range(seed, seed + seeds), scale, plot, trace, json=json)
        return
    names = list(simulating.scenarios()) if scenario == "all" else [scenario]
    runs = [(name, number) for number in range(seed, seed + seeds) for name in names]
    if (plot or trace) and len(runs) > 1:
        raise InputError("--plot and --trace are of one scenario with one seed")
    verdicts: list[Verdict] = []
    for name, number in runs:
        verdicts.append(simulating.simulate(name, seed=number, scale=scale, plot=plot, trace=trace))
        if not json:
            screen.print(verdict_row(verdicts[-1]))
    if json:
        typer.echo(verdicts_json(verdicts))
    elif len(verdicts) > 1:
        screen.print(verdicts_table(verdicts))
    raise typer.Exit(Exit.OK if all(verdict.passed for verdict in verdicts) else Exit.FAILED)


def _study(config: Config, seeds: range, scale: float, plot: Path | None, trace: Path | None, *, json: bool) -> None:
    import json as encoding

    from farm.simulating import study_scaling
    from farm.simulator.study import study_table

    screen = console()
    with screen.status("") as status:
        found = study_scaling(config, seeds, scale=scale, plot=plot, trace=trace, heard=status.update)
    if json:
        typer.echo(encoding.dumps(found.document, indent=1))
    else:
        screen.print(study_table(found))
    raise typer.Exit(Exit.FAILED if found.violations else Exit.OK)
