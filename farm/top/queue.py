"""What waits for what: every reason with how many tasks it holds, and of which jobs."""

from __future__ import annotations

from rich.text import Text

from farm.overview.values import Overview, WaitLine
from farm.scheduler.waits import WaitReason
from farm.top.bars import divided
from farm.top.grid import Column, Grid, Row
from farm.top.words import REASONS, STYLES

JOBS_NAMED = 4
WIDE = 100

COLUMNS = (
    Column("WAITING FOR"),
    Column("tasks", right=True),
    Column(""),
    Column("which means", least=20),
    Column("of", grows=True, least=8, from_width=WIDE),
)


def queue(view: Overview, width: int) -> Grid:
    most = max((line.tasks for line in view.waits if line.reason != WaitReason.UPSTREAM), default=0)
    bar = 12 if width < WIDE else 24
    return Grid(COLUMNS, [_row(line, most, bar) for line in view.waits], "reasons")


def _row(line: WaitLine, most: int, bar: int) -> Row:
    style = STYLES.get(line.reason, "")
    jobs = [f"{job} {tasks:,}" for job, tasks in list(line.jobs.items())[:JOBS_NAMED]]
    more = [f"and {len(line.jobs) - JOBS_NAMED} more jobs"] if len(line.jobs) > JOBS_NAMED else []
    length = min(line.tasks, most)  # what comes by itself must not dwarf what does not
    cells = (
        Text(line.reason, style),
        Text(f"{line.tasks:,}", "bold" if style != "dim" else ""),
        divided([(length, ("█", style or "cyan")), (most - length, (" ", ""))], bar),
        Text(REASONS.get(line.reason, ""), "dim" if style == "dim" else ""),
        Text(", ".join(jobs + more), "dim"),
    )
    return Row(cells)
