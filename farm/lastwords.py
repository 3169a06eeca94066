"""What a task that failed said last, and how to read the rest: shown wherever a failure is.

Manifest (its tail) ─▶ LastWords ─▶ farm status, watch, why, up · the report
"""

from __future__ import annotations

import shlex

from pydantic import BaseModel, ConfigDict

from farm.tasks import Manifest, Task

ID_DIGITS = 8
"""Of a task's id, as people are told it: enough to tell it from a hundred thousand others."""


class LastWords(BaseModel):
    """Of a failed attempt."""

    model_config = ConfigDict(frozen=True)

    label: str
    """Whose: "generate sh010 take 2, attempt 3"."""
    lines: tuple[str, ...] = ()
    command: str
    """That shows the whole log."""

    def last(self, at_most: int) -> tuple[str, ...]:
        return self.lines[max(0, len(self.lines) - at_most) :]


def last_words(task: Task, manifest: Manifest | None, out: str = "") -> LastWords | None:
    """None for a task that did not fail by itself. With `out` the command names it, to be run from anywhere."""
    if manifest is None or manifest.failure is None:
        return None
    where = ["--out", out] if out else []
    return LastWords(
        label=f"{task.label}, attempt {manifest.attempt}",
        lines=manifest.tail,
        command=shlex.join(["farm", "logs", task.id[:ID_DIGITS], *where]),
    )
