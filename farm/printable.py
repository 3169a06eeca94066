"""Text from elsewhere (names, messages, answers of databases), made fit for a terminal."""

from __future__ import annotations

STAND_IN = "\N{REPLACEMENT CHARACTER}"
_TAB = "    "


def printable(text: str, *, keep: str = "") -> str:
    """Text that cannot move a terminal's cursor, change its colours or turn its direction: one sign for each that
    could. `keep` names what may stay, such as the end of a line."""
    return "".join(sign if sign.isprintable() or sign in keep else STAND_IN for sign in text)


def one_line(text: str) -> str:
    """Its words on one line; what cannot be printed parts words."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def shortened(text: str, at_most: int) -> str:
    """Its first `at_most` characters, the last of them an ellipsis where there is more."""
    return text if len(text) <= at_most else f"{text[: at_most - 1]}…"


def legible(text: str) -> str:
    """`text` as one line that does nothing to a terminal, and still says what it was: what cannot be printed stands as
    Python writes it in a string (`\\x1b`), so that it may come out longer."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    return _TAB if char == "\t" else repr(char)[1:-1]
