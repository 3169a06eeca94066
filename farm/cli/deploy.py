"""Commands for whoever deploys a farm: its schema, its HTTP side."""

from __future__ import annotations

from typing import Annotated

import typer

from farm.cli.options import OutOption
from farm.cli.screen import complain, console, service


def migrate(
    out: OutOption = "",
    wait: Annotated[
        float, typer.Option(min=0, help="Seconds to wait for the database to answer, and for a driver to end.")
    ] = 0.0,
) -> None:
    """Bring the job store's schema up to date; one process at a time, and not while a driver leads."""
    schema = service().migrate(out, wait, waiting=lambda words: complain(words, "yellow"))
    console().print(f"the job store is up to date: schema {schema}", highlight=False)


def serve(
    out: OutOption = "",
    listen: Annotated[str, typer.Option(help="Host and port; port 0 for any that is free.")] = "127.0.0.1:8000",
    leave: Annotated[
        float,
        typer.Option(min=0, help="Seconds to go on, unready, when told to end: load balancers look now and then."),
    ] = 1.0,
) -> None:
    """Answer over HTTP until Ctrl-C or SIGTERM: /healthz, /readyz (is the job store at hand?), /metrics."""
    farm = service()
    with farm.stop.on_signals():
        farm.serve(out, listen, began=lambda url: console().print(f"serving at {url}", highlight=False), leave_s=leave)
