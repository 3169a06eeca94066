"""The farm while it works, on a screen of its own; or one picture of it, for logs and scripts."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from farm.cli.options import Exit, JsonOption, OutOption
from farm.cli.screen import console, service

if TYPE_CHECKING:
    from rich.console import Console

    from farm.service import Service
    from farm.top.look import Ask

ANSWER_WAIT_S = 2.0
"""How long the screen may stand still for the driver's answer to a request."""


def top(
    out: OutOption = "",
    every: Annotated[float, typer.Option(min=0.2, help="Seconds between two looks.")] = 2.0,
    once: Annotated[
        bool, typer.Option("--once", help="Print one picture and end; so also into a file or a pipe.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Show the farm while it works: lanes, machines, what waits for what, jobs and when they may be done."""
    farm, screen = service(), console()
    if json:
        typer.echo(farm.overview(out).model_dump_json(indent=2))
    elif once or not sys.stdin.isatty() or not screen.is_terminal or screen.is_dumb_terminal:
        from farm.top.frame import frame

        screen.print(frame(farm.overview(out), screen.width))
    else:
        _live(farm, screen, out, every)


def _live(farm: Service, screen: Console, out: str, every_s: float) -> None:
    from farm.store.records import Verb
    from farm.terminal import receipt_line
    from farm.top.live import LiveTop
    from farm.top.lookout import Lookout

    def ask(asked: Ask) -> str:
        verbs = {Verb.PAUSE: farm.pause, Verb.RESUME: farm.resume}
        receipt = verbs[asked.verb](asked.job, out, wait_s=ANSWER_WAIT_S)
        return f"refused: {receipt.reason}" if receipt.state == "refused" else receipt_line(receipt).plain

    lookout = Lookout(lambda: farm.lookout(out), every_s)
    with farm.stop.on_signals() as stopped:
        LiveTop(screen, sys.stdin.fileno(), lookout, ask, stopped).run()
        if stopped():
            raise typer.Exit(Exit.INTERRUPTED)
