"""Which nodes a lane trusts: what fails there and nowhere else, or never even starts there, is the node's fault.

    3 tasks fail there that succeeded elsewhere       ──▶ blocked: none of the lane's workers goes there
    workers die there before they are ready, 3 times  ──▶ blocked
    3 tasks in a row failed there, and only there     ──▶ on trial: one worker at a time, after a pause that doubles,
                                                          until a success there ends it or the evidence blocks the node

A fast failure makes a bad node take work more often than good ones: the trial bounds what it can spoil while the proof,
which takes as long as a success elsewhere, is not in. A task that fails elsewhere too speaks against no node; and where
more than half of a lane's nodes would be on trial it is not the nodes, and none is.

`Trust` is one lane's.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from farm.tasks import TaskId

BLAMED_BY = 3
"""So many different tasks fail on a node and succeed elsewhere before it is blocked."""
TRIED_AFTER = 3
"""So many different tasks in a row fail on a node, and nowhere else, before it is on trial."""
STARTS_MAX = 3
"""So many times in a row workers die on a node before they are ready, before it is blocked."""
PAUSE_S = 5.0
LONGEST_PAUSE_S = 300.0


@dataclass(slots=True)
class Trial:
    """Of a node: one worker may run there at a time, and none before `until_us`."""

    since_us: int
    until_us: int = 0
    failures: int = 0
    """Of attempts that began since."""
    why: str = ""

    def put_off(self, now_us: int) -> None:
        self.until_us = now_us + int(1e6 * min(PAUSE_S * 2**self.failures, LONGEST_PAUSE_S))


@dataclass(slots=True)
class Trust:
    blocked: dict[str, str] = field(default_factory=dict[str, str])
    """Nodes that the lane's workers may not go to, with the reason."""
    trials: dict[str, Trial] = field(default_factory=dict[str, Trial])
    """By node."""
    start_failures: dict[str, int] = field(default_factory=dict[str, int])
    """By node: rounds of workers that died before they were ready."""
    hard: dict[str, dict[TaskId, None]] = field(default_factory=dict[str, dict[TaskId, None]])
    """By node: tasks that failed for good and were tried nowhere else."""
    _failed: dict[str, dict[TaskId, None]] = field(default_factory=dict[str, dict[TaskId, None]])
    """By node: tasks that failed there, and nowhere else, since the last success there."""
    _blamed_by: dict[str, dict[TaskId, None]] = field(default_factory=dict[str, dict[TaskId, None]])
    """By node: tasks that failed there and succeeded elsewhere since the last success there."""
    _start_failed_us: dict[str, int] = field(default_factory=dict[str, int])

    # -- attempts -----------------------------------------------------------------------------------------------

    def succeeded(self, task: TaskId, node: str, failed_on: Collection[str]) -> bool:
        """A task is done. True when that blocks a node where it failed before."""
        if self._failed:
            self._failed.pop(node, None)
            self.trials.pop(node, None)
        if self._blamed_by:
            self._blamed_by.pop(node, None)
        return bool(failed_on) and self._blame(task, [other for other in failed_on if other and other != node])

    def _blame(self, task: TaskId, nodes: Collection[str]) -> bool:
        news = False
        for node in nodes:
            witnesses = self._blamed_by.setdefault(node, {})
            witnesses[task] = None
            if len(witnesses) >= BLAMED_BY and node not in self.blocked:
                self._block(node, f"{len(witnesses)} tasks failed there that succeeded elsewhere")
                news = True
        return news

    def failed(self, task: TaskId, failed_on: Collection[str], started_us: int, now_us: int) -> str | None:
        """A task failed in a way that may be the fault of the nodes it failed on, this one being the last.

        Gives the node, where that is on trial now or still.
        """
        *others, node = failed_on
        for other in others:
            self._acquit(other, task)
        if others or not node or node in self.blocked:
            return None
        against = self._failed.setdefault(node, {})
        against[task] = None
        if len(against) < TRIED_AFTER:
            return None
        self._try(node, f"{len(against)} tasks in a row failed there", started_us, now_us)
        return node

    def _try(self, node: str, why: str, started_us: int, now_us: int) -> None:
        trial = self.trials.get(node)
        if trial is None:
            trial = self.trials[node] = Trial(now_us)
            trial.put_off(now_us)
        elif started_us > trial.since_us:  # not one of those that were under way
            trial.failures += 1
            trial.put_off(now_us)
        trial.why = why

    def _acquit(self, node: str, task: TaskId) -> None:
        """A task that failed on a node failed elsewhere too."""
        against = self._failed.get(node, {})
        against.pop(task, None)
        if len(against) < TRIED_AFTER:
            self.trials.pop(node, None)

    def acquit_all(self) -> None:
        """So many nodes fail that it is not the nodes."""
        self.trials.clear()
        self._failed.clear()

    # -- starts -------------------------------------------------------------------------------------------------

    def start_failed(self, node: str, message: str, started_us: int, now_us: int) -> bool:
        """A worker died before it was ready. True when that blocks its node. Those started together count once."""
        if started_us < self._start_failed_us.get(node, -1) or node in self.blocked:
            return False
        self._start_failed_us[node] = now_us
        failures = self.start_failures[node] = self.start_failures.get(node, 0) + 1
        if failures < STARTS_MAX:
            return False
        self._block(node, f"no worker starts there: {message}")
        return True

    def started(self, node: str) -> None:
        """A worker came up."""
        self.start_failures.pop(node, None)

    # -- nodes --------------------------------------------------------------------------------------------------

    def forgive(self, node: str) -> None:
        """A node is there anew: what it did before does not count."""
        for kept in (self.blocked, self.trials, self.start_failures, self._failed, self._blamed_by):
            kept.pop(node, None)

    def _block(self, node: str, why: str) -> None:
        self.blocked[node] = why
        self.trials.pop(node, None)
        self._failed.pop(node, None)
