"""The study at the terminal: a row for each policy, what is picked by which rule, and whether the code agrees."""

from __future__ import annotations

from rich.console import Group
from rich.table import Table
from rich.text import Text

from farm.scheduler.policy import Scaling
from farm.simulator.study.pick import rule
from farm.simulator.study.playing import Played
from farm.simulator.study.studying import Row, Study

COLUMNS = ("policy", "a clip", "used", "wait", "p95", "urgent", "p95", "list", "nodes", "spot", "lost")


def study_table(study: Study) -> Group:
    """All of it. Waits and times of lists in minutes."""
    table = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 1, 0, 0))
    for column in COLUMNS:
        table.add_column(column, justify="left" if column == "policy" else "right", no_wrap=True)
    for row in study.rows:
        style = "bold green" if row is study.picked else "" if row.candidate.may_be_default else "dim"
        table.add_row(*_cells(row), style=style)
    days = f"{len(study.seeds)} days each" if len(study.seeds) > 1 else "one day each"
    foot = Text(
        f"waits of takes, urgent takes and lists in minutes; {days}, {study.picked.mean.clips:.0f} clips", "dim"
    )
    audit = [Text(f"audit: {violation}", "red") for violation in study.violations]
    return Group(table, foot, Text(), _verdict(study), *audit)


def played_line(played: Played) -> str:
    """One day, while the study goes on."""
    figures = played.figures
    return (
        f"{played.candidate.name}, seed {played.seed}: {figures.cost_per_clip:.3f} a clip, a take waits "
        f"{figures.wait_mean_s / 60:.1f} min"
    )


def _cells(row: Row) -> tuple[str, ...]:
    mean = row.mean
    waits = (mean.wait_mean_s, mean.wait_p95_s, mean.urgent_mean_s, mean.urgent_p95_s, mean.list_s)
    return (
        row.candidate.name,
        f"{mean.cost_per_clip:.3f}",
        f"{mean.used:.0%}",
        *(f"{wait_s / 60:.1f}" for wait_s in waits),
        f"{mean.nodes:.0f}",
        f"{mean.spot:.0%}",
        f"{mean.reclaimed:.1f}",
    )


def _verdict(study: Study) -> Text:
    picked = study.picked.candidate
    scaling = Scaling()
    agrees = (
        ("the code's default agrees", "green")
        if study.agrees
        else (
            f"the code's default is another: backlog_s {scaling.backlog_s:g}, warm_s {scaling.warm_s:g}",
            "yellow",
        )
    )
    return Text.assemble(
        "default: ",
        (picked.name, "bold"),
        f" (backlog_s {picked.scaling.backlog_s:g}, warm_s {picked.scaling.warm_s:g}, "
        f"idle_stop_s {picked.idle_stop_s:g}): {rule()}; ",
        agrees,
    )
