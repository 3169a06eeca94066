"""Options that several commands share, and the exit codes of all."""

from __future__ import annotations

from enum import IntEnum
from pathlib import Path
from typing import Annotated

import typer


class Exit(IntEnum):
    OK = 0
    FAILED = 1
    BAD_INPUT = 2
    INTERRUPTED = 130


ListArgument = Annotated[
    Path,
    typer.Argument(
        metavar="LIST", help="Shot list (.csv, .xlsx, .yaml, .json, .storyboarder) or timeline (.otio, .edl, .xml)."
    ),
]
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
DraftFirstOption = Annotated[
    bool, typer.Option("--draft-first", help="Choose among drafts of all takes; render in full what is chosen.")
]
SelectOption = Annotated[str, typer.Option(help="Who picks the takes: auto (the ranking) or hold (people).")]
PriorityOption = Annotated[int | None, typer.Option(min=0, max=100, help="0-100, higher first; else the project's.")]
BudgetOption = Annotated[str, typer.Option(help="What the job may cost in all; nothing begins that would exceed it.")]
JobArgument = Annotated[str, typer.Argument(metavar="JOB", help="A job's id, or its beginning; see `farm jobs`.")]
WaitOption = Annotated[
    float, typer.Option(min=0, help="Seconds to wait for the driver's answer; 0 to leave the request with it.")
]
