"""Commands about a shot list: check it, plan it, render it, hand it in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from farm.cli.options import (
    BudgetOption,
    ColumnsOption,
    DraftFirstOption,
    DraftOption,
    Exit,
    JobArgument,
    JsonOption,
    ListArgument,
    ModelOption,
    OutOption,
    PriorityOption,
    ProjectOption,
    SelectOption,
    ShotsOption,
    SizeOption,
    TakesOption,
    WaitOption,
)
from farm.cli.screen import complain, console, service
from farm.errors import DocumentError, InputError

if TYPE_CHECKING:
    from farm.handing import Ask


def lint(
    shot_list: ListArgument, project: ProjectOption = None, columns: ColumnsOption = None, json: JsonOption = False
) -> None:
    """Check stills and motion prompts before anything is spent. Exit code 1 on errors."""
    from farm.findings import Severity
    from farm.handing import Ask
    from farm.terminal import as_json, findings_table

    try:
        findings = service().lint(Ask(shot_list=shot_list, project=project, columns=columns))
    except DocumentError as error:
        if not json:
            raise
        typer.echo(as_json(error.findings))
        raise typer.Exit(Exit.BAD_INPUT) from error
    errors = sum(finding.severity is Severity.ERROR for finding in findings)
    if json:
        typer.echo(as_json(findings))
    elif findings:
        console().print(findings_table(findings))
        console().print(f"\n{errors} errors, {len(findings) - errors} other findings", style="dim", highlight=False)
    else:
        console().print("nothing found: every still and every prompt is fine", style="green")
    raise typer.Exit(Exit.FAILED if errors else Exit.OK)


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
    draft_first: DraftFirstOption = False,
    select: SelectOption = "",
    json: JsonOption = False,
) -> None:
    """Show what would run and what is already there, without running anything."""
    from farm.terminal import plan_table

    ask = _ask(shot_list, project, columns, takes, model, shots, size, draft, draft_first, select)
    outlook = service().plan(ask, out)
    if json:
        typer.echo(outlook.model_dump_json(indent=2))
        return
    screen = console()
    screen.print(plan_table(outlook))
    screen.print(f"\n{outlook.to_run} tasks to run, {outlook.there} already there", style="dim", highlight=False)


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
    draft_first: DraftFirstOption = False,
    select: SelectOption = "",
    json: JsonOption = False,
) -> None:
    """Render a shot list: takes, scores, clips, and the animatic. Goes on where an earlier run stopped."""
    from farm.terminal import summary_table, warning_lines, what_to_open
    from farm.watch import LiveWatch, Watch

    ask = _ask(shot_list, project, columns, takes, model, shots, size, draft, draft_first, select)
    farm, screen = service(), console()
    watch = LiveWatch(screen) if not json and screen.is_terminal else Watch(None if json else screen)
    with farm.stop.on_signals(), watch:
        summary = farm.render(ask, out, watch)
    if json:
        typer.echo(summary.model_dump_json(indent=2))
    else:
        screen.print(summary_table(summary))
        screen.print()
        screen.print(what_to_open(summary), soft_wrap=True)
        for warning in warning_lines(summary):
            screen.print(warning, soft_wrap=True)
    if not summary.finished:
        complain("stopped; the same command goes on from here")
        raise typer.Exit(Exit.INTERRUPTED)
    raise typer.Exit(Exit.FAILED if summary.failed or summary.message else Exit.OK)


def submit(
    shot_list: ListArgument,
    out: OutOption = "",
    project: ProjectOption = None,
    columns: ColumnsOption = None,
    takes: TakesOption = None,
    model: ModelOption = "",
    shots: ShotsOption = "",
    size: SizeOption = "",
    draft: DraftOption = False,
    draft_first: DraftFirstOption = False,
    select: SelectOption = "",
    priority: PriorityOption = None,
    budget: BudgetOption = "",
    hold: Annotated[bool, typer.Option("--hold", help="Do not begin before `farm resume`.")] = False,
    key: Annotated[
        str, typer.Option(help="Idempotency key: a second submission with the same key gives the first one's job.")
    ] = "",
    wait: WaitOption = 5.0,
    json: JsonOption = False,
) -> None:
    """Hand in a shot list for the farm's driver to render. Stills are copied; your disk is not needed afterwards."""
    from farm.cli.jobs import show_receipt

    ask = _ask(shot_list, project, columns, takes, model, shots, size, draft, draft_first, select)
    receipt = service().submit(ask, out, priority=priority, budget=budget, hold=hold, key=key, wait_s=wait)
    show_receipt(receipt, json)


def conform(
    timeline: Annotated[Path, typer.Argument(metavar="NEW", help="The changed cut: .otio, .edl, .xml or .fcpxml.")],
    job: JobArgument,
    out: OutOption = "",
    submit: Annotated[bool, typer.Option("--submit", help="Hand the list of the new cut in.")] = False,
    wait: WaitOption = 5.0,
    json: JsonOption = False,
) -> None:
    """Show what a changed cut asks of a job's shots: which are rendered anew, which only delivered or assembled."""
    from farm.cli.jobs import show_receipt
    from farm.terminal import conforming_lines, conforming_table

    found, receipt = service().conform(timeline, job, out, submit=submit, wait_s=wait)
    if json:
        typer.echo(receipt.model_dump_json(indent=2) if receipt else found.model_dump_json(indent=2))
        raise typer.Exit(Exit.FAILED if receipt and receipt.state == "refused" else Exit.OK)
    screen = console()
    screen.print(conforming_table(found))
    for line in conforming_lines(found):
        screen.print(line, soft_wrap=True)
    if receipt:
        show_receipt(receipt, json)


def _ask(
    shot_list: Path,
    project: Path | None,
    columns: Path | None,
    takes: int | None,
    model: str,
    shots: str,
    size: str,
    draft: bool,
    draft_first: bool,
    select: str,
) -> Ask:
    from farm.handing import Ask

    return Ask(
        shot_list=shot_list,
        project=project,
        columns=columns,
        takes=takes,
        models=_names("--model", model),
        shots=_names("--shots", shots),
        size=size,
        draft=draft,
        draft_first=draft_first,
        select=select,
    )


def _names(option: str, text: str) -> tuple[str, ...]:
    """The names in an option's value. Raises `InputError` for one that is given and holds none: "," is not "all"."""
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if text and not names:
        raise InputError(f'{option} "{text}" names nothing (leave it out, or write names with commas between)')
    return names
