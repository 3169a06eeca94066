"""Commands about who is told what becomes of jobs: what was delivered, and whether it would be."""

from __future__ import annotations

from typing import Annotated

import typer

from farm.cli.options import Exit, JsonOption, OutOption
from farm.cli.screen import console, service

notify = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@notify.callback()
def about() -> None:
    """Webhooks of the settings. `farm notifications` lists what they were told."""


@notify.command("test")
def try_out(
    which: Annotated[
        str, typer.Argument(metavar="[NAME|URL]", help="One webhook of the settings; without it, all of them.")
    ] = "",
    out: OutOption = "",
    json: JsonOption = False,
) -> None:
    """Send each webhook a test message, and say what came back. Exit code 1 when one was not delivered."""
    from farm.cli.notifyscreen import trials_table
    from farm.terminal import documents

    found = service().test_webhooks(which, out)
    if json:
        typer.echo(documents(found))
    else:
        console().print(trials_table(found))
    raise typer.Exit(Exit.OK if all(trial.delivered for trial in found) else Exit.FAILED)


def notifications(
    out: OutOption = "",
    failed: Annotated[
        bool, typer.Option("--failed", help="Only what is given up, or failed and is tried again.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, help="The newest so many.")] = 50,
    json: JsonOption = False,
) -> None:
    """List what webhooks were told of jobs, newest first: delivered, waiting or given up, and what they answered."""
    from farm.cli.notifyscreen import deliveries_table, nothing_told
    from farm.terminal import documents

    farm = service()
    found = farm.notifications(out, limit, troubled=failed)
    if json:
        typer.echo(documents(found))
    elif found:
        screen = console()
        screen.print(deliveries_table(found, screen.width))
    else:
        console().print(nothing_told(farm.config.webhooks, failed=failed), style="dim", highlight=False)
