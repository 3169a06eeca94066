"""Commands about the farm itself: its models, its health, its driver, its records."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from farm.cli.options import Exit, JsonOption, OutOption, ProjectOption
from farm.cli.screen import console, service


def models(json: JsonOption = False) -> None:
    """List the models and what they can do."""
    from farm.terminal import as_json, models_table

    specs = service().models()
    if json:
        typer.echo(as_json(specs))
    else:
        console().print(models_table(specs))


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
    """List, or delete, what nobody needs any more: takes that were not picked, past their retention."""
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


def _drive(out: str, *, embedded: bool) -> None:
    from farm.watch import DriveLog

    farm = service()
    with farm.stopping_on_signals():
        farm.drive(out, DriveLog(console()), embedded=embedded)


def simulate(
    scenario: Annotated[str, typer.Argument(help='The scenario, or "all".')] = "all",
    seed: Annotated[int, typer.Option(help="Where its randomness begins.")] = 0,
    scale: Annotated[float, typer.Option(min=0.1, help="How many times larger than usual.")] = 1.0,
    plot: Annotated[Path | None, typer.Option(help="Draw the GPUs' timeline into this PNG.")] = None,
    trace: Annotated[
        Path | None, typer.Option(help="Write every attempt and worker interval into this Parquet.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Try the scheduler on a farm of paper, in virtual time, and check its promises. Exit code 1 when one breaks."""
    from farm.terminal import documents, verdicts_table

    verdicts = service().simulate(scenario, seed=seed, scale=scale, plot=plot, trace=trace)
    if json:
        typer.echo(documents(verdicts))
    else:
        console().print(verdicts_table(verdicts))
    raise typer.Exit(Exit.OK if all(verdict.passed for verdict in verdicts) else Exit.FAILED)


catalog = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@catalog.callback()
def about_catalog() -> None:
    """Keeps `rebuild` a command of its own."""


@catalog.command()
def rebuild(out: OutOption = "") -> None:
    """Write the catalog anew, in larger files: from the job store, or without one from the clips' manifests."""
    console().print(service().rebuild_catalog(out), highlight=False)
