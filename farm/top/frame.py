"""One frame: the sections below each other, or beside each other where there is room, cut to the height of the screen.

    header · lanes · pools · waiting for · jobs · the selected job · keys

The jobs have a third of the room for certain. The other sections share the rest so that the small ones are whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from rich.console import Group
from rich.text import Text

from farm.overview.values import Overview
from farm.top.grid import Grid, fitted
from farm.top.header import header
from farm.top.jobs import detail, jobs
from farm.top.lanes import lanes
from farm.top.machines import machines
from farm.top.queue import queue

BESIDE = 150
"""From this width on, what waits stands beside lanes and pools."""
BETWEEN = 3
"""Cells between what stands beside each other."""
AIRY = 40
"""From this height on there are blank lines between the sections, and wherever everything fits with them."""
LEAST_JOBS = 4
LEAST = 2
"""Lines of a section: its head and something."""

KEYS = "q quit   ↑ ↓ select a job   p pause   r resume"


@dataclass(frozen=True, slots=True)
class Look:
    """What a person looks at."""

    selected: str = ""
    """A job's id."""
    message: str = ""
    """In place of the keys: a question, or what came of the answer."""


def frame(view: Overview, width: int, height: int | None = None, look: Look | None = None) -> Group:
    """The farm as lines of `width` cells; exactly `height` of them, or as many as it takes.

    `look` where somebody can press keys.
    """
    top, bottom = header(view, width), _bottom(view, width, look) if look else []
    listed = jobs(view, width, look.selected if look else "")
    everything = len(top) + len(bottom) + len(_upper(view, width, None, 1)) + max(1, listed.height) + 3
    air = int(height is None or height >= min(AIRY, everything))
    if height is None:
        parts = [*top, *_joined([_upper(view, width, None, air), _jobs(view, listed, width, None)], air)]
        lines = [fitted(line, width) for line in parts]
        for line in lines:  # a log is no place for blanks
            line.rstrip()
        return Group(*lines)
    room = max(0, height - len(top) - len(bottom) - air * (2 + bool(bottom)))
    kept = min(max(1, listed.height), max(LEAST_JOBS, room // 3))
    upper = _upper(view, width, max(0, room - kept), air)
    place = next((at for at, line in enumerate(view.jobs) if look and line.job.id == look.selected), 0)
    body = _joined([upper, _jobs(view, listed, width, room - len(upper), place)], air)
    blank = max(0, height - len(top) - len(body) - len(bottom))
    return Group(*(fitted(line, width) for line in [*top, *body, *[Text()] * blank, *bottom][:height]))


def _upper(view: Overview, width: int, room: int | None, air: int) -> list[Text]:
    """Lanes, pools and what waits."""
    if not view.driver.leads:
        return [Text("lanes, machines and reasons to wait are known while a driver leads"[:width], "dim")]
    if width < BESIDE:
        return _column([lanes(view, width), machines(view, width), queue(view, width)], width, room, air)
    right = (width - BETWEEN) * 2 // 5
    left = width - BETWEEN - right
    return _beside(
        _column([lanes(view, left), machines(view, left)], left, room, air),
        _column([queue(view, right)], right, room, air),
        left,
    )


def _column(grids: Sequence[Grid], width: int, room: int | None, air: int) -> list[Text]:
    shown = [grid for grid in grids if grid.rows]
    if room is None:
        return _joined([grid.lines(width) for grid in shown], air)[air:]
    given = _shares([grid.height for grid in shown], room - air * (len(shown) - 1))
    parts = [grid.lines(width, lines) for grid, lines in zip(shown, given, strict=True) if lines >= LEAST]
    return _joined(parts, air)[air:]


def _shares(wants: Sequence[int], room: int) -> list[int]:
    """The room divided: nobody gets more than it wants, and who wants less than an equal share gets that."""
    given = [0] * len(wants)
    smallest_first = sorted(range(len(wants)), key=lambda at: wants[at])
    for others, at in zip(reversed(range(len(wants))), smallest_first, strict=True):
        given[at] = min(wants[at], max(0, room) // (others + 1))
        room -= given[at]
    return given


def _beside(left: Sequence[Text], right: Sequence[Text], width: int) -> list[Text]:
    blank = Text()
    return [
        fitted(one, width).append(" " * BETWEEN).append_text(other)
        for one, other in zip_longest(left, right, fillvalue=blank)
    ]


def _joined(parts: Sequence[Sequence[Text]], air: int) -> list[Text]:
    """With blank lines before each of them."""
    return [line for lines in parts if lines for line in [*[Text()] * air, *lines]]


def _jobs(view: Overview, listed: Grid, width: int, room: int | None, place: int = 0) -> list[Text]:
    """Those around the selected one."""
    if not view.jobs:
        return [Text(f"no jobs at work (farm submit LIST --out {view.out} hands one in)", "dim")]
    if room is None:
        return listed.lines(width)
    visible = room - 1
    first = max(0, min(place - visible // 2, len(view.jobs) - visible))
    return listed.lines(width, room, first)


def _bottom(view: Overview, width: int, look: Look) -> list[Text]:
    found = next((line for line in view.jobs if line.job.id == look.selected), None)
    about = [fitted(line, width) for line in detail(found)] if found else []
    words = Text(look.message, "bold yellow") if look.message else Text(KEYS, "dim")
    return [*about, fitted(words, width)]
