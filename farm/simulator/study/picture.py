"""The study as a picture, made to be shown to people who pay: cost against wait on top, two days below."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from pathlib import Path

from farm.simulator.plot import FAINT, INK
from farm.simulator.study.canvas import Box, Sheet
from farm.simulator.study.pick import rule
from farm.simulator.study.playing import Played
from farm.simulator.study.scatter import CANDIDATE, CHOSEN, Panel, scatter
from farm.simulator.study.studying import Study, shown_days
from farm.simulator.study.timeline import Timeline, legend, levels
from farm.simulator.trace import seconds

WIDTH, LEFT, RIGHT = 2400, 210, 70
PLOTS_TOP, PLOTS_HEIGHT, PLOTS_GAP = 250, 620, 170
DAYS_TOP = PLOTS_TOP + PLOTS_HEIGHT + 240
DAY_HEIGHT, DAY_GAP = 400, 150


def draw(study: Study, path: Path) -> None:
    """Draw the study into a PNG file."""
    days = shown_days(study)
    sheet = Sheet(WIDTH, DAYS_TOP + len(days) * (DAY_HEIGHT + DAY_GAP) - 40)
    _title(sheet, study)
    _plots(sheet, study)
    _days(sheet, study, days)
    sheet.image.save(path)


def _title(sheet: Sheet, study: Study) -> None:
    sheet.text(LEFT, 40, "What a clip costs, and how long a take waits", 52)
    clips = study.picked.mean.clips
    seeds = f"{len(study.seeds)} days" if len(study.seeds) > 1 else "one day"
    sheet.text(
        LEFT,
        112,
        f"A studio's day of about {clips:.0f} clips, four takes each, on GPU nodes that come when they are asked for: "
        f"{seeds} for each policy, bars from the least to the most.",
        27,
        FAINT,
    )
    sheet.text(LEFT, 150, f"Default: {rule()}.", 27, FAINT)


def _plots(sheet: Sheet, study: Study) -> None:
    width = (WIDTH - LEFT - RIGHT - PLOTS_GAP) / 2
    bottom = PLOTS_TOP + PLOTS_HEIGHT
    boxes: list[Box] = [
        (LEFT + at * (width + PLOTS_GAP), PLOTS_TOP, LEFT + at * (width + PLOTS_GAP) + width, bottom) for at in (0, 1)
    ]
    sheet.text(LEFT - 100, PLOTS_TOP - 44, "cost per clip", 27, INK)
    panels = (
        Panel(boxes[0], "minutes that a take waits, on average", attrgetter("wait_mean_s")),
        Panel(boxes[1], "minutes that an urgent take waits (19 of 20 wait less)", attrgetter("urgent_p95_s")),
    )
    for panel in panels:
        scatter(sheet, panel, study.rows, study.picked)


def _days(sheet: Sheet, study: Study, days: Sequence[Played]) -> None:
    end_s = max((seconds(row.ended_us) for day in days for row in day.trace.nodes if row.market), default=1.0)
    most_nodes = max(_most_nodes(day, end_s) for day in days)
    most_waiting = max(
        max(levels(((wait.ready_s, wait.started_s) for wait in day.waits), 1000, end_s), default=1) for day in days
    )
    legend(sheet, LEFT, DAYS_TOP - 128)
    for number, day in enumerate(days):
        top = DAYS_TOP + number * (DAY_HEIGHT + DAY_GAP)
        box = (LEFT, top, WIDTH - RIGHT, top + DAY_HEIGHT)
        panel = Timeline(sheet, box, day, end_s=end_s, most_nodes=most_nodes, most_waiting=max(1, most_waiting))
        panel.draw(CHOSEN if day.candidate is study.picked.candidate else CANDIDATE)


def _most_nodes(day: Played, end_s: float) -> int:
    spans = ((seconds(row.granted_us), seconds(row.ended_us)) for row in day.trace.nodes if row.market)
    return max(1, *levels(spans, 1000, end_s))
