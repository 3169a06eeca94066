"""A worker's line to the driver: how it is told that the driver lives, and tells how far its attempt is.

    driver ── listen(acknowledged) ──▶ worker          held up to `hold_s`, or until there is progress to tell
    driver ◀── Heard(at_s, progress) ── worker         at once followed by the next listen(at_s)

A worker may go on until `silence_s` after the last of its own clock's readings that the driver has acknowledged. The
driver, having had a reading, knows without comparing clocks or trusting the network that the worker has stopped
`silence_s` after that reading *arrived*: only then does it give the work to another. A call that arrives late
renews nothing, since what it acknowledges is old.

The watchdog ends the whole process, children too: nothing less stops a model in the middle of a step.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Condition, Lock, Thread

from farm.tasks import TaskId

REPORT_EVERY_S = 2.0
"""An attempt tells how far it is at once, and then this often at most."""

HOLDS_PER_SILENCE = 6


@dataclass(frozen=True, slots=True)
class Step:
    """How much of an attempt is done, 0-1."""

    task: TaskId
    attempt: int
    fraction: float


@dataclass(frozen=True, slots=True)
class Heard:
    """A worker's answer: its monotonic clock, for the driver to send back, and progress if there is any."""

    at_s: float
    step: Step | None = None


def hold_s(silence_s: float) -> float:
    """How long a worker holds a call that it has nothing to say to."""
    return silence_s / HOLDS_PER_SILENCE


class Lifeline:
    """The worker's end. `listen` is called from threads of their own; `report` from the attempt's."""

    def __init__(self, silence_s: float, end: Callable[[], None] | None = None) -> None:
        self._silence_s = silence_s
        self._end = end or end_process
        self._changed = Condition()
        self._pen = Lock()
        self._until_s = time.monotonic() + silence_s
        self._attempt: tuple[TaskId, int] | None = None
        self._step: Step | None = None
        self._tell_from_s = 0.0

    def watch(self) -> None:
        """Start the watchdog."""
        Thread(target=self._watch, name="lifeline", daemon=True).start()

    def listen(self, acknowledged_s: float | None) -> Heard:
        """Answer when there is progress to tell, or after a while. `acknowledged_s` is the last answer's reading."""
        give_up_s = time.monotonic() + hold_s(self._silence_s)
        with self._changed:
            if acknowledged_s is not None and self._until_s:
                self._until_s = max(self._until_s, acknowledged_s + self._silence_s)
            while True:
                now_s = time.monotonic()
                due_s = give_up_s if self._step is None else min(give_up_s, self._tell_from_s)
                if now_s >= due_s:
                    return self._answer(now_s)
                self._changed.wait(due_s - now_s)

    def begin(self, task: TaskId, attempt: int) -> None:
        """What is reported from now on is this attempt's."""
        with self._changed:
            self._attempt, self._step, self._tell_from_s = (task, attempt), None, 0.0

    def report(self, task: TaskId, attempt: int, fraction: float) -> None:
        """Note how far the attempt is, unless a later one has begun. Only the latest note is told."""
        with self._changed:
            if self._attempt != (task, attempt):
                return
            first = self._step is None
            self._step = Step(task, attempt, fraction)
            if first:
                self._changed.notify()

    def finish(self, task: TaskId, attempt: int) -> None:
        """The attempt is over: nothing more is told of it."""
        with self._changed:
            if self._attempt == (task, attempt):
                self._attempt = self._step = None

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold while what completes an attempt is written; ends this process when it may not write any more."""
        with self._pen:
            if time.monotonic() >= self._until_s:
                self._end()
            yield

    def surrender(self) -> None:
        """Write nothing any more, from when this returns."""
        self._until_s = 0.0
        with self._pen:
            return

    def _answer(self, now_s: float) -> Heard:
        step = self._step if now_s >= self._tell_from_s else None
        if step:
            self._step, self._tell_from_s = None, now_s + REPORT_EVERY_S
        return Heard(now_s, step)

    def _watch(self) -> None:
        while (left_s := self._until_s - time.monotonic()) > 0:
            time.sleep(left_s)
        self._end()


def end_process() -> None:
    """End this process and all its children, now."""
    for child in _descendants(os.getpid()):
        try:
            os.kill(child, signal.SIGKILL)
        except ProcessLookupError:
            continue
    os._exit(1)


def _descendants(process: int) -> list[int]:
    """Children, their children and so on, where the system tells (Linux)."""
    found: list[int] = []
    for listed in Path(f"/proc/{process}/task").glob("*/children"):
        try:
            children = [int(child) for child in listed.read_text().split()]
        except OSError:
            continue  # that thread has ended meanwhile
        for child in children:
            found += [child, *_descendants(child)]
    return found
