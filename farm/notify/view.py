"""Deliveries and trials as people ask about them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from time import perf_counter
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict

from farm.errors import InputError
from farm.notify.hook import hook_of
from farm.notify.post import Call, post
from farm.notify.teller import letter, trial
from farm.store.records import Delivery
from farm.webhook import Webhook


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class DeliveryView(_View):
    """One message for one webhook."""

    id: str
    seq: int
    """Of the change that it tells of."""
    webhook: str
    event: str
    project: str
    job: str
    shot: str
    state: str
    """"pending", "delivered" or "given up"."""
    tries: int
    happened_us: int
    tried_us: int
    """0 for never."""
    due_us: int
    """When it is tried next; 0 when it is not."""
    status: int
    """Of the last answer, as HTTP has it; 0 for none."""
    answer: str
    """The last answer in words."""


class TrialView(_View):
    """What came back of a test message."""

    webhook: str
    host: str
    delivered: bool
    status: int = 0
    answer: str
    seconds: float = 0.0


def delivery_view(delivery: Delivery) -> DeliveryView:
    return DeliveryView(
        id=delivery.id,
        seq=delivery.seq,
        webhook=delivery.hook,
        event=delivery.event,
        project=delivery.project,
        job=delivery.job,
        shot=delivery.shot,
        state=delivery.state,
        tries=delivery.tries,
        happened_us=delivery.at_us,
        tried_us=delivery.tried_us,
        due_us=delivery.due_us,
        status=delivery.status,
        answer=delivery.answer,
    )


def trials(webhooks: Sequence[Webhook], which: str, out: str, clock: Callable[[], int]) -> Iterator[TrialView]:
    """Send each webhook a test message, or the one that has this name or URL. Raises `InputError` for none of them."""
    chosen = [webhook for webhook in webhooks if which in {"", webhook.called, webhook.url}]
    if not chosen:
        known = ", ".join(webhook.called for webhook in webhooks)
        if known:
            raise InputError(f"no webhook has this name or URL (the settings have {known})")
        raise InputError("the settings have no webhooks (write webhooks: in the farm's config.yaml)")
    for webhook in chosen:
        yield _trial(webhook, out, clock)


def _trial(webhook: Webhook, out: str, clock: Callable[[], int]) -> TrialView:
    try:
        hook = hook_of(webhook)
    except InputError as error:
        host = urlsplit(webhook.url).netloc
        return TrialView(webhook=webhook.called, host=host, delivered=False, answer=str(error))
    message = trial(hook, out, clock())
    headers, body = letter(hook, message.id, message.model_dump_json(), clock())
    began_s = perf_counter()
    answer = post(hook.url, headers, body, Call(), clock())
    return TrialView(
        webhook=hook.name,
        host=urlsplit(hook.url).netloc,
        delivered=answer.delivered,
        status=answer.status,
        answer=answer.words,
        seconds=round(perf_counter() - began_s, 3),
    )
