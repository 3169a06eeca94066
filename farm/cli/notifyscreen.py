"""What webhooks were told, as a person sees it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from farm.jobview import clock

if TYPE_CHECKING:
    from farm.notify.view import DeliveryView, TrialView
    from farm.webhook import Webhook

WIDE = 100
"""Columns of a screen on which there is room for the project, and for when it is tried again."""

_STATES = {"delivered": "green", "pending": "yellow", "given up": "red"}


def deliveries_table(views: Iterable[DeliveryView], width: int) -> Table:
    """One row a message."""
    is_wide = width >= WIDE
    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in ("when", "event", *(["project"] if is_wide else []), "of", "webhook"):
        table.add_column(title, overflow="fold", no_wrap=title in {"when", "event"})
    for title in ("state", "tries", "answer"):
        table.add_column(
            title, overflow="fold", no_wrap=title == "state", justify="right" if title == "tries" else "left"
        )
    for view in views:
        project = [Text(view.project)] if is_wide else []
        state = Text(view.state, _STATES[view.state])
        subject = Text(" ".join(part for part in (view.job, view.shot) if part) or view.project)
        head = (Text(clock(view.happened_us)), Text(view.event), *project, subject, Text(view.webhook))
        table.add_row(*head, state, str(view.tries), Text(_answer(view)))
    return table


def trials_table(views: Iterable[TrialView]) -> Table:
    """One row a webhook."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in ("webhook", "host", "", "answer"):
        table.add_column(title, overflow="fold", no_wrap=not title)
    for view in views:
        mark = Text("delivered", "green") if view.delivered else Text("failed", "red")
        said = ": ".join(part for part in (str(view.status or ""), view.answer) if part)
        took = f" in {view.seconds:.2f} s" if view.status else ""
        table.add_row(view.webhook, Text(view.host), mark, Text(f"{said}{took}"))
    return table


def nothing_told(webhooks: Sequence[Webhook], *, failed: bool) -> str:
    if not webhooks:
        return "nobody is told anything: the settings have no webhooks"
    return "nothing has failed" if failed else "nothing was told yet"


def _answer(view: DeliveryView) -> str:
    said = ": ".join(part for part in (str(view.status or ""), view.answer) if part)
    again = f"again at {clock(view.due_us)}" if view.state == "pending" and view.tries else ""
    return "; ".join(part for part in (said, again) if part)
