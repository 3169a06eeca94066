"""The driver's end of every worker's line: it tells them that the driver lives, and hears how far they are.

    one thread    answer ─▶ progress to the pool ─▶ listen again, acknowledging it      (`farm.cluster.lifeline`)
                  error, or no answer for too long ─▶ Broken to the pool

One call is out to each rank at all times; it is held there for seconds, so that 1,500 workers cost some hundred calls a
second, and a death is heard as that call's failure. A driver busy elsewhere keeps its workers; one that is stopped or
gone does not.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, TypeAlias

from ray.exceptions import RayError

from farm.cluster.lifeline import Heard, hold_s
from farm.cluster.loss import Silent
from farm.driver.seams import Progress

CHECK_EVERY_S = 0.5


@dataclass(frozen=True, slots=True)
class Broken:
    """A rank's line has failed."""

    worker: str
    rank: int
    error: RayError


Told: TypeAlias = Progress | Broken


@dataclass(slots=True)
class _Line:
    worker: str
    rank: int
    actor: Any
    sent_s: float = 0.0
    heard_s: float = 0.0
    """When it answered last; 0 before it is up."""


class Heartbeat:
    """Lines to workers, by name. Owns a thread; `tell` is called from it."""

    def __init__(self, silence_s: float, tell: Callable[[Told], None]) -> None:
        self._silence_s = silence_s
        self._tell = tell
        self._answers: SimpleQueue[tuple[_Line, Future[Heard]] | None] = SimpleQueue()
        self._lines: dict[str, list[_Line]] = {}
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        self._thread.start()

    def add(self, worker: str, actors: Sequence[Any]) -> None:
        """Begin to listen to a worker's ranks, which need not be up yet."""
        lines = [_Line(worker, rank, actor) for rank, actor in enumerate(actors)]
        with self._lock:
            self._lines[worker] = lines
        for line in lines:
            self._send(line, None)

    def up(self, worker: str) -> None:
        """A worker has come up: from now on it has to answer."""
        with self._lock:
            for line in self._lines.get(worker, ()):
                line.heard_s = time.monotonic()

    def drop(self, worker: str) -> float:
        """Let a worker's lease run out; when any of its ranks answered last, by the monotonic clock (0 for never)."""
        with self._lock:
            return max((line.heard_s for line in self._lines.pop(worker, ())), default=0.0)

    def close(self) -> None:
        self._answers.put(None)
        self._thread.join()

    # -- the thread ------------------------------------------------------------------------------------------------

    def _beat(self) -> None:
        check_s = time.monotonic() + CHECK_EVERY_S
        while True:
            try:
                answer = self._answers.get(timeout=max(0.0, check_s - time.monotonic()))
            except Empty:
                self._check()
                check_s = time.monotonic() + CHECK_EVERY_S
                continue
            if answer is None:
                return
            self._hear(*answer)

    def _hear(self, line: _Line, answer: Future[Heard]) -> None:
        if not self._known(line):
            return
        try:
            heard = answer.result()
        except RayError as error:
            self._tell(Broken(line.worker, line.rank, error))
            return
        line.heard_s = time.monotonic()
        if heard.step:
            self._tell(Progress(line.worker, heard.step.task, heard.step.attempt, heard.step.fraction))
        self._send(line, heard.at_s)

    def _send(self, line: _Line, acknowledged_s: float | None) -> None:
        line.sent_s = time.monotonic()
        answer: Future[Heard] = line.actor.listen.remote(acknowledged_s).future()
        answer.add_done_callback(lambda done: self._answers.put((line, done)))

    def _check(self) -> None:
        """Break the lines whose worker has been silent for longer than it goes on without the driver."""
        overdue_s = time.monotonic() - hold_s(self._silence_s) - self._silence_s
        with self._lock:
            lines = [line for ranks in self._lines.values() for line in ranks]
        for line in lines:
            if line.heard_s and max(line.heard_s, line.sent_s) < overdue_s:
                error = Silent(f"nothing heard from it for {self._silence_s:.0f} s")
                self._tell(Broken(line.worker, line.rank, error))

    def _known(self, line: _Line) -> bool:
        with self._lock:
            return any(other is line for other in self._lines.get(line.worker, ()))
