"""What the farm gets done now: sums that only grow, and how fast they grew in the last while.

parts add to Rates ─▶ a copy every pulse ─▶ Window ─▶ (now - then) / seconds

For people, and soft: Prometheus makes its own rates of the counters, over any range.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue

from farm.scheduler.phases import Phase


@dataclass(slots=True)
class Rates:
    """Sums of one lead."""

    done: int = 0
    """Tasks."""
    failed: int = 0
    """Tasks."""
    takes: int = 0
    clip_s: float = 0.0
    frames: int = 0
    cost_micros: int = 0
    steps: dict[str, float] = field(default_factory=dict[str, float])
    """By lane; of takes under way too, as far as they have told."""
    spent_us: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])
    """What workers did with their time, by lane and phase."""

    def sums(self) -> dict[tuple[str, ...], float]:
        """All of them, flat."""
        return {
            ("done",): self.done,
            ("failed",): self.failed,
            ("takes",): self.takes,
            ("clip_s",): self.clip_s,
            ("frames",): self.frames,
            ("cost_micros",): self.cost_micros,
            **{("steps", lane): steps for lane, steps in self.steps.items()},
            **{("spent_us", *of): spent for of, spent in self.spent_us.items()},
        }


@dataclass(slots=True)
class Window:
    """Sums as they were over the last `length_s`."""

    length_s: float
    _seen: deque[tuple[int, Mapping[tuple[str, ...], float]]] = field(
        default_factory=deque["tuple[int, Mapping[tuple[str, ...], float]]"]
    )

    def add(self, at_us: int, sums: Mapping[tuple[str, ...], float]) -> None:
        """Sums at a moment; what is older than the window is forgotten, but for the one that it begins with."""
        self._seen.append((at_us, sums))
        while len(self._seen) > 2 and at_us - self._seen[1][0] >= self.length_s * 1e6:
            self._seen.popleft()

    @property
    def seconds(self) -> float:
        """How far it looks back now."""
        return (self._seen[-1][0] - self._seen[0][0]) / 1e6 if self._seen else 0.0

    def grown(self, *of: str) -> float:
        """By how much a sum grew in it."""
        then, now = self._seen[0][1], self._seen[-1][1]
        return now.get(of, 0.0) - then.get(of, 0.0)

    def lanes(self, of: str) -> tuple[str, ...]:
        """The lanes that there is such a sum of."""
        return tuple(dict.fromkeys(key[1] for key in self._seen[-1][1] if key[0] == of and len(key) > 1))


def told(window: Window, oldest_wait_s: float) -> Mapping[str, JsonValue]:
    """The rates of a window, for the pulse; nothing before it has seen a second."""
    seconds = window.seconds
    if seconds < 1.0:
        return {}

    def per(unit_s: float, *of: str) -> float:
        return round(window.grown(*of) * unit_s / seconds, 3)

    steps: dict[str, JsonValue] = {lane: per(1.0, "steps", lane) for lane in window.lanes("steps")}
    shares: dict[str, JsonValue] = {
        lane: share for lane in window.lanes("spent_us") if (share := _shares(window, lane))
    }
    return {
        "window_s": round(seconds),
        "tasks_per_minute": per(60.0, "done"),
        "failed_per_minute": per(60.0, "failed"),
        "takes_per_minute": per(60.0, "takes"),
        "clip_seconds_per_minute": per(60.0, "clip_s"),
        "frames_per_second": per(1.0, "frames"),
        "cost_per_hour": round(per(3600.0, "cost_micros") / 1e6, 6),
        "steps_per_second": steps,
        "worker_shares": shares,
        "oldest_wait_s": round(oldest_wait_s, 1),
    }


def _shares(window: Window, lane: str) -> dict[str, JsonValue]:
    """Of the time of a lane's workers: how much went to each phase; empty when they spent none."""
    spent = {phase.value: window.grown("spent_us", lane, phase.value) for phase in Phase}
    total = sum(spent.values())
    return {phase: round(time / total, 4) for phase, time in spent.items()} if total > 0 else {}
