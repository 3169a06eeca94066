"""A take as it is shown beside others: its name, its score, and whether it is the one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One take, in words."""

    number: int
    model: str
    seed: int
    label: str = ""
    total: float
    passed: bool
    why: str
    picked: bool = False

    @property
    def name(self) -> str:
        """The model, and what sets this take apart: "animatic · gentler"."""
        return f"{self.model} · {self.label}" if self.label else self.model

    @property
    def verdict(self) -> str:
        """The score as people read it; a take that passed no gate has none worth comparing."""
        return f"{self.total:.0f}" if self.passed else "fails"
