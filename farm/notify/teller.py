"""Tells one webhook: reads what is new, and delivers in order, as long as each message takes.

    step: outbox after the watermark ─▶ enqueue ─▶ the oldest that is due ─▶ post ─▶ record ─▶ the next …

A message that cannot be delivered keeps those behind it waiting, so that they come in order, until it is given up
(`farm.notify.schedule`). What it knows beside the job store is soft: it can be ended at any moment.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import farm
from farm.canonical import content_id
from farm.notify.hook import Hook
from farm.notify.message import TEST, Message, at
from farm.notify.reader import Reader
from farm.notify.schedule import Answer, settled
from farm.notify.signing import signature
from farm.notify.slack import slack
from farm.store.jobs import JobStore
from farm.store.records import Delivery, DeliveryState
from farm.webhook import Format

logger = logging.getLogger(__name__)

LINES_AT_ONCE = 1_000
FORGOTTEN_AFTER_US = 7 * 86_400 * 1_000_000
"""A webhook that has not heard of something so old begins anew: it was taken out of the settings, and is back."""
PASSED_ON_AFTER = 5_000
"""So many changes without news are read again by the next leader, at most: the watermark costs a commit."""


class Send(Protocol):
    """Where messages go (`farm.notify.post.post`, to one URL)."""

    def __call__(self, headers: Mapping[str, str], body: bytes) -> Answer: ...


@dataclass(slots=True)
class Teller:
    """One webhook's. Not thread-safe: one thread steps."""

    hook: Hook
    store: JobStore
    out: str
    """The farm's output."""
    send: Send
    clock: Callable[[], int]
    stopped: Callable[[], bool] = lambda: False
    """True when what is on its way counts no more, and nothing more is to be sent."""
    is_gone: bool = False
    """True when the receiver said that it is gone: it is told nothing more until the driver is started anew."""
    _seq: int = -1
    """Up to which number the outbox was read; -1 before it was begun."""
    _kept: int = 0
    """… and up to which the job store knows it."""
    _head: Delivery | None = None
    """The oldest that is not settled, as far as is known."""
    _looked: bool = False
    """True when `_head` is what the job store says."""
    _owed: Delivery | None = None
    """What came of a try, as long as the job store does not know it."""
    _troubled: bool = False

    def step(self) -> int:
        """Read and deliver what is due; gives the time (UTC microseconds) of the next try, 0 for none.

        Raises `StorageError`, and may be called again.
        """
        self._record()
        while not self.is_gone and not self.stopped():
            more = self._read()
            head = self._oldest()
            if head is None and not more:
                return 0
            if head is not None and head.due_us > self.clock():
                return head.due_us
            if head is not None:
                self._try(head)
        return 0

    def close(self) -> None:
        """Let the next leader begin where this one ends."""
        if self._seq > self._kept:
            self.store.enqueue(self.hook.consumer, (), self._seq)

    def _read(self) -> bool:
        """Take in the next of the outbox; True when there may be more."""
        now_us = self.clock()
        if self._seq < 0:
            self._kept = self._seq = self.store.begin_at_end(self.hook.consumer, now_us - FORGOTTEN_AFTER_US)
        lines, upto = self.store.told_after(self._seq, LINES_AT_ONCE)
        found = Reader(self.store, self.hook, self.out).deliveries(lines, now_us) if lines else []
        if found or upto - self._kept >= PASSED_ON_AFTER:
            self.store.enqueue(self.hook.consumer, found, upto)
            self._kept, self._looked = upto, self._looked and self._head is not None
        self._seq = upto
        return len(lines) == LINES_AT_ONCE

    def _oldest(self) -> Delivery | None:
        if not self._looked:
            self._head, self._looked = self.store.next_delivery(self.hook.name), True
        return self._head

    def _try(self, delivery: Delivery) -> None:
        answer = self.send(*letter(self.hook, delivery.id, delivery.body, self.clock()))
        if self.stopped():  # it was cut short, or comes too late: the next leader tries it
            return
        self._owed = settled(delivery, answer, self.clock())
        self.is_gone = answer.gone
        self._tell_of(self._owed)
        self._record()

    def _record(self) -> None:
        """Keep what came of the last try; where storage fails later, so that what was delivered is not sent again."""
        if after := self._owed:
            self.store.record(after)
            if self.is_gone:
                self.store.give_up(after.hook, after.tried_us, "not tried: the receiver is gone")
            self._owed = None
            is_open = after.state is DeliveryState.PENDING
            self._head, self._looked = (after, True) if is_open else (None, False)

    def _tell_of(self, delivery: Delivery) -> None:
        """In the driver's log: when trouble begins, when it is over, and what is given up."""
        said = answer_words(delivery)
        if self.is_gone:
            logger.warning("webhook %s is gone (410): it is told nothing until the driver starts anew", delivery.hook)
        elif delivery.state is DeliveryState.GIVEN_UP:
            logger.warning("webhook %s was not told of %s: %s", delivery.hook, delivery.event, said)
        elif delivery.state is DeliveryState.PENDING and not self._troubled:
            logger.warning("webhook %s cannot be told now, and is tried again: %s", delivery.hook, said)
        elif delivery.state is DeliveryState.DELIVERED and self._troubled:
            logger.warning("webhook %s can be told again", delivery.hook)
        self._troubled = delivery.state is not DeliveryState.DELIVERED


def letter(hook: Hook, identity: str, body: str, now_us: int) -> tuple[dict[str, str], bytes]:
    """The headers and the body of a message that is sent now."""
    shown = body
    if hook.format is Format.SLACK:
        shown = json.dumps(slack(Message.model_validate_json(body)))
    data, at_s = shown.encode(), now_us // 1_000_000
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"farm/{farm.__version__}",
        "webhook-id": identity,
        "webhook-timestamp": str(at_s),
    }
    signed = {"webhook-signature": signature(hook.keys, identity, at_s, data)} if hook.keys else {}
    return headers | signed, data


def trial(hook: Hook, out: str, now_us: int) -> Message:
    """The message of `farm notify test`."""
    identity = f"msg_{content_id({'farm': out, 'hook': hook.name, 'at_us': now_us})}"
    words = "this is a test: nothing has happened"
    return Message(event=TEST, id=identity, time=at(now_us), farm=out, message=words)


def answer_words(delivery: Delivery) -> str:
    """What came back, as people read it: "503: try later", "no answer within 10 s"."""
    return ": ".join(part for part in (str(delivery.status or ""), delivery.answer) if part)
