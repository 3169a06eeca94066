"""A webhook as it is written in the settings: who is told of what, and how.

    webhooks: [{url, secret, format, events, projects, name}] ──▶ Webhook, or findings with line and remedy

The secret itself stands in an environment variable, of which the settings have the name: they may be read by many. So
may a URL that is a secret, as Slack's are: `$FARM_SLACK_URL`. Both are looked up by whoever tells (`farm.notify.hook`),
so that those who only look need not know them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Annotated, TypeAlias
from urllib.parse import SplitResult, urlsplit

from pydantic import PlainValidator

from farm.changes import NoticeKind
from farm.findings import Finding
from farm.shots.reading import values
from farm.shots.reading.cells import Cell, error
from farm.shots.reading.schema import Entry, Names
from farm.shots.reading.values import BadValue, quoted

SCHEMES = ("http", "https")


class Event(StrEnum):
    """What a webhook may be told of."""

    JOB_DONE = "job.done"
    """A job has ended, and every shot has its clip."""
    JOB_FAILED = "job.failed"
    """A job has ended, and some shots have no clip."""
    SHOT_FAILED = NoticeKind.SHOT_FAILED.value
    """A shot has failed for good; the rest of its job goes on."""
    SHOT_HELD = NoticeKind.SHOT_HELD.value
    """A shot waits for a person to choose one of its takes."""
    BUDGET_REACHED = NoticeKind.BUDGET_REACHED.value
    """What a job, or its project, may still cost is too little for what comes next: that never begins."""


class Format(StrEnum):
    SIGNED = "signed"
    """The farm's own document, signed as Standard Webhooks has it."""
    SLACK = "slack"
    """A message for Slack's incoming webhooks, and whatever takes the same."""


def _url(raw: object) -> str:
    """An http or https URL, without a user or a password; or the variable that holds it, "$NAME"."""
    written = values.text(raw)
    return written if written.startswith("$") and _is_variable(written[1:]) else url(written)


def url(written: str) -> str:
    """The URL as it was written. Raises `BadValue`, which does not show it, for what can be none."""
    try:
        parts = urlsplit(written)
        problem = _problem(written, parts)
    except ValueError as mistake:  # a port that is none, brackets that do not match
        problem = str(mistake)
    if problem:
        raise BadValue(f"this URL cannot be used: {problem}", "write https://host/path")
    return written


def _problem(written: str, parts: SplitResult) -> str:
    """What is wrong with a URL, which is not shown: it may be a secret. Raises ValueError for a port that is none."""
    if parts.scheme not in SCHEMES:
        return (
            f"its scheme is {quoted(parts.scheme)}, and only http and https are known" if parts.scheme else "no scheme"
        )
    if re.search(r"[^!-~]", written):
        return "it holds a blank, or a letter that is not ASCII"
    if parts.username is not None or parts.password is not None:
        return "it holds a user or a password"
    if parts.fragment:
        return "it ends in a fragment (#...)"
    if not parts.hostname or parts.port == 0:
        return "it names no host" if not parts.hostname else "its port is 0"
    parts.hostname.encode("idna")
    return ""


def _events(raw: object) -> tuple[Event, ...]:
    """Names of events: a list, or "a, b"."""
    return tuple(dict.fromkeys(_event(item) for item in values.several(raw)))


def _is_variable(name: str) -> bool:
    return re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) is not None


def _variables(raw: object) -> tuple[str, ...]:
    """Names of environment variables: one, or a list."""
    found = values.several(raw)
    if all(map(_is_variable, found)):
        return found
    problem = "a secret is named by its environment variable, and this is no such name"  # perhaps the secret itself
    raise BadValue(problem, "write FARM_HOOK_SECRET")


_event = values.choice(Event)
Url: TypeAlias = Annotated[str, PlainValidator(_url)]
Events: TypeAlias = Annotated[tuple[Event, ...], PlainValidator(_events)]
Variables: TypeAlias = Annotated[tuple[str, ...], PlainValidator(_variables)]
FormatWord: TypeAlias = Annotated[Format, PlainValidator(values.choice(Format))]
Called: TypeAlias = Annotated[str, PlainValidator(values.name)]


class Webhook(Entry):
    """Who is told what becomes of jobs."""

    url: Url = ""
    """Where messages are sent; $NAME for a URL that the environment variable NAME holds."""
    name: Called = ""
    """What it is called; without it, the URL's host."""
    secret: Variables = ()
    """The environment variable that holds the secret to sign with; several while one takes the place of another."""
    format: FormatWord = Format.SIGNED
    """What it is sent: the farm's own document, or a message for Slack."""
    events: Events = ()
    """What it is told of; without it, everything."""
    projects: Names = ()
    """Whose jobs it is told of; without it, every project's."""

    @property
    def called(self) -> str:
        return self.name or urlsplit(self.url).hostname or ""


def doubtful(webhooks: Sequence[Webhook], cell: Cell | None) -> Iterator[Finding]:
    """What is wrong with webhooks each of which can be read: what is missing, and names that are not their own."""
    places = [each.place for each in cell.value] if cell and isinstance(cell.value, tuple) else []
    count = Counter(webhook.called for webhook in webhooks)
    for webhook, place in zip(webhooks, places, strict=False):
        if not webhook.url:
            yield error(place, "a webhook needs a URL", "write url: https://host/path")
        elif not webhook.called:
            yield error(
                place, "a webhook whose URL stands in a variable needs a name", "write name: and what it is called"
            )
        elif count[webhook.called] > 1:
            remedy = "give each a name: of its own"
            yield error(place, f"{count[webhook.called]} webhooks are called {webhook.called}", remedy)
        elif webhook.format is Format.SIGNED and not webhook.secret:
            remedy = "write secret: and the environment variable that holds it, or format: slack"
            yield error(place, f"webhook {webhook.called} has no secret to sign with", remedy)
