"""Commands about jobs that were handed in: what they do, why they wait, and what should become of them.

Each change is a request to the driver, whose outcome is waited for: applied, refused with a reason, or queued where no
driver leads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from farm.cli.options import Exit, JobArgument, JsonOption, OutOption, WaitOption
from farm.cli.screen import complain, console, service
from farm.printable import legible

if TYPE_CHECKING:
    from farm.jobview import Receipt

ShotOption = Annotated[str, typer.Option(help="Only this shot.")]


def jobs(
    out: OutOption = "",
    everything: Annotated[bool, typer.Option("--all", help="Also jobs that have ended.")] = False,
    json: JsonOption = False,
) -> None:
    """List the jobs of a farm: what they have done, and what they wait for."""
    from farm.terminal import documents, driver_line, jobs_table

    lines, driver = service().jobs(out, everything=everything)
    if json:
        typer.echo(documents(lines))
        return
    screen = console()
    if lines:
        screen.print(jobs_table(lines, screen.width))
    else:
        screen.print("no jobs" if everything else "no jobs at work (--all lists those that have ended)", style="dim")
    screen.print(driver_line(driver))


def status(job: JobArgument, out: OutOption = "", json: JsonOption = False) -> None:
    """Show one job: its stages, its shots, what was done to it and by whom."""
    from farm.terminal import status_view

    found = service().status(job, out)
    if json:
        typer.echo(found.model_dump_json(indent=2))
    else:
        console().print(status_view(found))


def watch(job: JobArgument, out: OutOption = "") -> None:
    """Follow a job until it ends. Ctrl-C stops watching, not the job. Exit code 1 when it failed."""
    from farm.watch import LiveWatch, Watch

    farm, screen = service(), console()
    view = LiveWatch(screen) if screen.is_terminal else Watch(screen)
    with farm.stop.on_signals(), view:
        ended = farm.watch(job, out, view)
    if ended is None:
        raise typer.Exit(Exit.INTERRUPTED)
    screen.print(f"{ended.id} is {ended.state}{f': {ended.message}' if ended.message else ''}", highlight=False)
    raise typer.Exit(Exit.OK if ended.state == "done" else Exit.FAILED)


def why(
    subject: Annotated[str, typer.Argument(metavar="JOB|TASK", help="A job, or the beginning of a task's id.")],
    shot: ShotOption = "",
    out: OutOption = "",
    wait: WaitOption = 5.0,
    json: JsonOption = False,
) -> None:
    """Say why a job or a task waits: the reason, what blocks it, and its numbers."""
    from farm.terminal import why_view

    receipt = service().why(subject, out, shot=shot, wait_s=wait)
    if json or receipt.state != "applied":
        show_receipt(receipt, json)
    else:
        console().print(why_view(receipt.answer))


def logs(
    subject: Annotated[str, typer.Argument(metavar="JOB|TASK", help="A job, or the beginning of a task's id.")],
    shot: Annotated[str, typer.Argument(metavar="[SHOT]", help="One of the job's shots.")] = "",
    stage: Annotated[str, typer.Argument(metavar="[STAGE]", help="generate, score, deliver, …")] = "",
    take: Annotated[int, typer.Argument(metavar="[TAKE]", min=0, help="The number of a take.")] = 0,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the task has ended.")] = False,
    attempt: Annotated[int, typer.Option(min=0, help="Which of its attempts; else the last.")] = 0,
    debug: Annotated[bool, typer.Option("--debug", help="Show details, too: the ffmpeg commands.")] = False,
    out: OutOption = "",
    json: Annotated[bool, typer.Option("--json", help="Print every line as a JSON object, as it is kept.")] = False,
) -> None:
    """Show what a task logged. Of several that are meant: what failed, else what runs."""
    from farm.logbook import Remark
    from farm.logs.line import Line
    from farm.logview import is_detail, shown

    farm, screen = service(), console()
    has_colour = screen.is_terminal and not screen.no_color
    with farm.stop.on_signals():
        for piece in farm.logs(subject, out, shot=shot, stage=stage, take=take, attempt=attempt, follow=follow):
            if json and isinstance(piece, Line):
                typer.echo(piece.json())
            elif json and isinstance(piece, Remark):
                complain(legible(piece.words), "dim")
            elif not json and (debug or not is_detail(piece)):
                typer.echo(shown(piece, colour=has_colour), color=True)
    if farm.stop.event.is_set():
        raise typer.Exit(Exit.INTERRUPTED)


def approve(
    job: JobArgument,
    shot: Annotated[str, typer.Argument(metavar="SHOT", help="A shot's code.")],
    take: Annotated[int, typer.Argument(metavar="TAKE", min=1, help="The number of the take to deliver.")],
    out: OutOption = "",
    wait: WaitOption = 5.0,
    json: JsonOption = False,
) -> None:
    """Choose the take of a shot. Choosing what the ranking had picked runs nothing."""
    show_receipt(service().approve(job, shot, take, out, wait_s=wait), json)


def reroll(
    job: JobArgument,
    shot: Annotated[str, typer.Argument(metavar="SHOT", help="A shot's code.")],
    takes: Annotated[int, typer.Option(help="How many more, by each of its models.", min=1, max=16)] = 2,
    prompt: Annotated[str, typer.Option(help="In place of the shot's prompt, for these takes.")] = "",
    out: OutOption = "",
    wait: WaitOption = 5.0,
    json: JsonOption = False,
) -> None:
    """Make more takes of a shot, from new seeds. Those that are there stay, and all are ranked together."""
    show_receipt(service().reroll(job, shot, takes, prompt, out, wait_s=wait), json)


def priority(
    job: JobArgument,
    number: Annotated[int, typer.Argument(metavar="N", help="0-100, higher first.")],
    out: OutOption = "",
    wait: WaitOption = 5.0,
    json: JsonOption = False,
) -> None:
    """Change a job's priority: 75 and above is urgent, below 25 background."""
    show_receipt(service().prioritise(job, number, out, wait_s=wait), json)


def pause(job: JobArgument, out: OutOption = "", wait: WaitOption = 5.0, json: JsonOption = False) -> None:
    """Begin nothing more for a job; what runs ends normally."""
    show_receipt(service().pause(job, out, wait_s=wait), json)


def resume(job: JobArgument, out: OutOption = "", wait: WaitOption = 5.0, json: JsonOption = False) -> None:
    """Let a paused or held job go on."""
    show_receipt(service().resume(job, out, wait_s=wait), json)


def cancel(job: JobArgument, out: OutOption = "", wait: WaitOption = 5.0, json: JsonOption = False) -> None:
    """End a job. What it shares with other jobs goes on; what is finished stays."""
    show_receipt(service().cancel(job, out, wait_s=wait), json)


def retry(
    job: JobArgument, shot: ShotOption = "", out: OutOption = "", wait: WaitOption = 5.0, json: JsonOption = False
) -> None:
    """Try again what failed or was cancelled, of a whole job or of one shot."""
    show_receipt(service().retry(job, shot, out, wait_s=wait), json)


def show_receipt(receipt: Receipt, json: bool) -> None:
    """What became of a request; a refusal is exit code 1."""
    from farm.terminal import receipt_line

    if json:
        typer.echo(receipt.model_dump_json(indent=2))
    elif receipt.state == "refused":
        complain(f"refused: {receipt.reason}")
    else:
        console().print(receipt_line(receipt))
    raise typer.Exit(Exit.FAILED if receipt.state == "refused" else Exit.OK)
