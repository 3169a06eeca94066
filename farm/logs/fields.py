"""What a line of the log is about: the job, the shot, the attempt. Said once around the work, carried by every line.

with log_context(job="lake-1f2e3d"):
    logger.warning("…")        ──▶ {"job": "lake-1f2e3d", "message": "…"}

Threads that somebody else starts know nothing of it; who starts one and cares runs it in a copy of the context.
"""

from __future__ import annotations

import logging
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import TypeAlias

FIELDS = ("job", "project", "shot", "take", "stage", "task", "attempt", "worker", "rank", "lane")
"""In the order in which lines show them."""

Fields: TypeAlias = Mapping[str, str | int]

_current: ContextVar[Fields] = ContextVar("log_fields", default=MappingProxyType({}))


@contextmanager
def log_context(fields: Fields | None = None, /, **more: str | int) -> Generator[None]:
    """Have every line that is logged inside, on this thread, say this beside what is said around it.

    What is "" or 0 is left out: a task without a take is not of take 0. Raises ValueError for a field that is none.
    """
    said = {**(fields or {}), **more}
    if unknown := set(said) - set(FIELDS):
        raise ValueError(f"a line has no {', '.join(sorted(unknown))}: choose of {', '.join(FIELDS)}")
    token = _current.set({**_current.get(), **{name: value for name, value in said.items() if value not in {"", 0}}})
    try:
        yield
    finally:
        _current.reset(token)


def current_fields() -> Fields:
    """What is said here and now."""
    return _current.get()


def fields_of(record: logging.LogRecord) -> dict[str, str | int]:
    """What a line that is being logged is about; `extra={"shot": …}` counts more than what is said around it."""
    said = {**_current.get(), **{name: record.__dict__[name] for name in FIELDS if name in record.__dict__}}
    return {name: said[name] for name in FIELDS if name in said}
