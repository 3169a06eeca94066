"""What a person sees at the terminal: every answer of the service as a table, and as JSON where scripts want it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from fractions import Fraction
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from farm.findings import Finding, Severity

if TYPE_CHECKING:
    from farm.doctor import Check
    from farm.models.spec import ModelSpec
    from farm.service import Outlook, PlannedTake
    from farm.store.gc import Garbage
    from farm.summary import JobSummary, ShotSummary

WARNINGS_SHOWN = 5

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "dim"}


def findings_table(findings: Iterable[Finding]) -> Table:
    """Findings with place, problem and remedy."""
    table = _table("", "where", "what", "what to do")
    for finding in findings:
        mark = Text(str(finding.severity), _COLOURS[finding.severity])
        shot = f" ({finding.shot})" if finding.shot else ""
        table.add_row(mark, Text(f"{finding.place}{shot}"), Text(finding.problem), Text(finding.remedy, "dim"))
    return table


def summary_table(summary: JobSummary) -> Table:
    """One row a shot: the chosen take and its score, or why there is none."""
    table = _table("shot", "length", "takes", "picked", "score", "")
    for shot in summary.shots:
        table.add_row(*_row(shot))
    return table


def _row(shot: ShotSummary) -> tuple[Text, ...]:
    name, length = Text(shot.code, "bold"), Text(f"{shot.seconds:.2f} s")
    made = sum(take.state == "done" for take in shot.takes)
    takes = Text(f"{made}/{len(shot.takes)}")
    if shot.state == "left":
        return name, length, takes, Text("left", "dim"), Text(""), Text("not asked for", "dim")
    if shot.state == "failed":
        return name, length, takes, Text("none", "red"), Text(""), Text(shot.reason, "red")
    take = shot.chosen
    if take is None:
        return name, length, takes, Text("…", "dim"), Text(""), Text("not finished", "dim")
    label = f" {take.label}" if take.label else ""
    score = "" if take.score is None else f"{take.score:.0f}"
    return name, length, takes, Text(f"take {take.number}{label}"), Text(score, "green"), Text(take.why, "dim")


def what_to_open(summary: JobSummary) -> Text:
    """The closing lines: what there is to look at, as paths where they are local."""
    lines = [("report", summary.report), ("animatic", summary.animatic), ("timeline", summary.timeline)]
    lines.append(("contact sheet", summary.contact_sheet))
    text = Text()
    for name, key in lines:
        if key:
            text.append(f"{name:>14}  ", "dim").append(location(summary.out, key) + "\n", "cyan")
    return text


def warning_lines(summary: JobSummary) -> Iterator[Text]:
    """The first few warnings, and where the others are."""
    for warning in summary.warnings[:WARNINGS_SHOWN]:
        yield Text(f"warning: {warning}", "yellow")
    if len(summary.warnings) > WARNINGS_SHOWN:
        yield Text(f"and {len(summary.warnings) - WARNINGS_SHOWN} more: `farm lint` shows them all", "yellow")


def location(out: str, key: str) -> str:
    """Where a key is, as a person would open it: a path relative to here when that is shorter, else a URL."""
    url = f"{out.rstrip('/')}/{key}"
    if "://" in url and not url.startswith("file://"):
        return url
    path = Path(url.removeprefix("file://"))
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def plan_table(outlook: Outlook) -> Table:
    """One row a shot: its takes, the room their moves need, what is there, and every note of the models."""
    table = _table("shot", "takes", "overscan", "to run", "there", "")
    for shot in outlook.shots:
        last = Text(shot.reason, "red") if shot.reason else Text("\n".join(shot.notes), "dim")
        counts = Text(str(shot.to_run or "")), Text(str(shot.there or ""), "green")
        table.add_row(Text(shot.code, "bold"), _takes(shot.takes), _overscans(shot.takes), *counts, last)
    return table


def _takes(takes: Sequence[PlannedTake]) -> Text:
    """By model: "animatic: as asked, gentler"."""
    lines = (
        f"{model}: {', '.join(take.label or f'take {take.number}' for take in group)}"
        for model, group in groupby(takes, key=attrgetter("model"))
    )
    return Text("\n".join(lines))


def _overscans(takes: Sequence[PlannedTake]) -> Text:
    shares = dict.fromkeys(f"{100 * (take.overscan - 1):.1f} %" for take in takes if take.overscan > 1)
    return Text("\n".join(shares), "dim")


def models_table(specs: Iterable[ModelSpec]) -> Table:
    """Every model with what it takes and gives."""
    table = _table("model", "", "takes", "frames", "GPUs", "licence")
    for spec in specs:
        rule = spec.frame_rule
        frames = "any" if rule.stride == 1 else f"{rule.stride}k+{rule.offset}"
        gpus = str(spec.gpus or "none")
        name = Text(spec.name, "bold")
        table.add_row(name, Text(spec.title), Text(", ".join(sorted(spec.conditions))), frames, gpus, spec.licence)
    return table


def checks_table(checks: Iterable[Check]) -> Table:
    """What the doctor found."""
    table = _table("", "", "", "")
    for check in checks:
        mark = Text("ok", "green") if check.fine else Text("fail", "red")
        table.add_row(mark, Text(check.name, "bold"), Text(check.found), Text(check.remedy, "yellow"))
    return table


def garbage_table(found: Iterable[Garbage]) -> Table:
    """What may go, and why."""
    table = _table("size", "why", "file")
    for garbage in found:
        table.add_row(f"{garbage.size / 1e6:.1f} MB", str(garbage.why), Text(garbage.key, "dim"))
    return table


def as_json(items: Sequence[object]) -> str:
    """A list of the service's values as a JSON document."""
    return json.dumps([asdict(item) for item in items], indent=2, default=_plain)  # pyright: ignore[reportArgumentType]


def _plain(value: object) -> object:
    if isinstance(value, frozenset):
        return sorted(str(item) for item in value)
    if isinstance(value, Fraction | Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} is not for JSON")


def _table(*titles: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", show_header=any(titles))
    for title in titles:
        right = title in {"length", "score", "to run", "there", "size", "overscan"}
        table.add_column(title, justify="right" if right else "left", overflow="fold")
    return table
