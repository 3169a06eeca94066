"""What failures say about a lane and its nodes, beyond the task that failed.

    a task crashes again and again      ──▶ it is quarantined (`farm.scheduler.retry`), before it can eat the lane
    different tasks crash, none is done ──▶ the lane is sick: it pauses, longer each time, then tries with one worker
    a provider says later               ──▶ the lane pauses likewise, and comes back with half its workers
    a node fails what succeeds elsewhere, or starts no workers ──▶ the node is blocked for the lane

`Health` is one lane's. After a pause every success lets one more worker run, until the lane is at its full width again.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from farm.tasks import TaskId

SICK_AFTER = 5
"""So many different tasks crash in a row before their lane is sick: more than one task may crash alone."""
PAUSE_S = 5.0
LONGEST_PAUSE_S = 300.0
BLAMED_BY = 3
"""So many different tasks fail on a node and succeed elsewhere before it is blocked."""
STARTS_MAX = 3
"""So many times in a row workers die on a node before they are ready, before it is blocked."""


@dataclass(slots=True)
class Health:
    """How one lane fares."""

    paused_until_us: int = 0
    why: str = ""
    """What it pauses for."""
    width: int | None = None
    """So many attempts may run at once; None for no limit."""
    blocked: dict[str, str] = field(default_factory=dict[str, str])
    """Nodes that its workers may not go to, with the reason."""
    start_failures: dict[str, int] = field(default_factory=dict[str, int])
    """By node: rounds of workers that died before they were ready."""
    hard: dict[str, dict[TaskId, None]] = field(default_factory=dict[str, dict[TaskId, None]])
    """By node: tasks that failed for good and were tried nowhere else."""
    _crashed: dict[TaskId, None] = field(default_factory=dict[TaskId, None])
    """Different tasks that crashed since the last success."""
    _blamed_by: dict[str, dict[TaskId, None]] = field(default_factory=dict[str, dict[TaskId, None]])
    _pauses: int = 0
    _paused_at_us: int = -1
    _start_failed_us: dict[str, int] = field(default_factory=dict[str, int])

    def may_run(self, now_us: int, busy: int) -> bool:
        """Whether one more attempt may start beside `busy` others."""
        return now_us >= self.paused_until_us and (self.width is None or busy < self.width)

    def succeeded(self, task: TaskId, node: str, failed_on: dict[str, None], workers: int) -> bool:
        """A task is done. True when that blocks a node where it failed before."""
        self._crashed.clear()
        self._pauses = 0
        if self.width is not None:
            self.width = None if self.width >= workers else self.width + 1
        if self._blamed_by:
            self._blamed_by.pop(node, None)
        return bool(failed_on) and self._blame(task, [other for other in failed_on if other and other != node])

    def _blame(self, task: TaskId, nodes: list[str]) -> bool:
        news = False
        for node in nodes:
            witnesses = self._blamed_by.setdefault(node, {})
            witnesses[task] = None
            if len(witnesses) >= BLAMED_BY and node not in self.blocked:
                self.blocked[node] = f"{len(witnesses)} tasks failed there that succeeded elsewhere"
                news = True
        return news

    def crashed(self, task: TaskId, message: str, started_us: int, now_us: int) -> bool:
        """A worker died of a task, or of the lane. True when it counts against the task."""
        self._crashed[task] = None
        if len(self._crashed) < SICK_AFTER:
            return True
        alone = self.width == 1 and started_us > self._paused_at_us
        self._pause(f"{len(self._crashed)} different tasks crashed in a row: {message}", 1, started_us, now_us)
        return alone

    def refused(self, message: str, busy: int, started_us: int, now_us: int) -> None:
        """A provider said later."""
        self._pause(message, max(1, busy // 2), started_us, now_us)

    def _pause(self, why: str, width: int, started_us: int, now_us: int) -> None:
        """Pause, once for all attempts that were under way when it began."""
        if started_us <= self._paused_at_us:
            return
        self.why, self.width, self._paused_at_us = why, width, now_us
        pause_s = min(PAUSE_S * 2**self._pauses, LONGEST_PAUSE_S)
        self._pauses += 1
        self.paused_until_us = now_us + int(pause_s * 1e6)

    def start_failed(self, node: str, message: str, started_us: int, now_us: int) -> bool:
        """A worker died before it was ready. True when that blocks its node. Those started together count once."""
        if started_us < self._start_failed_us.get(node, -1) or node in self.blocked:
            return False
        self._start_failed_us[node] = now_us
        failures = self.start_failures[node] = self.start_failures.get(node, 0) + 1
        if failures < STARTS_MAX:
            return False
        self.blocked[node] = f"no worker starts there: {message}"
        return True

    def forgive(self, node: str) -> None:
        """A node is there anew: what it did before does not count."""
        self.blocked.pop(node, None)
        self.start_failures.pop(node, None)
        self._blamed_by.pop(node, None)

    def started(self, node: str) -> None:
        """A worker came up."""
        self.start_failures.pop(node, None)
