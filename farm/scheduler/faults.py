"""What failures say about a lane as a whole, beyond the task that failed.

    a task crashes again and again      ──▶ it is quarantined (`farm.scheduler.retry`), before it can eat the lane
    different tasks crash, none is done ──▶ the lane is sick: it pauses, longer each time, then tries with one worker
    a provider says later               ──▶ the lane pauses likewise, and comes back as wide as it was served

`Health` is one lane's. A lane that was sick widens by one with every success, so it doubles in every round, until it
has all its workers. One that was refused widens by one a *round*, and only while it is full: a provider's limit stays
where it is, and is tried once in a while. What failures say about nodes is `farm.scheduler.trust`'s.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from farm.tasks import TaskId

SICK_AFTER = 5
"""So many different tasks crash in a row before their lane is sick: more than one task may crash alone."""
PAUSE_S = 5.0
LONGEST_PAUSE_S = 300.0


@dataclass(slots=True)
class Health:
    """How one lane fares."""

    paused_until_us: int = 0
    why: str = ""
    """What it pauses for."""
    width: int | None = None
    """So many attempts may run at once; None for no limit."""
    _crashed: dict[TaskId, None] = field(default_factory=dict[TaskId, None])
    """Different tasks that crashed since the last success."""
    _pauses: int = 0
    _paused_at_us: int = -1
    _under_way: int = 0
    """Of the attempts that ran when the pause began: those that were not refused."""
    _by_rounds: bool = False
    """Whether it widens once a round rather than with every success."""
    _round: int = 0
    """Successes since it last widened."""

    def may_run(self, now_us: int, busy: int) -> bool:
        """Whether one more attempt may start beside `busy` others."""
        return now_us >= self.paused_until_us and (self.width is None or busy < self.width)

    def succeeded(self, busy: int, workers: int) -> None:
        """One of `busy` attempts is done, in a lane of so many workers."""
        if self._crashed:
            self._crashed.clear()
        self._pauses = 0
        if self.width is not None:
            self._widen(self.width, busy, workers)

    def _widen(self, width: int, busy: int, workers: int) -> None:
        if not self._by_rounds:
            self.width = None if width >= workers else width + 1
            return
        self._round += 1
        if self._round >= width and busy >= width:
            self.width, self._round = width + 1, 0

    def crashed(self, task: TaskId, message: str, started_us: int, now_us: int) -> bool:
        """A worker died of a task, or of the lane. True when it counts against the task."""
        self._crashed[task] = None
        if len(self._crashed) < SICK_AFTER:
            return True
        alone = self.width == 1 and started_us > self._paused_at_us
        if self._pause(f"{len(self._crashed)} different tasks crashed in a row: {message}", started_us, now_us):
            self.width, self._by_rounds = 1, False
        return alone

    def refused(self, message: str, busy: int, started_us: int, now_us: int) -> None:
        """A provider said later to one of `busy` attempts. What it does not refuse of them is what it serves."""
        if self._pause(message, started_us, now_us):
            self.width, self._by_rounds, self._under_way = busy // 2, True, busy
        self._under_way -= 1
        if self._by_rounds and self.width is not None:
            self.width, self._round = max(1, min(self.width, self._under_way)), 0

    def _pause(self, why: str, started_us: int, now_us: int) -> bool:
        """Pause, once for all attempts that were under way when it began. True when this one began it."""
        if started_us <= self._paused_at_us:
            return False
        self.why, self._paused_at_us = why, now_us
        pause_s = min(PAUSE_S * 2**self._pauses, LONGEST_PAUSE_S)
        self._pauses += 1
        self.paused_until_us = now_us + int(pause_s * 1e6)
        return True
