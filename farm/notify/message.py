"""What a message says: the document that is signed and sent, and that every other form is made of.

Fields are added and never taken away or given another meaning, while `version` stays what it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict, Field

from farm.webhook import Event

VERSION = 1
TEST = "test"
"""The event of `farm notify test`, which every webhook gets."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)


class JobPart(_Part):
    """The job that a message is about."""

    id: str
    """What commands call it."""
    name: str
    """Of its list."""
    state: str
    """As it stood when the message was written: active, held, paused, done, failed, cancelled."""
    principal: str
    """Who submitted it."""


class CostPart(_Part):
    """What the job has cost, in millionths of the farm's currency."""

    spent_micros: int = 0
    """By attempts that have ended."""
    budget_micros: int | None = None
    """null for no limit."""


class LinksPart(_Part):
    """Where to look."""

    report: str | None = None
    """The key of the job's report below the farm's output; null while there is none."""
    report_url: str | None = None
    """The same in full: a path, or a URL of the storage."""


class Message(_Part):
    """One event."""

    version: int = VERSION
    """Of this document."""
    event: str
    """One of the events above, or "test"."""
    id: str
    """The same at every try, and for every webhook: the header `webhook-id`."""
    time: datetime
    """When it happened, in UTC."""
    farm: str
    """The farm's output, as a path or a URL."""
    project: str = ""
    """"" for a test."""
    job: JobPart | None = None
    """null for what is about a project alone."""
    shot: str | None = None
    """Its code; null for what is about a whole job."""
    message: str
    """One sentence for people."""
    remedy: str | None = None
    """A command that does something about it, or shows more."""
    counts: Mapping[str, int] = Field(default_factory=dict[str, int])
    """The job's tasks by state, as they stood when the message was written."""
    cost: CostPart = CostPart()
    links: LinksPart = LinksPart()


EVENTS = (*Event, TEST)


def at(time_us: int) -> datetime:
    return datetime.fromtimestamp(time_us / 1e6, UTC)
