"""Commands about the record of everything made: ask it, see what may be asked, write it anew."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from farm.cli.options import JsonOption, OutOption
from farm.cli.screen import complain, console, service
from farm.errors import InputError

SHOWN_ROWS = 100
"""Of a table on the screen, unless more are asked for."""
FROM_INPUT = "-"
"""Instead of the query: it comes through standard input."""

catalog = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@catalog.command()
def query(
    sql: Annotated[str, typer.Argument(metavar="SQL", help="One SELECT, in quotes; - reads it from standard input.")],
    out: OutOption = "",
    csv: Annotated[bool, typer.Option("--csv", help="Print comma-separated values.")] = False,
    json: JsonOption = False,
    parquet: Annotated[Path | None, typer.Option(help="Write the answer into this new Parquet file.")] = None,
    limit: Annotated[
        int | None,
        typer.Option(min=1, help=f"At most so many rows; else {SHOWN_ROWS} on the screen, 1,000,000 in files."),
    ] = None,
    seconds: Annotated[float, typer.Option(min=0.1, help="How long it may take.")] = 120,
) -> None:
    """Ask the catalog in SQL: takes, attempts, and the views that `farm catalog views` lists. Changes nothing."""
    from farm.answers import as_csv, as_json, screen_view, write_parquet
    from farm.store.catalog_query import Limits

    if csv + json + (parquet is not None) > 1:
        raise InputError("an answer has one form: choose --csv, --json or --parquet")
    on_screen = not (csv or json or parquet)
    limits = Limits(rows=limit or (SHOWN_ROWS if on_screen else Limits().rows), seconds=seconds)
    answer = service().query_catalog(sys.stdin.read() if sql == FROM_INPUT else sql, out, limits)
    if csv:
        sys.stdout.writelines(as_csv(answer.rows))
    elif json:
        typer.echo(as_json(answer.rows))
    elif parquet:
        write_parquet(answer.rows, parquet)
        console().print(f"{answer.rows.num_rows} rows in {parquet}", highlight=False, markup=False)
    else:
        screen = console()
        screen.print(screen_view(answer.rows, screen.width))
    if answer.is_cut:
        complain(f"the first {limits.rows} rows; there are more (--limit)", "yellow")


@catalog.command()
def views(json: JsonOption = False) -> None:
    """List the tables and views a query may read from, with their columns."""
    from farm.answers import views_json, views_list

    if json:
        typer.echo(views_json())
    else:
        console().print(views_list())


@catalog.command()
def rebuild(out: OutOption = "") -> None:
    """Write the catalog anew, in larger files: from the job store, or without one from the clips' manifests."""
    console().print(service().rebuild_catalog(out), highlight=False)
