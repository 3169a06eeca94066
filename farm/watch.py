"""Watching a render: counts its tasks, and shows them as they come out.

Watch(None)       counts only               (--json)
Watch(console)    one line per finished shot (a log, a pipe)
LiveWatch         a live view, gone when it is over; failures stay
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection
from types import TracebackType
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from farm.chain import StageName
from farm.lastwords import last_words
from farm.logview import last_words_quoted
from farm.overview.headway import expected, rough_cost
from farm.printable import legible
from farm.store.records import JobState
from farm.tasks import Outcome, Task, TaskId

REFRESHES_PER_S = 4
BAR_WIDTH = 48

LANDMARKS = frozenset({StageName.DELIVER, StageName.ASSEMBLE, StageName.MIX})
"""Stages whose end is worth a line of its own."""
LAST_WORDS = 6
"""Of a failed task's log."""


class Watch:
    """Keeps count of a render's tasks (`farm.driver.seams.Observer`)."""

    def __init__(self, console: Console | None, landmarks: Collection[str] = LANDMARKS) -> None:
        self._console = console
        self._landmarks = landmarks
        self.started = time.monotonic()
        self.tasks: dict[TaskId, Task] = {}
        self.running: dict[TaskId, float] = {}
        self.done: Counter[str] = Counter()
        self.failed: dict[TaskId, Outcome] = {}

    def added(self, job: str, task: Task, *, there: bool) -> None:
        del job  # one view shows one job
        self.tasks[task.id] = task
        self.done[task.stage] += there

    def progressed(self, task: Task, fraction: float) -> None:
        self.running[task.id] = fraction

    def settled(self, task: Task, outcome: Outcome) -> None:
        self.running.pop(task.id, None)
        self.done[task.stage] += 1
        if not outcome.done:
            self.failed[task.id] = outcome
        if outcome.done and task.stage in self._landmarks:
            self._say(task, Text("done", "green"))
        elif not outcome.done and (words := last_words(task, outcome.manifest)):  # what fails with it is not told
            self._say(task, Text(f"failed: {legible(outcome.message)}", "red"))
            self._print(last_words_quoted(words, LAST_WORDS))

    def _say(self, task: Task, how: Text) -> None:
        self._print(Text.assemble((f"{self.fraction:4.0%} ", "dim"), f"{task.label} ", how))

    def ended(self, job: str, state: JobState) -> None:
        """The command that watches says how it ended."""

    def pulse(self) -> None:
        """Nothing to redraw."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def planned(self, stage: str) -> int:
        return sum(task.stage == stage for task in self.tasks.values())

    def _print(self, line: Text) -> None:
        if self._console:
            self._console.print(line, soft_wrap=True)

    @property
    def fraction(self) -> float:
        """How much of the whole job is done, by rough cost (`farm.overview.headway`)."""
        planned, shots = (
            Counter(task.stage for task in self.tasks.values()),
            {task.shot for task in self.tasks.values()},
        )
        total = sum(rough_cost(stage) * count for stage, count in expected(planned, len(shots - {""})).items())
        done = sum(rough_cost(stage) * count for stage, count in self.done.items())
        under_way = sum(rough_cost(self.tasks[task].stage) * part for task, part in self.running.items())
        return min(1.0, (done + under_way) / total) if total else 0.0

    @property
    def remaining_s(self) -> float | None:
        """Seconds left at the rate so far; None before there is one."""
        elapsed = time.monotonic() - self.started
        return elapsed * (1 - self.fraction) / self.fraction if self.fraction > 0.02 else None


class LiveWatch(Watch):
    """The same, drawn while it happens."""

    def __init__(self, console: Console) -> None:
        super().__init__(console, landmarks=())  # failures stand above it
        self._live = Live(console=console, auto_refresh=False, transient=True, get_renderable=self._draw)
        self._refresh_due = 0.0

    def pulse(self) -> None:
        if time.monotonic() >= self._refresh_due:
            self._live.refresh()
            self._refresh_due = time.monotonic() + 1 / REFRESHES_PER_S

    def __enter__(self) -> Self:
        self._live.start(refresh=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def _draw(self) -> Group:
        if not self.tasks:
            return Group(Text("reading the stills, starting the workers …", "dim"))
        return Group(self._headline(), self._counts(), Text(), self._running())

    def _headline(self) -> Table:
        left = self.remaining_s
        clock = f"{_clock(time.monotonic() - self.started)} gone"
        row = Table.grid(padding=(0, 2))
        row.add_row(
            ProgressBar(1.0, self.fraction, width=BAR_WIDTH),
            Text(f"{self.fraction:4.0%}", "bold"),
            Text(clock if left is None else f"{clock}, about {_clock(left)} left", "dim"),
            Text(f"{len(self.failed)} failed", "red") if self.failed else Text(),
        )
        return row

    def _counts(self) -> Text:
        stages = [stage for stage in StageName if self.planned(stage)]
        counts = (Text.assemble((f"{stage} ", "dim"), f"{self.done[stage]}/{self.planned(stage)}") for stage in stages)
        return Text("  ").join(counts)

    def _running(self) -> Table:
        rows = Table.grid(padding=(0, 2))
        for task, fraction in self.running.items():
            bar = ProgressBar(1.0, fraction, width=BAR_WIDTH // 2)
            rows.add_row(Text(self.tasks[task].label, "cyan"), bar, Text(f"{fraction:.0%}", "dim"))
        return rows


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"
