"""The command that brings a folder of stills in, as a shot list to edit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from farm.cli.options import JsonOption
from farm.cli.screen import complain, console, service
from farm.errors import InputError

UNREAD_SHOWN = 20


def import_folder(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the stills lie, also in folders below.")],
    template: Annotated[
        str, typer.Option(help="How they are named: '{sequence}_{shot}_{version}' or '${sequence}-${shot}'.")
    ],
    to: Annotated[Path, typer.Option(help="The shot list to write; never over one that is there.")] = Path("shots.csv"),
    project_name: Annotated[str, typer.Option(help="The {project} in the names, where it holds separators.")] = "",
    duration: Annotated[str, typer.Option(help="Length of shots whose frames tell none.")] = "3",
    json: JsonOption = False,
) -> None:
    """Make a shot list of a folder of stills, by the template that named them: the newest version of each shot."""
    import json as documents

    from farm.shots.folder import as_csv

    found = service().look_through(folder, template, project=project_name, length=duration, beside=to.absolute().parent)
    try:
        with to.open("x", encoding="utf-8", newline="") as file:
            file.write(as_csv(found.rows))
    except FileExistsError:
        raise InputError(f"{to} is there already, and may have been edited (name another with --to)") from None
    except OSError as error:
        raise InputError(f"{to} cannot be written: {error.strerror} (name another with --to)") from error
    if json:
        told = {"list": str(to), "shots": list(found.rows), "unread": dict(found.unread), "older": found.older}
        typer.echo(documents.dumps(told, indent=2, ensure_ascii=False))
        return
    older = f", {_count(found.older, 'picture')} of older versions left out" if found.older else ""
    said = f"{_count(len(found.rows), 'shot')} in {to}{older}: write what moves into Prompt"
    console().print(said, highlight=False, markup=False, soft_wrap=True)
    for path, why in list(found.unread.items())[:UNREAD_SHOWN]:
        complain(f"not in the list: {path} {why}", "yellow")
    if len(found.unread) > UNREAD_SHOWN:
        complain(f"and {len(found.unread) - UNREAD_SHOWN} more: --json has them all", "yellow")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
