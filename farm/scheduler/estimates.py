"""How long attempts take: learned for each lane and shape from the last ones that ended.

    observe(lane, shape, duration) ──▶ the last 64 ──▶ expected_s, p95_s, timeout_s

Soft state: a new driver starts without it, and every answer has a prior. An unknown shape is expected to take as long
as the 95th percentile of its lane: whole waves of it start before its first attempt ends, and what is booked too low
for them is taken from others. Where the lane is unknown too, `prior_s` stands in. Only as much is remembered as
`SHAPES_MAX` windows hold.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right, insort
from collections import deque
from dataclasses import dataclass, field
from typing import TypeVar

from farm.scheduler.policy import Policy

WINDOW = 64
"""So many durations are looked back on."""
SHAPES_MAX = 4096
"""So many windows are kept; the one not added to for longest goes first."""
ENOUGH = 8
"""With fewer durations a 95th percentile says little, and timeouts are generous."""
PATIENCE = 4.0
"""An attempt is given up at so many times the 95th percentile."""
GENEROUS = 24.0
"""The timeout while little is known, in multiples of the policy's floor."""
OVERRUN = 1.5
"""What has run longer than anything seen is expected to take this many times its age."""
PRIOR_S = 60.0

_Key = TypeVar("_Key")


@dataclass(slots=True)
class _Window:
    """The last durations, in order of arrival and of length."""

    arrived: deque[float] = field(default_factory=deque[float])
    ordered: list[float] = field(default_factory=list[float])

    def add(self, duration_s: float) -> None:
        if len(self.arrived) == WINDOW:
            del self.ordered[bisect_left(self.ordered, self.arrived.popleft())]
        self.arrived.append(duration_s)
        insort(self.ordered, duration_s)

    def mean_beyond(self, age_s: float) -> float | None:
        """The mean of the durations longer than `age_s`."""
        longer = self.ordered[bisect_right(self.ordered, age_s) :] if age_s > 0 else self.ordered
        return sum(longer) / len(longer) if longer else None

    @property
    def p95_s(self) -> float:
        return self.ordered[math.ceil(0.95 * len(self.ordered)) - 1]


class Estimates:
    """Durations by lane name and shape, in seconds."""

    def __init__(self, policy: Policy, prior_s: float = PRIOR_S) -> None:
        self._floor_s = policy.timeout_floor_s
        self._prior_s = prior_s
        self._shapes: dict[tuple[str, str], _Window] = {}
        self._lanes: dict[str, _Window] = {}

    def observe(self, lane: str, shape: str, duration_s: float) -> None:
        """An attempt took this long. Tell also of those given up at their timeout: they take at least as long, and
        without them a lane that has become slower would never be waited for."""
        _added(self._shapes, (lane, shape)).add(duration_s)
        _added(self._lanes, lane).add(duration_s)

    def known(self, lane: str, shape: str) -> int:
        """How many durations the estimate of a lane and shape rests on."""
        window = self._shapes.get((lane, shape))
        return len(window.ordered) if window else 0

    def expected_s(self, lane: str, shape: str, age_s: float = 0.0) -> float:
        """How long an attempt takes in all, when it has run for `age_s` already.

        The mean of those that took longer than that, so it never falls as the attempt grows older; with none,
        `OVERRUN` times its age.
        """
        window = self._shapes.get((lane, shape))
        if window is not None:
            expected_s = window.mean_beyond(age_s)
        else:
            expected_s = self._lanes[lane].p95_s if lane in self._lanes else self._prior_s
        return OVERRUN * age_s if expected_s is None or expected_s <= age_s else expected_s

    def remaining_s(self, lane: str, shape: str, age_s: float) -> float:
        """How much longer an attempt takes that has run for `age_s`."""
        return self.expected_s(lane, shape, age_s) - age_s

    def p95_s(self, lane: str, shape: str) -> float | None:
        """The 95th percentile by nearest rank; None for an unknown shape."""
        window = self._shapes.get((lane, shape))
        return window.p95_s if window else None

    def timeout_s(self, lane: str, shape: str) -> float:
        """When to give an attempt up: at four times the 95th percentile and not before the policy's floor; with few
        durations known, far later."""
        p95_s = self.p95_s(lane, shape) or 0.0
        floor_s = self._floor_s if self.known(lane, shape) >= ENOUGH else GENEROUS * self._floor_s
        return max(floor_s, PATIENCE * p95_s)


def _added(windows: dict[_Key, _Window], key: _Key) -> _Window:
    """The window of a key, now the last of all; the first goes when there are too many."""
    window = windows.pop(key, None) or _Window()
    windows[key] = window
    if len(windows) > SHAPES_MAX:
        del windows[next(iter(windows))]
    return window
