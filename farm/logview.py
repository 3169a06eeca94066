"""A task's log as a person reads it: a heading for each attempt, its lines, how it ended.

generate sh010 take 2   attempt 2 of 2, on cpu-3, begun 14:02, task 3fa9c1d2
14:02:24 loaded in 12.3 s: …
attempt 2 failed after 31.2 s (bug): …
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from farm.jobview import clock
from farm.lastwords import ID_DIGITS, LastWords
from farm.logbook import Heading, Piece, Remark
from farm.logs.line import Line
from farm.logs.words import text as line_text
from farm.printable import legible

ABOUT = ("rank",)
"""What lines of one log differ in."""

LAST_WORDS = 20
"""Last lines that are shown of all failures."""
LEAST = 3
"""Of each."""
FAILURES_SHOWN = 10

_BOLD, _DIM, _RED, _PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[0m"


def shown(piece: Piece, *, colour: bool) -> str:
    """Without the end of the last line."""
    match piece:
        case Line():
            return line_text(piece, colour=colour, about=ABOUT)
        case Heading():
            head, more = _heading(piece)
            return f"{_BOLD}{head}{_PLAIN}   {_DIM}{more}{_PLAIN}" if colour else f"{head}   {more}"
        case Remark():
            words = legible(piece.words)
            return f"{_RED if piece.is_bad else _DIM}{words}{_PLAIN}" if colour else words


def is_detail(piece: Piece) -> bool:
    """What people want to see only when they look for it."""
    return isinstance(piece, Line) and piece.level == "debug"


def last_words_views(found: Sequence[LastWords]) -> Iterator[Text]:
    """Of several failures, each after an empty line: all that one has said last, less of each where they are many."""
    at_most = max(LEAST, LAST_WORDS // max(1, len(found)))
    for words in found[:FAILURES_SHOWN]:
        yield Text()
        yield last_words_view(words, at_most)


def last_words_view(words: LastWords, at_most: int = LAST_WORDS) -> Text:
    """The last lines of a failed attempt's log, below whose they are and how to read the others."""
    head = Text.assemble((words.label, "bold"), (f"   {words.command}", "dim"))
    return Text("\n").join([head, *(Text(f"  │ {line}", "dim") for line in words.last(at_most))])


def last_words_quoted(words: LastWords, at_most: int) -> Text:
    """The same below a line that has said whose they are."""
    return Text("\n".join((*(f"     │ {line}" for line in words.last(at_most)), f"     {words.command}")), "dim")


def _heading(heading: Heading) -> tuple[str, str]:
    about = [
        f"attempt {heading.attempt} of {heading.attempts}",
        f"on {heading.worker}",
        f"begun {clock(heading.started_us)}",
        f"task {heading.task[:ID_DIGITS]}",
    ]
    if heading.others:
        about.append(f"one of {heading.others + 1}: name a stage, a take for another")
    return heading.label, ", ".join(about)
