"""The jobs: how far each is, what runs of it, what it has cost, and when it may be done."""

from __future__ import annotations

import sys
from collections import Counter

from rich.text import Text

from farm.driver.glance import CHOICE
from farm.jobview import JobView, clock
from farm.overview.values import Eta, JobProgress, Overview
from farm.spans import span
from farm.top.bars import progress
from farm.top.grid import Column, Grid, Row
from farm.top.words import REASONS, STYLES, count

_STATES = {
    "active": "cyan",
    "done": "green",
    "failed": "red",
    "cancelled": "dim",
    "pending": "yellow",
    "paused": "yellow",
    "held": "yellow",
}

COLUMNS = (
    Column("JOBS", least=12),
    Column("project", from_width=96, least=8),
    Column("state", from_width=56),
    Column("prio", right=True, from_width=72),
    Column("done", from_width=64),
    Column("", right=True),
    Column("runs", right=True),
    Column("waits", right=True, from_width=110),
    Column("failed", right=True),
    Column("cost", right=True, from_width=96, if_any=True),
    Column("done in", right=True),
    Column("waits for", from_width=132, least=16),
    Column("by", from_width=164, least=8),
)


BARS = ((120, 10), (150, 14), (180, 20), (sys.maxsize, 32))
"""Cells of a job's bar, by the width of the screen."""


def jobs(view: Overview, width: int, selected: str) -> Grid:
    bar = next(cells for upto, cells in BARS if width < upto)
    return Grid(COLUMNS, [_row(line, bar, line.job.id == selected) for line in view.jobs], "jobs")


def _row(line: JobProgress, bar: int, is_selected: bool) -> Row:
    job, tasks = line.job, Counter(line.job.tasks)
    style = _STATES.get(job.state, "")
    cells = (
        Text(job.id, "" if not job.live else "bold"),
        Text(job.project),
        Text(job.state, style),
        Text(str(job.priority), "dim"),
        progress(line.share, bar, style) if tasks else Text(),
        Text(f"{int(100 * line.share)}%" if tasks else ""),
        Text(f"{tasks['running']:,}" if tasks["running"] else "", "cyan"),
        Text(f"{tasks['waiting']:,}" if tasks["waiting"] else ""),
        Text(f"{tasks['failed']:,}" if tasks["failed"] else "", "red"),
        _cost(job),
        _end(line),
        _waits(job, words=False),
        Text(job.principal, "dim"),
    )
    return Row(cells, is_chosen=is_selected)


def detail(line: JobProgress) -> list[Text]:
    """One job in two lines: what the table has no room for."""
    job, tasks = line.job, Counter(line.job.tasks)
    about = [f"{tasks['done']:,} of {count(tasks.total(), 'task')} done"] if tasks else []
    about += [f"cost {cost}"] if (cost := _cost(job).plain) else []
    about += [f"submitted {clock(job.created_us)}" + (f" by {job.principal}" if job.principal else "")]
    parts = [Text(job.message, "red" if job.state == "failed" else "yellow")] if job.message else []
    if job.waits:
        parts.append(Text.assemble(("waits for ", "dim"), _waits(job, words=True)))
    head = Text.assemble((job.id, "bold"), f" of {job.project}", (f" · {', '.join(about)}", "dim"))
    return [head, Text(" · ").join(parts)]


def _end(line: JobProgress) -> Text:
    """When it is done, or was."""
    job = line.job
    if job.ended_us:
        return Text(f"at {clock(job.ended_us)}", "dim")
    return Text(_eta(line.eta), "bold") if line.eta else Text("-", "dim")


def _eta(eta: Eta) -> str:
    return f"~ {span(eta.seconds)}" if eta.is_rough else span(eta.seconds)


def _cost(job: JobView) -> Text:
    """ "12.40 of 50.00", red when little is left; nothing where nothing costs."""
    if not job.cost_micros and job.budget_micros is None:
        return Text()
    spent = f"{job.cost_micros / 1e6:,.2f}"
    if job.budget_micros is None:
        return Text(spent)
    return Text(
        f"{spent} of {job.budget_micros / 1e6:,.2f}", "red" if job.cost_micros > 0.9 * job.budget_micros else ""
    )


def _waits(job: JobView, *, words: bool) -> Text:
    """What waits for what, the most first; earlier steps only where there is nothing else."""
    told = {reason: tasks for reason, tasks in job.waits.items() if reason not in {"upstream", job.state}}
    parts: list[Text] = []
    for reason, tasks in sorted((told or job.waits).items(), key=lambda item: -item[1]):
        name = "choice" if reason == CHOICE else reason
        meant = f" ({REASONS[reason]})" if words and reason in REASONS else ""
        parts.append(Text(f"{tasks:,} {name}{meant}", STYLES.get(reason, "")))
    return Text(", ").join(parts)
