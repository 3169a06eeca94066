"""The `farm` command. Parses arguments, calls the service, shows the answer; decides nothing itself.

Exit codes: 0 everything came out · 1 some shots failed, each named with its reason, or a request was refused · 2 what
was handed in is wrong · 130 stopped by Ctrl-C or SIGTERM; the same command goes on from there.

SIGTERM ends every command as Ctrl-C does, also as the first process of a container, which has no signal handlers but
its own. Commands that have something to put away hear of it themselves (`farm.stopping`); those that are
there to serve (drive, up, serve) have then done what they were for, and end with 0.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from typing import Annotated

import typer

from farm import __version__
from farm.cli import bring, catalog, deploy, house, jobs, lists, models, notify, top
from farm.cli.ending import ending_on_sigterm
from farm.cli.options import Exit
from farm.cli.screen import complain, complain_of
from farm.errors import Cancelled, DocumentError, FarmError, InputError

app = typer.Typer(
    name="farm",
    help="A render farm for image-to-video: shot lists in; takes, scores, clips and an animatic out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # the plain help page needs no rich, whose import would be most of its time
)

for command in (
    lists.lint,
    lists.plan,
    lists.render,
    lists.submit,
    lists.conform,
    jobs.jobs,
    jobs.status,
    jobs.watch,
    top.top,
    jobs.why,
    jobs.logs,
    jobs.approve,
    jobs.reroll,
    jobs.priority,
    jobs.pause,
    jobs.resume,
    jobs.cancel,
    jobs.retry,
    notify.notifications,
    house.up,
    house.drive,
    house.drain,
    deploy.serve,
    deploy.migrate,
    house.doctor,
    house.gc,
    house.simulate,
):
    app.command()(command)
app.command("import")(bring.import_folder)
app.add_typer(models.models, name="models", help="The models: list, show, pull, add, check, remove.")
app.add_typer(notify.notify, name="notify", help="Webhooks of the settings: test them.")
app.add_typer(catalog.catalog, name="catalog", help="The Parquet record of everything made.")


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


def main() -> None:
    """The console script: runs the command, and says what went wrong in one clear message."""
    with ending_on_sigterm():
        code = _run()
    try:
        sys.stdout.flush()
    except OSError as error:  # a full disk, or a reader that has gone: what was written is lost
        _forget_output()
        complain(f"the answer could not be written: {error.strerror}")
        code = Exit.FAILED
    sys.exit(code)


_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""What a write to a full disk fails with, of the answer itself for one."""


def _run() -> int | str | None:
    try:
        app()
    except SystemExit as leaving:
        # what Ray leaves with, which hears of SIGTERM itself while it starts
        return Exit.INTERRUPTED if leaving.code == signal.SIGTERM else leaving.code
    except KeyboardInterrupt:  # before typer hears, or after
        return Exit.INTERRUPTED
    except Cancelled as stopped:
        complain(str(stopped))
        return Exit.INTERRUPTED
    except DocumentError as error:
        complain_of(error)
        return Exit.BAD_INPUT
    except InputError as error:
        complain(str(error))
        return Exit.BAD_INPUT
    except FarmError as error:
        complain(str(error))
        return Exit.FAILED
    except OSError as error:
        if error.errno not in _FULL:
            raise
        complain(f"cannot write: {error.strerror} (free some space where the output goes)")
        return Exit.FAILED
    return Exit.OK


def _forget_output() -> None:
    """Let Python end without trying once more to write what could not be written."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
