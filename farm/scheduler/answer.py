"""A decision in the making: what one event leads to, gathered by whoever has a part in it."""

from __future__ import annotations

from dataclasses import dataclass

from farm.changes import Committed
from farm.scheduler.events import Command, Decision
from farm.tasks import TaskId


@dataclass(slots=True)
class Answer:
    now_us: int
    changes: list[Committed]
    commands: list[Command]
    settled: list[TaskId]

    def decision(self) -> Decision:
        return Decision(tuple(self.changes), tuple(self.commands), tuple(self.settled))
