"""Several files at once: the first that fails stops the others, and is what is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from threading import Event
from typing import TypeAlias, TypeVar

from farm.errors import Cancelled
from farm.weights.progress import Progress

AT_ONCE = 4
"""Files in flight: one connection alone seldom fills a line, nor one core a disk."""

T = TypeVar("T")
Advance: TypeAlias = Callable[[int], None]
"""Hears how many bytes more there are."""


def together(works: Sequence[Callable[[Advance], T]], progress: Progress) -> tuple[T, ...]:
    """What each work gives, in their order. Raises what the first one that failed raised, once all have stopped.

    Works hear of that when they next tell how far they are.
    """
    stop = Event()

    def advance(count: int) -> None:
        if stop.is_set():
            raise Cancelled("another file failed")
        progress.advance(count)

    with ThreadPoolExecutor(AT_ONCE) as threads:
        running = [threads.submit(work, advance) for work in works]
        try:
            wait(running, return_when=FIRST_EXCEPTION)
        finally:
            stop.set()
            threads.shutdown(cancel_futures=True)
    errors = [error for each in running if not each.cancelled() and (error := each.exception())]
    if errors:
        raise next((error for error in errors if not isinstance(error, Cancelled)), errors[0])
    return tuple(each.result() for each in running)
