"""The first lines: which farm, who leads it and when that was last heard of, and how fast it is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from rich.text import Text

from farm.jobview import clock
from farm.overview.values import Overview, Rates
from farm.spans import span
from farm.top.grid import fitted
from farm.top.words import amount, count

LATE_S = 5.0
"""A driver that speaks every two seconds is late from here on."""


def header(view: Overview, width: int) -> list[Text]:
    if view.trouble:
        return [_title(view, width), *(fitted(line, width) for line in _trouble(view))]
    return [_title(view, width), fitted(_driver(view), width), *_rates(view.rates, width)]


def _title(view: Overview, width: int) -> Text:
    at = Text(f"{datetime.fromtimestamp(view.at_us / 1e6, UTC).astimezone():%H:%M:%S}", "dim")
    name = Text.assemble(("farm top", "bold"), "  ", (view.out, "cyan"))
    return fitted(name, width - at.cell_len - 1).append(" ").append_text(at)


def _driver(view: Overview) -> Text:
    driver = view.driver
    waits = f" · {count(driver.pending, 'request')} waiting for an answer" if driver.pending else ""
    if driver.leads:
        ago_s = (view.at_us - driver.last_seen_us) / 1e6
        heard = (f" · heard {span(ago_s)} ago", "yellow" if ago_s >= LATE_S else "dim")
        return Text.assemble(("● ", "green"), f"driven by {driver.leader}", heard, (waits, "dim"))
    since = f"nobody drives since {clock(driver.last_seen_us)}" if driver.last_seen_us else "no driver has run here yet"
    return Text.assemble((f"○ {since}", "yellow"), (f" · farm up, or farm drive, brings one{waits}", "dim"))


def _trouble(view: Overview) -> Iterator[Text]:
    if view.read_us:
        ago = span((view.at_us - view.read_us) / 1e6)
        yield Text(f"▲ the job store cannot be read; this is the farm {ago} ago, at {clock(view.read_us)}", "bold red")
    else:
        yield Text("▲ the job store cannot be read", "bold red")
    yield Text(view.trouble, "red")


def _rates(rates: Rates, width: int) -> Iterator[Text]:
    """One line, as long as there is room; none without rates."""
    line = Text()
    for part in _parts(rates):
        more = Text("   ").join([line, part]) if line else part
        if more.cell_len > width:
            break
        line = more
    if line:
        yield fitted(line, width)


def _parts(rates: Rates) -> Iterator[Text]:
    """What people ask first, first."""
    failing = "bold red" if rates.failed_per_minute else "bold"
    for value, unit, style in (
        (rates.tasks_per_minute, "tasks/min", "bold"),
        (rates.takes_per_minute, "takes/min", "bold"),
        (rates.failed_per_minute, "failed/min", failing),
    ):
        if value is not None:
            yield _rate(amount(value), unit, style)
    if rates.oldest_wait_s:
        yield Text.assemble(("oldest waits ", "dim"), (span(rates.oldest_wait_s), "bold"))
    for value, unit in (
        (rates.cost_per_hour, "cost/h"),
        (rates.clip_seconds_per_minute, "s of clips/min"),
        (rates.frames_per_second, "frames/s"),
    ):
        if value:
            yield _rate(amount(value), unit)


def _rate(number: str, unit: str, style: str = "bold") -> Text:
    return Text.assemble((number, style), (f" {unit}", "dim"))
