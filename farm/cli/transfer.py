"""Bytes on their way, as seen at the terminal: a bar where there is a screen, now and then a line where there is none.

fetching ━━━━━━━━━━╸─────────── 12.3/34.1 GB  81.5 MB/s  0:04:27
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from farm.cli.screen import console
from farm.weights.fetch import gigabytes
from farm.weights.progress import Silent

if TYPE_CHECKING:
    from farm.weights.progress import Progress as Listener

LINE_EVERY_S = 10.0


@contextmanager
def transfer(*, quiet: bool = False) -> Iterator[Listener]:
    """Whoever listens to a transfer: nobody, a bar, or a log."""
    screen = console()
    if quiet:
        yield Silent()
    elif not screen.is_terminal:
        yield Lines(screen)
    else:
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
        with Progress(*columns, TimeRemainingColumn(), console=screen) as progress:
            yield Bar(progress)


class Bar:
    """One bar for each part of the work."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task: TaskID | None = None

    def say(self, line: str) -> None:
        self._progress.console.print(line, highlight=False, markup=False, soft_wrap=True)

    def begin(self, what: str, total: int) -> None:
        if self._task is not None:
            self._progress.update(self._task, visible=False)
        self._task = self._progress.add_task(what, total=total)

    def advance(self, count: int) -> None:
        if self._task is not None and count:
            self._progress.advance(self._task, count)


class Lines:
    """A line at the beginning, every few seconds, and at the end: how far, how fast, how long still."""

    def __init__(self, screen: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._screen = screen
        self._clock = clock
        self._lock = Lock()
        self._what, self._total, self._moved, self._first = "", 0, 0, 0
        self._began = self._told = 0.0

    def say(self, line: str) -> None:
        self._screen.print(line, highlight=False, markup=False, soft_wrap=True)

    def begin(self, what: str, total: int) -> None:
        with self._lock:
            self._what, self._total, self._moved, self._first = what, total, 0, -1
            self._began = self._told = self._clock()

    def advance(self, count: int) -> None:
        with self._lock:
            self._moved += count
            if self._first < 0:  # what an earlier run had brought says nothing of the rate
                self._first = self._moved
            now = self._clock()
            ended = bool(count) and self._moved >= self._total
            if ended or now >= self._told + LINE_EVERY_S:
                self._told = now
                self.say(self._line(now - self._began))

    def _line(self, seconds: float) -> str:
        rate = (self._moved - self._first) / seconds if seconds else 0.0
        line = f"{self._what}: {gigabytes(self._moved)} of {gigabytes(self._total)}"
        if rate <= 0:
            return line
        left = (self._total - self._moved) / rate
        return f"{line}, {gigabytes(round(rate))}/s" + (f", {duration(left)} left" if left > 0 else "")


def duration(seconds: float) -> str:
    """ "4:27", "1:02:03"."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
