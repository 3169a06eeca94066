"""What a person sees at the terminal: the live view of a render, and the tables."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from farm.chain import StageName
from farm.findings import Finding, Severity
from farm.summary import JobSummary, ShotSummary
from farm.tasks import Outcome, Task, TaskId

REFRESHES_PER_S = 4

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "dim"}

_WEIGHT = {StageName.GENERATE: 10.0, StageName.ASSEMBLE: 6.0, StageName.DELIVER: 3.0, StageName.SCORE: 2.0}
"""Rough relative cost of stages, for the bar and the time left."""


class Watch:
    """Keeps count of a render's tasks, for whoever shows them (`farm.cluster.driver.Observer`)."""

    def __init__(self, shots: int) -> None:
        self.shots = shots
        self.rendered = 0
        self.started = time.monotonic()
        self.tasks: dict[TaskId, Task] = {}
        self.running: dict[TaskId, float] = {}
        self.done: Counter[str] = Counter()
        self.failed: dict[TaskId, Outcome] = {}

    def added(self, task: Task) -> None:
        self.tasks[task.id] = task

    def progressed(self, task: Task, fraction: float) -> None:
        self.running[task.id] = fraction

    def settled(self, task: Task, outcome: Outcome) -> None:
        self.running.pop(task.id, None)
        self.done[task.stage] += 1
        if outcome.done and task.stage == StageName.GENERATE:
            self.rendered += 1
        if not outcome.done:
            self.failed[task.id] = outcome

    def pulse(self) -> None:
        """Nothing to redraw."""

    def planned(self, stage: str) -> int:
        return sum(task.stage == stage for task in self.tasks.values())

    @property
    def fraction(self) -> float:
        """How much of the whole job is done, by rough cost; every shot will be delivered, every list assembled."""
        expected = {stage: max(self.planned(stage), self._at_least(stage)) for stage in StageName}
        total = sum(_cost(stage) * count for stage, count in expected.items())
        done = sum(_cost(stage) * self.done[stage] for stage in StageName)
        under_way = sum(_cost(self.tasks[task].stage) * part for task, part in self.running.items())
        return min(1.0, (done + under_way) / total) if total else 0.0

    @property
    def remaining_s(self) -> float | None:
        """Seconds left at the rate so far; None before there is one."""
        elapsed = time.monotonic() - self.started
        return elapsed * (1 - self.fraction) / self.fraction if self.fraction > 0.02 else None

    def _at_least(self, stage: StageName) -> int:
        shots = len({task.shot for task in self.tasks.values() if task.shot})
        return {StageName.SELECT: shots, StageName.DELIVER: shots, StageName.ASSEMBLE: 1}.get(stage, 0)


class LiveWatch(Watch):
    """The same, drawn while it happens."""

    def __init__(self, shots: int, console: Console) -> None:
        super().__init__(shots)
        self.live = Live(console=console, refresh_per_second=REFRESHES_PER_S, transient=True, get_renderable=self._draw)

    def pulse(self) -> None:
        self.live.refresh()

    def _draw(self) -> Group:
        left = self.remaining_s
        head = Text.assemble(
            (f"{self.fraction:4.0%} ", "bold"),
            (f" {_clock(time.monotonic() - self.started)} gone", "dim"),
            (f", about {_clock(left)} left" if left is not None else "", "dim"),
        )
        counts = Text("  ").join(
            Text.assemble((f"{stage} ", "dim"), f"{self.done[stage]}/{self.planned(stage)}")
            for stage in StageName
            if self.planned(stage)
        )
        rows = Table.grid(padding=(0, 2))
        for task, fraction in self.running.items():
            rows.add_row(Text(self.tasks[task].label, "cyan"), ProgressBar(1.0, fraction, width=24), f"{fraction:.0%}")
        bar = ProgressBar(1.0, self.fraction, width=48)
        failed = Text(f"{len(self.failed)} failed", "red") if self.failed else Text("")
        return Group(head, bar, counts, failed, rows)


def findings_table(findings: Iterable[Finding]) -> Table:
    """Findings with place, problem and remedy."""
    table = Table(box=None, pad_edge=False, show_header=True, header_style="dim")
    for title in ("", "where", "what", "what to do"):
        table.add_column(title, overflow="fold")
    for finding in findings:
        mark = Text(str(finding.severity), _COLOURS[finding.severity])
        shot = f" ({finding.shot})" if finding.shot else ""
        table.add_row(mark, Text(f"{finding.place}{shot}"), Text(finding.problem), Text(finding.remedy, "dim"))
    return table


def summary_table(summary: JobSummary) -> Table:
    """One row a shot: the chosen take and its score, or why there is none."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in ("shot", "length", "takes", "picked", "score", ""):
        table.add_column(title, justify="right" if title in {"length", "score"} else "left", overflow="fold")
    for shot in summary.shots:
        table.add_row(*_row(shot))
    return table


def _row(shot: ShotSummary) -> tuple[Text, ...]:
    name, length = Text(shot.code, "bold"), Text(f"{shot.seconds:.2f} s")
    made = sum(take.state == "done" for take in shot.takes)
    takes = Text(f"{made}/{len(shot.takes)}")
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


def location(out: str, key: str) -> str:
    """Where a key is, as a person would open it: a path relative to here when that is shorter, else a URL."""
    url = f"{out.rstrip('/')}/{key}"
    if "://" in url and not url.startswith("file://"):
        return url
    path = Path(url.removeprefix("file://"))
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def plain(text: str) -> str:
    """Text that rich will print as it is."""
    return escape(text)


def _cost(stage: str) -> float:
    return _WEIGHT.get(StageName(stage), 1.0)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"
