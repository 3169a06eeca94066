"""One line of a log, and its form for machines: one JSON object on one line of ASCII.

{"time": "2026-03-01T14:02:11.123456Z", "level": "info", "logger": "farm.…", "message": "…", "shot": "sh010", …}

Everything that is not printable ASCII is escaped by JSON, so that no message, name or prompt can begin a line of its
own or move a terminal's cursor.
"""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from farm.logs.fields import FIELDS, Fields, fields_of

MESSAGE_LIMIT = 8_000
TRACEBACK_LIMIT = 16_000
"""Characters of one line that are kept."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Something that was logged."""

    at_us: int
    """UTC, in microseconds."""
    level: str
    """ "debug", "info", "warning", "error" or "critical"."""
    logger: str
    message: str
    fields: Fields = field(default_factory=dict[str, str | int])
    traceback: str = ""
    number: int = 0
    """Within the log of its attempt, from 1; 0 in a process's log."""

    @classmethod
    def of(cls, record: logging.LogRecord) -> Self:
        """Raises nothing: what is logged is never worth a failure."""
        return cls(
            at_us=int(record.created * 1e6),
            level=record.levelname.lower(),
            logger=record.name,
            message=shortened(_message(record), MESSAGE_LIMIT),
            fields=fields_of(record),
            traceback=shortened(_traceback(record), TRACEBACK_LIMIT),
        )

    def json(self) -> str:
        """Without the end of the line."""
        document: dict[str, Any] = {
            "time": utc(self.at_us),
            "level": self.level,
            "logger": self.logger,
            "message": self.message,
            **self.fields,
        }
        document |= {"traceback": self.traceback} if self.traceback else {}
        document |= {"n": self.number} if self.number else {}
        return json.dumps(document).replace("\x7f", "\\u007f")

    @classmethod
    def read(cls, text: str) -> Self:
        """The line that `json` wrote. What is none is taken for a message: a log is read for what can be read of it."""
        try:
            found = json.loads(text)
            return cls(
                at_us=_us(found["time"]),
                level=str(found["level"]),
                logger=str(found["logger"]),
                message=str(found["message"]),
                fields=_fields(found),
                traceback=str(found.get("traceback", "")),
                number=int(found.get("n", 0)),
            )
        except (ValueError, TypeError, KeyError):
            return cls(at_us=0, level="warning", logger="", message=f"unreadable: {text[:MESSAGE_LIMIT]}")


def shortened(text: str, limit: int) -> str:
    """`text`, or its beginning and its end with a word on how much is missing between."""
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]} … {len(text) - 2 * half:,} characters left out … {text[-half:]}"


def utc(at_us: int) -> str:
    """ISO 8601 in UTC: "2026-03-01T14:02:11.123456Z"."""
    return (_EPOCH + timedelta(microseconds=at_us)).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _us(time: str) -> int:
    return (datetime.fromisoformat(time) - _EPOCH) // timedelta(microseconds=1)


def _fields(found: Mapping[str, Any]) -> dict[str, str | int]:
    return {name: found[name] for name in FIELDS if isinstance(found.get(name), str | int)}


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception as error:  # noqa: BLE001 - whatever arguments that do not fit, or their own words, raise
        return f"{record.msg!r} could not be filled in: {type(error).__name__}"


def _traceback(record: logging.LogRecord) -> str:
    if record.exc_info and record.exc_info[1] is not None:
        return "".join(traceback.format_exception(record.exc_info[1])).rstrip()
    return record.stack_info or ""
