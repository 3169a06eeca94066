"""Commands about models: what there is, pulled from a hub or added from a folder, checked, removed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from farm.cli.options import Exit, JsonOption, ProjectOption
from farm.cli.screen import complain, console, service
from farm.errors import Cancelled, InputError

if TYPE_CHECKING:
    from farm.models.diffusion.installed import Installed, Overrides

models = typer.Typer(rich_markup_mode=None)

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="A name of `farm models`.")]


@models.callback(invoke_without_command=True)
def listed(context: typer.Context, json: JsonOption = False) -> None:
    """List the models: what they take and make, what they need, and which are installed."""
    if context.invoked_subcommand is not None:
        return
    from farm.cli.modelscreen import models_table, troubles
    from farm.terminal import documents

    views = service().models.views()
    if json:
        typer.echo(documents(views))
        return
    screen = console()
    screen.print(models_table(views, screen.width))
    for line in troubles(views):
        screen.print(line, soft_wrap=True)


@models.command()
def show(name: NameArgument, json: JsonOption = False) -> None:
    """Show all of one model: limits, files, and what fidelity and motion come to."""
    from farm.cli.modelscreen import model_sheet

    view = service().models.view(name)
    if json:
        typer.echo(view.model_dump_json(indent=2))
    else:
        console().print(model_sheet(view))


@models.command()
def pull(name: NameArgument, project: ProjectOption = None, json: JsonOption = False) -> None:
    """Fetch a model's weights. Broken off, the same command goes on from there."""
    from farm.cli.transfer import transfer

    with _stoppable(), transfer(quiet=json) as progress:
        record = service().models.pull(name, project, progress)
    _show_record(record, json)


@models.command()
def add(
    source: Annotated[
        str, typer.Argument(metavar="PATH|ID", help="A folder in diffusers layout, a LoRA, an upscaler, or owner/name.")
    ],
    name: Annotated[str, typer.Option(help="What lists will call it.")],
    like: Annotated[str, typer.Option(help="The known model it is a fine-tune of; else its configuration tells.")] = "",
    size: Annotated[
        list[str] | None, typer.Option(help="A size it makes, 1280x704; the first is the usual one.")
    ] = None,
    frames: Annotated[int | None, typer.Option(min=1, help="How many frames it makes best.")] = None,
    fps: Annotated[str, typer.Option(help="Its rate.")] = "",
    steps: Annotated[int | None, typer.Option(min=1, help="Denoising steps, such as 4 for a distilled one.")] = None,
    licence: Annotated[str, typer.Option(help="Its licence; else that of the model it is like.")] = "",
    copy: Annotated[bool, typer.Option("--copy", help="Copy the files into the models folder.")] = False,
    project: ProjectOption = None,
    json: JsonOption = False,
) -> None:
    """Add weights of your own: a fine-tune, a LoRA, an upscaler. They stay where they are, unless copied."""
    from farm.cli.transfer import transfer
    from farm.weights.add import Asked

    own = _overrides(size or [], frames, fps, steps)
    asked = Asked(source, name, like=like, licence=licence, overrides=own, copy=copy)
    with _stoppable(), transfer(quiet=json) as progress:
        record = service().models.add(asked, project, progress)
    _show_record(record, json)


@models.command()
def check(name: NameArgument) -> None:
    """Read an installed model's files again. Exit code 1 when one is no longer what it was."""
    from farm.cli.transfer import transfer

    with _stoppable(), transfer() as progress:
        damaged = service().models.check(name, progress)
    for file in damaged:
        complain(f"{file} is damaged or gone")
    if not damaged:
        console().print(f"{name}: every file is what it was", style="green", highlight=False)
    raise typer.Exit(Exit.FAILED if damaged else Exit.OK)


@models.command()
def remove(name: NameArgument) -> None:
    """Take a model out of the models folder. Weights that were added where they stand stay there."""
    console().print(service().models.remove(name), highlight=False, soft_wrap=True)


@contextmanager
def _stoppable() -> Iterator[None]:
    """Ctrl-C or SIGTERM (`farm.cli.ending`) end a transfer, whatever it waits for; what was fetched stays."""
    try:
        yield
    except (KeyboardInterrupt, Cancelled) as stop:
        complain("stopped; the same command goes on from here")
        raise typer.Exit(Exit.INTERRUPTED) from stop


def _overrides(sizes: list[str], frames: int | None, fps: str, steps: int | None) -> Overrides:
    from farm.models.diffusion.installed import Overrides
    from farm.shots.reading import pixels, timing
    from farm.shots.reading.values import BadValue

    try:
        found = tuple(pixels.size(size) for size in sizes)
        rate = timing.rate(fps) if fps else None
    except BadValue as error:
        raise InputError(f"--size or --fps: {error.problem} ({error.remedy})") from error
    return Overrides(sizes=found, frames=frames, fps=rate, steps=steps)


def _show_record(record: Installed, json: bool) -> None:
    if json:
        typer.echo(record.model_dump_json(indent=2))
