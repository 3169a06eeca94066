"""What a machine is told: commands, exit codes, settings."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from .markdown import attribute_docs, code, default, how_read, table

WIDTH = 88
"""Columns of the help pages."""

EXIT_CODES: Mapping[str, str] = {
    "OK": "everything came out; a request was applied, or is queued",
    "FAILED": "some shots have no clip, each named with its reason; a request was refused; a check failed",
    "BAD_INPUT": "what was handed in is wrong: nothing was done",
    "INTERRUPTED": "stopped by Ctrl-C or SIGTERM; the same command goes on from there",
}


def environment() -> str:
    from farm.config import Config

    return "\n".join(line for line in inspect.cleandoc(Config.__doc__ or "").splitlines() if line.startswith("|"))


def file_settings() -> str:
    """The settings that are lists or groups, and have no variable."""
    from farm.config import NodeKind, Prices, ProjectTerms, ScalingTerms
    from farm.webhook import Webhook

    groups: Mapping[str, type[BaseModel]] = {
        "prices": Prices,
        "projects": ProjectTerms,
        "elastic": NodeKind,
        "scaling": ScalingTerms,
        "webhooks": Webhook,
    }
    extra = {
        "prices.cpu_hour": "what an hour of a CPU costs",
        "prices.gpu_hour": "what an hour of a GPU costs",
        "projects.project": "the project that this is about",
        "projects.budget": "what it may cost in all",
        "elastic.cpus": "CPUs of one such node",
        "elastic.gpus": "GPUs of one such node",
        "elastic.at_most": "how many of them there may be",
    }

    def rows() -> Iterator[tuple[str, ...]]:
        for group, owner in groups.items():
            docs = attribute_docs(owner)
            for name, field in owner.model_fields.items():
                key = f"{group}.{name}"
                meaning = extra.get(key) or docs[name].rstrip(".")
                meaning = meaning[:1].lower() + meaning[1:] if not meaning[:2].isupper() else meaning
                reading = "a name" if key in {"elastic.pool", "elastic.market", "webhooks.name"} else how_read(field)
                yield code(key), meaning, reading, default(field.default)

    return table(("key", "what it is", "how it is read", "without it"), rows())


def commands() -> str:
    from typer.main import get_command
    from typer.testing import CliRunner

    from farm.cli import app

    def page(*names: str) -> str:
        environ = {"COLUMNS": str(WIDTH), "TERMINAL_WIDTH": str(WIDTH)}
        said = CliRunner().invoke(app, [*names, "--help"], prog_name="farm", env=environ).output
        return f"## farm {' '.join(names)}".rstrip() + f"\n\n```text\n{said.strip()}\n```"

    def below(command: Any, *names: str) -> Iterator[str]:
        yield page(*names)
        for name, inner in getattr(command, "commands", {}).items():
            yield from below(inner, *names, name)

    return "\n\n".join(below(get_command(app)))


def exit_codes() -> str:
    from farm.cli.options import Exit

    return table(("code", "means"), ((code(each.value), EXIT_CODES[each.name]) for each in Exit))
