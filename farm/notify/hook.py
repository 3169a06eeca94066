"""A webhook ready to be told: its settings, with the secrets that they name, and its URL where that is one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from farm.config import variable
from farm.errors import InputError
from farm.notify.signing import key_of
from farm.shots.reading.values import BadValue
from farm.webhook import Event, Format, Webhook, url


@dataclass(frozen=True, slots=True)
class Hook:
    """Whom to tell. Its URL and its keys are nobody else's to see: they are left out of what is printed."""

    name: str
    url: str = field(repr=False)
    format: Format = Format.SIGNED
    keys: tuple[bytes, ...] = field(default=(), repr=False)
    events: tuple[Event, ...] = ()
    projects: tuple[str, ...] = ()

    @property
    def consumer(self) -> str:
        """What its watermark is called."""
        return f"webhook {self.name}"

    def wants(self, event: Event, project: str) -> bool:
        return (not self.events or event in self.events) and (not self.projects or project in self.projects)


def hook_of(webhook: Webhook, lookup: Callable[[str], str] = variable) -> Hook:
    """The webhook with its URL and its secrets. Raises `InputError` for a variable that is not set, or holds none."""
    keys: list[bytes] = []
    for name in webhook.secret:
        secret = lookup(name)
        if not secret:
            raise InputError(f"{name} is not set here (it holds the secret to sign with: export it)")
        keys.append(key_of(secret, name))
    return Hook(
        webhook.called, _address(webhook.url, lookup), webhook.format, tuple(keys), webhook.events, webhook.projects
    )


def _address(written: str, lookup: Callable[[str], str]) -> str:
    if not written.startswith("$"):
        return written
    name = written[1:]
    found = lookup(name)
    if not found:
        raise InputError(f"{name} is not set here (it holds the URL to tell: export it)")
    try:
        return url(found)
    except BadValue as error:
        raise InputError(f"{name}: {error.problem} ({error.remedy})") from error


def hooks_of(webhooks: Sequence[Webhook], complain: Callable[[str], None]) -> list[Hook]:
    """Those that can be told; `complain` hears why one of them cannot be."""
    found: list[Hook] = []
    for webhook in webhooks:
        try:
            found.append(hook_of(webhook))
        except InputError as error:
            complain(f"webhook {webhook.called} is told nothing: {error}")
    return found
