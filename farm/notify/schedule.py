"""When a message is tried again, and when it is given up: decided by the answer and the clock alone.

    2xx                      delivered
    400, 413, 422            the receiver has read it and does not want it: given up at the third try
    410                      the receiver is gone: this and all that wait are given up
    anything else, nothing   again after 5 s, 15 s, 45 s … at most half an hour apart, for a day; then given up

A receiver that says when to come back (`Retry-After`) is not asked before, within an hour. Every message is tried once
at least, however old it is, and for the last time when its day is over.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from farm.store.records import Delivery, DeliveryState

FIRST_PAUSE_S = 5
PAUSE_GROWTH = 3
LONGEST_PAUSE_S = 1_800
LONGEST_WISH_S = 3_600
"""Of what a receiver says; so that nobody asks for next year."""
GIVE_UP_AFTER_S = 86_400
REFUSED = frozenset({400, 413, 422})
REFUSED_TRIES = 3
GONE = 410


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    """As HTTP has it; 0 when nothing did."""
    words: str
    retry_after_s: float = 0.0
    """0 where the receiver did not say."""

    @property
    def delivered(self) -> bool:
        return 200 <= self.status < 300

    @property
    def gone(self) -> bool:
        return self.status == GONE


def settled(delivery: Delivery, answer: Answer, now_us: int) -> Delivery:
    """The delivery after a try that was answered so."""
    tried = replace(
        delivery, tries=delivery.tries + 1, tried_us=now_us, status=answer.status, answer=answer.words, due_us=0
    )
    if answer.delivered:
        return replace(tried, state=DeliveryState.DELIVERED, body="")
    last_us = delivery.created_us + GIVE_UP_AFTER_S * 1_000_000
    if answer.gone or now_us >= last_us or (answer.status in REFUSED and tried.tries >= REFUSED_TRIES):
        return replace(tried, state=DeliveryState.GIVEN_UP)
    return replace(tried, due_us=min(now_us + int(pause_s(tried.tries, answer) * 1_000_000), last_us))


def pause_s(tries: int, answer: Answer) -> float:
    """How long to wait after the so-manieth try, which failed."""
    usual = min(FIRST_PAUSE_S * PAUSE_GROWTH ** min(tries - 1, 16), LONGEST_PAUSE_S)
    return max(float(usual), min(answer.retry_after_s, LONGEST_WISH_S))
