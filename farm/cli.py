"""The `farm` command. Parses arguments, calls the service, shows the answer; decides nothing itself.

Exit codes: 0 everything came out · 1 some shots failed, each named with its reason · 2 what was handed in is wrong ·
130 stopped by Ctrl-C; the same command goes on from there.
"""

from __future__ import annotations

import sys
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from farm import __version__
from farm.errors import DocumentError, FarmError, InputError

if TYPE_CHECKING:
    from rich.console import Console

    from farm.service import Ask, Service


FINDINGS_SHOWN = 40


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
    rich_markup_mode=None,  # the plain help page needs no rich, whose import would be most of its time
)

ListArgument = Annotated[Path, typer.Argument(metavar="LIST", help="Shot list: .csv, .tsv, .xlsx, .yaml or .json.")]
OutOption = Annotated[
    str, typer.Option(help="Where everything goes: a folder (else `renders`), or a URL such as s3://bucket/show.")
]
ProjectOption = Annotated[Path | None, typer.Option(help="Project defaults; else project.yaml beside the list.")]
ColumnsOption = Annotated[Path | None, typer.Option(help="Which of your columns means what (YAML or JSON).")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
TakesOption = Annotated[int | None, typer.Option(min=1, max=16, help="Takes of every shot.")]
ModelOption = Annotated[str, typer.Option(help="The model, or several side by side, with commas between.")]
ShotsOption = Annotated[str, typer.Option(help="Only these shots: sh010,sh020.")]
SizeOption = Annotated[str, typer.Option(help="Size of clips and animatic: 1920x1080.")]
DraftOption = Annotated[bool, typer.Option("--draft", help="Half the size and one take: quick, to see the timing.")]


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def farm(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Common to all commands."""
    del version


@app.command()
def lint(
    shot_list: ListArgument, project: ProjectOption = None, columns: ColumnsOption = None, json: JsonOption = False
) -> None:
    """Check stills and motion prompts before anything is spent. Exit code 1 on errors."""
    from farm.findings import Severity
    from farm.service import Ask
    from farm.terminal import as_json, findings_table

    try:
        findings = _service().lint(Ask(shot_list=shot_list, project=project, columns=columns))
    except DocumentError as error:
        if not json:
            raise
        typer.echo(as_json(error.findings))
        raise typer.Exit(Exit.BAD_INPUT) from error
    errors = sum(finding.severity is Severity.ERROR for finding in findings)
    if json:
        typer.echo(as_json(findings))
    elif findings:
        _console().print(findings_table(findings))
        _console().print(f"\n{errors} errors, {len(findings) - errors} other findings", style="dim", highlight=False)
    else:
        _console().print("nothing found: every still and every prompt is fine", style="green")
    raise typer.Exit(Exit.FAILED if errors else Exit.OK)


@app.command()
def plan(
    shot_list: ListArgument,
    out: OutOption = "",
    project: ProjectOption = None,
    columns: ColumnsOption = None,
    takes: TakesOption = None,
    model: ModelOption = "",
    shots: ShotsOption = "",
    size: SizeOption = "",
    draft: DraftOption = False,
    json: JsonOption = False,
) -> None:
    """Show what would run and what is already there, without running anything."""
    from farm.terminal import plan_table

    ask = _ask(shot_list, project, columns, takes, model, shots, size, draft)
    outlook = _service().plan(ask, out)
    if json:
        typer.echo(outlook.model_dump_json(indent=2))
        return
    console = _console()
    console.print(plan_table(outlook))
    console.print(f"\n{outlook.to_run} tasks to run, {outlook.there} already there", style="dim", highlight=False)


@app.command()
def render(
    shot_list: ListArgument,
    out: OutOption = "",
    project: ProjectOption = None,
    columns: ColumnsOption = None,
    takes: TakesOption = None,
    model: ModelOption = "",
    shots: ShotsOption = "",
    size: SizeOption = "",
    draft: DraftOption = False,
    json: JsonOption = False,
) -> None:
    """Render a shot list: takes, scores, clips, and the animatic. Goes on where an earlier run stopped."""
    from farm.terminal import summary_table, warning_lines, what_to_open
    from farm.watch import LiveWatch, Watch

    ask = _ask(shot_list, project, columns, takes, model, shots, size, draft)
    service, console = _service(), _console()
    watch = LiveWatch(console) if not json and console.is_terminal else Watch(None if json else console)
    with service.stopping_on_signals(), watch:
        summary = service.render(ask, out, watch)
    if json:
        typer.echo(summary.model_dump_json(indent=2))
    else:
        console.print(summary_table(summary))
        console.print()
        console.print(what_to_open(summary), soft_wrap=True)
        for warning in warning_lines(summary):
            console.print(warning, soft_wrap=True)
    if not summary.finished:
        _complain("stopped; the same command goes on from here")
        raise typer.Exit(Exit.INTERRUPTED)
    raise typer.Exit(Exit.FAILED if summary.failed or summary.message else Exit.OK)


@app.command()
def models(json: JsonOption = False) -> None:
    """List the models and what they can do."""
    from farm.terminal import as_json, models_table

    specs = _service().models()
    if json:
        typer.echo(as_json(specs))
    else:
        _console().print(models_table(specs))


@app.command()
def doctor(out: OutOption = "", json: JsonOption = False) -> None:
    """Check this machine: ffmpeg, storage, Ray, GPU, versions. Exit code 1 when something will not work."""
    from farm.terminal import as_json, checks_table

    checks = _service().doctor(out)
    if json:
        typer.echo(as_json(checks))
    else:
        _console().print(checks_table(checks))
    raise typer.Exit(Exit.OK if all(check.fine for check in checks) else Exit.FAILED)


@app.command()
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

    found = _service().gc(out, project, delete=delete)
    if json:
        typer.echo(as_json(found))
        return
    size = sum(garbage.size for garbage in found) / 1e9
    if found:
        _console().print(garbage_table(found))
    done = "deleted" if delete else "to delete with --delete"
    _console().print(f"{len(found)} files, {size:.2f} GB {done}", highlight=False)


def main() -> None:
    """The console script: runs the command, and says what went wrong in one clear message."""
    try:
        app()
    except DocumentError as error:
        _complain_of(error)
        sys.exit(Exit.BAD_INPUT)
    except InputError as error:
        _complain(str(error))
        sys.exit(Exit.BAD_INPUT)
    except FarmError as error:
        _complain(str(error))
        sys.exit(Exit.FAILED)


def _service() -> Service:
    from farm.service import Service

    return Service.from_environment()


def _console() -> Console:
    from rich.console import Console

    return Console(file=sys.stdout)  # this one, also while another stands in for it


def _ask(
    shot_list: Path,
    project: Path | None,
    columns: Path | None,
    takes: int | None,
    model: str,
    shots: str,
    size: str,
    draft: bool,
) -> Ask:
    from farm.service import Ask

    return Ask(
        shot_list=shot_list,
        project=project,
        columns=columns,
        takes=takes,
        models=_names(model),
        shots=_names(shots),
        size=size,
        draft=draft,
    )


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _complain_of(error: DocumentError) -> None:
    """Every finding, worst first; no more than a person reads."""
    from farm.findings import Severity

    worst_first = sorted(error.findings, key=lambda finding: list(Severity).index(finding.severity))
    for finding in worst_first[:FINDINGS_SHOWN]:
        _complain(f"{finding.severity}: {finding}", "red" if finding.severity is Severity.ERROR else "yellow")
    if len(worst_first) > FINDINGS_SHOWN:
        _complain(f"and {len(worst_first) - FINDINGS_SHOWN} more: `farm lint LIST --json` has them all")


def _complain(text: str, style: str = "red") -> None:
    from rich.console import Console

    Console(stderr=True).print(text, style=style, markup=False, highlight=False, soft_wrap=True)


if __name__ == "__main__":
    main()
