"""An attempt as a model sees it, for tests and benchmarks: remembers what it is told, and can be cancelled."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from farm.errors import Cancelled


@dataclass
class TrialAttempt:
    """`farm.models.spec.GenerateContext`. After `cancel_after` checks, the next one raises."""

    lean: int = 0
    cancel_after: int = 10**9
    checks: int = 0
    facts: dict[str, Any] = field(default_factory=dict)
    fractions: list[float] = field(default_factory=list)
    previews: list[Any] = field(default_factory=list)
    sounds: list[Any] = field(default_factory=list)
    is_made: bool = False

    def check(self) -> None:
        self.checks += 1
        if self.checks > self.cancel_after:
            raise Cancelled("asked to stop")

    def progress(self, fraction: float) -> None:
        self.fractions.append(fraction)

    def preview(self, picture: Any) -> None:
        self.previews.append(picture)

    def made(self) -> None:
        self.is_made = True

    def sound(self, sound: Any) -> None:
        self.sounds.append(sound)

    def fact(self, name: str, value: Any) -> None:
        self.facts[name] = value
