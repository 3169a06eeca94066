"""A line for people: the time of day, the message, what it is about, and below it what does not fit on one line.

    14:02:11 shots-6f1a2b begins
    14:02:40 error: generate sh010 take 2 failed: …   job=shots-6f1a2b
             │ Traceback (most recent call last):
             │   …

A message may hold anything. What is not printable is shown as Python writes it in a string (`\\x1b`), and what has
several lines stands behind a bar: no line but a logged one begins with a time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from farm.logs.fields import Fields
from farm.logs.line import Line
from farm.printable import legible, shortened

_BAR = " " * 9 + "│ "
_DIM, _RED, _YELLOW, _PLAIN = "\x1b[2m", "\x1b[31m", "\x1b[33m", "\x1b[0m"
_STYLES = {"debug": _DIM, "warning": _YELLOW, "error": _RED, "critical": _RED}


def text(line: Line, *, colour: bool = False, dated: bool = False, about: Iterable[str] = ()) -> str:
    """A line for people, without its end; of several lines where the message is.

    `about` are the fields that are shown, where the message does not name them anyway.
    """
    first, *more = said(line)
    style = _STYLES.get(line.level, "") if colour else ""
    dim, plain = (_DIM, _PLAIN) if colour else ("", "")
    place = " ".join(_places(line.fields, line.message, about))
    head = f"{dim}{_clock(line.at_us, dated=dated)}{plain} {_styled(first, style)}"
    if place:
        head += f"   {dim}{place}{plain}"
    return "\n".join([head, *(f"{dim}{_BAR}{plain}{_styled(each, dim)}" for each in more)])


def said(line: Line) -> list[str]:
    """What a line says, line by line, with its level where that is worth a word; at least one."""
    level = "" if line.level == "info" else f"{line.level}: "
    first, *more = line.message.rstrip().splitlines() or [""]
    return [legible(each) for each in (f"{level}{first}", *more, *line.traceback.rstrip().splitlines())]


def tail(lines: Iterable[Line], *, lines_at_most: int, width: int) -> tuple[str, ...]:
    """The last words of a log, one after the other."""
    words = [each for line in lines for each in said(line) if each.strip(" ^~")]  # not a traceback's underlining
    return tuple(shortened(each, width) for each in words[-lines_at_most:])


def _places(fields: Fields, message: str, about: Iterable[str]) -> Iterator[str]:
    for name in about:
        value = fields.get(name)
        if value is not None and not re.search(rf"(?<!\w){re.escape(str(value))}(?!\w)", message):
            yield f"{name}={legible(str(value))}"


def _clock(at_us: int, *, dated: bool) -> str:
    at = datetime.fromtimestamp(at_us / 1e6, UTC).astimezone()
    return f"{at:%Y-%m-%d %H:%M:%S}" if dated else f"{at:%H:%M:%S}"


def _styled(text: str, style: str) -> str:
    return f"{style}{text}{_PLAIN}" if style else text
